"""`python scripts/import_time.py`: what importing siamcorr costs on top of `import torch`.

In each run one fresh interpreter imports torch, then the package; the ratio is the cumulative time
of both over that of torch, by `-X importtime`, and the median of five runs counts.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys

LIMIT = 1.15
RUNS = 5
TARGETS = ("siamcorr", "siamcorr.ops", "siamcorr.nn", "siamcorr.data", "siamcorr.tracking")
_LINE = re.compile(r"^import time:\s*\d+ \|\s*(?P<cumulative>\d+) \| (?P<name>\S+)$", re.MULTILINE)


def cumulative_us(target: str) -> tuple[int, int]:
    """Microseconds of `import torch`, and of importing the target after it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import torch\nimport {target}"],
        capture_output=True,
        text=True,
        check=True,
    )  # a name with nothing before it was imported by the program itself, not by a library
    outermost = [(m["name"], int(m["cumulative"])) for m in _LINE.finditer(done.stderr)]
    torch_us = sum(us for name, us in outermost if name == "torch")
    own_us = sum(us for name, us in outermost if name.split(".")[0] == "siamcorr")
    return torch_us, own_us


def main() -> None:
    """Print one line for each target."""
    print(f"{'import':<20} {'torch ms':>9} {'own ms':>8} {'ratio':>7}   limit {LIMIT}")
    for target in TARGETS:
        runs = [cumulative_us(target) for _ in range(RUNS)]
        torch_ms = statistics.median(torch_us for torch_us, _ in runs) / 1000
        own_ms = statistics.median(own_us for _, own_us in runs) / 1000
        ratio = statistics.median(1 + own_us / torch_us for torch_us, own_us in runs)
        print(f"{target:<20} {torch_ms:>9.0f} {own_ms:>8.1f} {ratio:>7.3f}")


if __name__ == "__main__":
    main()
