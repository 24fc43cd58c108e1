"""`python scripts/bench_track.py ...`: the same as `siamcorr bench track ...`."""

import sys

from siamcorr.cli.main import run

if __name__ == "__main__":
    sys.argv[1:1] = ["bench", "track"]
    run()
