"""`python scripts/evaluate.py ...`: the same as `siamcorr evaluate ...`."""

import sys

from siamcorr.cli.main import run

if __name__ == "__main__":
    sys.argv.insert(1, "evaluate")
    run()
