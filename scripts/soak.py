"""Follow changing targets through a stream of many frames and record resident memory.

python scripts/soak.py --frames 100000 --tracker default --out benchmarks/results
"""

from __future__ import annotations

import argparse
from pathlib import Path

from siamcorr.tracking import load_tracker
from siamcorr.workflows.records import machine, versions, write_record
from siamcorr.workflows.soak import soak, soak_record, soak_table


def main() -> None:
    """Run, show memory now and then, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--tracker", default="default", help="name or weights file")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    found = soak(
        load_tracker(arguments.tracker),
        arguments.frames,
        progress=lambda frame, mib: print(f"{frame:>8} frames {mib:8.1f} MiB", flush=True),
    )
    record = {
        "machine": machine(),
        "versions": versions(),
        "tracker": arguments.tracker,
        **soak_record(found),
    }
    paths = write_record(arguments.out, record, soak_table(record), "soak")
    print(f"growth {found.growth:+.2%}\nrecord {paths[0]}\ntable  {paths[1]}")


if __name__ == "__main__":
    main()
