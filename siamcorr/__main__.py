"""`python -m siamcorr` is the command `siamcorr`."""

from siamcorr.cli.main import run

if __name__ == "__main__":
    run()
