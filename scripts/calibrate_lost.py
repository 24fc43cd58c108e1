"""Calibrate the lost signal of a tracker on rendered disappearances, and check it.

python scripts/calibrate_lost.py --tracker NAME [--weights FILE] [--processes 2] [--otb FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from siamcorr.workflows.calibrate_lost import THRESHOLDS, Subject, calibrate_lost, candidates
from siamcorr.workflows.lost_report import course_picture, lost_table
from siamcorr.workflows.records import write_record


def main() -> None:
    """Choose on one half of the seeds, check on the other and on real sequences, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracker", default="cf", help="name of a config")
    parser.add_argument("--weights", help="file, for trackers that need one")
    parser.add_argument("--signals", nargs="+", default=list(THRESHOLDS), choices=list(THRESHOLDS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--seeds", type=int, default=8, help="of each half, three clips a seed")
    parser.add_argument("--processes", type=int, default=1, help="that share the clips")
    parser.add_argument("--otb", help="folder with OTB sequences")
    parser.add_argument("--picture", type=Path, help="course over both Jogging targets, PNG")
    arguments = parser.parse_args()
    if arguments.picture is not None and arguments.otb is None:
        parser.error("--picture draws Jogging of --otb; give both")
    record, real = calibrate_lost(
        Subject(arguments.tracker, arguments.weights),
        candidates(arguments.signals),
        seeds=arguments.seeds,
        processes=arguments.processes,
        otb=arguments.otb,
    )
    kind = f"{arguments.tracker.replace('_', '-')}-lost"
    paths = write_record(arguments.out, record, lost_table(record), kind)
    print(f"record {paths[0]}\ntable  {paths[1]}")
    if arguments.picture is not None:
        jogging = [course for course in real if course.name.startswith("Jogging")]
        arguments.picture.write_bytes(course_picture(jogging, record["chosen"]))


if __name__ == "__main__":
    main()
