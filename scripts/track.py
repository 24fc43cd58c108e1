"""`python scripts/track.py SOURCE ...`: the same as `siamcorr track SOURCE ...`."""

import sys

from siamcorr.cli.main import run

if __name__ == "__main__":
    sys.argv.insert(1, "track")
    run()
