"""`python scripts/train.py CONFIG ...`: the same as `siamcorr train CONFIG ...`."""

import sys

from siamcorr.cli.main import run

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    run()
