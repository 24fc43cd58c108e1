"""Run the ablation and the sizes of the tracker `cf` on real sequences, and write a record.

python scripts/ablate_cf.py --otb FOLDER --work FOLDER --out benchmarks/results [--processes 2]
"""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path
from typing import Any

from siamcorr.data.sequences import load_dataset
from siamcorr.workflows.ablation import ROWS, SIZES, ablation_table, run_variants
from siamcorr.workflows.records import heading, machine, versions, write_record

_NOTE = (
    "Mean of {count} sequences, one pass from the first annotation, PySOT's convention, forward "
    "and from the last frame to the first. One sequence that is lost or found moves a mean by up "
    "to {most:.3f}: differences below 0.01 mean nothing."
)


def main() -> None:
    """Run what the work folder does not hold, write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otb", type=Path, required=True, help="folder with OTB sequences")
    parser.add_argument("--work", type=Path, required=True, help="keeps finished rows")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    sequences = list(load_dataset("otb", arguments.otb))
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        rows = run_variants([*ROWS, *SIZES], sequences, arguments.work, map_rows=pool.imap)
    ingredients, sizes = rows[: len(ROWS)], rows[len(ROWS) :]
    record: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(),
        "ingredients": ingredients,
        "sizes": sizes,
    }
    text = [
        *heading(record, "Tracker cf"),
        _NOTE.format(count=len(sequences), most=0.7 / len(sequences)),
        "",
        ablation_table(ingredients, "Ingredients"),
        ablation_table([ingredients[0], *sizes], "Sizes; shipped is a window of 160 pixels"),
    ]
    paths = write_record(arguments.out, record, "\n".join(text), "cf-ablation")
    print(f"record {paths[0]}\ntable  {paths[1]}")


if __name__ == "__main__":
    main()
