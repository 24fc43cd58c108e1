"""Measure how many training pairs a second each source delivers, and write a record.

python scripts/bench_data.py --otb FOLDER --out benchmarks/results
"""

from __future__ import annotations

import argparse
from pathlib import Path

from siamcorr.data.pairs import PairShape
from siamcorr.workflows.bench_data import bench_data, data_sources, data_table
from siamcorr.workflows.records import write_record


def main() -> None:
    """Read, cut, render, time, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otb", type=Path, help="folder of OTB; without it, synthetic pairs only")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    record = bench_data(
        data_sources(arguments.otb, PairShape()),
        workers=arguments.workers,
        batch_size=arguments.batch_size,
        seconds=arguments.seconds,
        rounds=arguments.rounds,
    )
    table = data_table(record)
    paths = write_record(arguments.out, record, table, "data")
    print(f"{table}\nrecord {paths[0]}\ntable  {paths[1]}")


if __name__ == "__main__":
    main()
