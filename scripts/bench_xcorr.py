"""`python scripts/bench_xcorr.py ...`: the same as `siamcorr bench ops ...`."""

import sys

from siamcorr.cli.main import run

if __name__ == "__main__":
    sys.argv[1:1] = ["bench", "ops"]
    run()
