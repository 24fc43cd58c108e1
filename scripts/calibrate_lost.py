"""Calibrate the lost signal of the tracker `cf` on rendered disappearances, and check it.

python scripts/calibrate_lost.py --out benchmarks/results [--otb FOLDER] [--picture PNG]
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import torch

from siamcorr.config import load_config
from siamcorr.data.sequences import load_dataset
from siamcorr.opencv import load_cv2
from siamcorr.tracking.cf_settings import CFSettings
from siamcorr.workflows.calibrate_lost import (
    calibrate,
    clip_course,
    course_picture,
    lost_rates,
    lost_table,
    real_rates,
    rendered_clips,
    with_thresholds,
)
from siamcorr.workflows.records import machine, versions, write_record

_GRID = {"below": (0.25, 0.33, 0.4), "after": (3,), "found_above": (0.45, 0.6)}


def main() -> None:
    """Choose on one half of the seeds, check on the other and on real sequences, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--otb", type=Path, help="folder with OTB sequences")
    parser.add_argument("--seeds", type=int, default=8, help="of each half, three clips a seed")
    parser.add_argument("--picture", type=Path, help="course over both Jogging targets, PNG")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load_cv2().setNumThreads(1)
    settings = load_config("trackers", "cf", CFSettings)
    grid = [dict(zip(_GRID, values, strict=True)) for values in itertools.product(*_GRID.values())]
    seeds = arguments.seeds
    candidates = calibrate(settings, rendered_clips(range(seeds)), grid)
    tracker = with_thresholds(settings, **candidates[0][0])
    held_out = rendered_clips(range(seeds, 2 * seeds))
    checked = lost_rates([clip_course(tracker, clip) for clip in held_out])
    record: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(),
        "settings": settings.lost.model_dump(),
        "candidates": [{**changes, **vars(rates)} for changes, rates in candidates],
        "chosen": candidates[0][0],
        "held_out": vars(checked),
    }
    if arguments.otb is not None:
        courses = [clip_course(tracker, clip) for clip in load_dataset("otb", arguments.otb)]
        record["real"] = {"sequences": [course.name for course in courses], **real_rates(courses)}
        if arguments.picture is not None:
            jogging = [course for course in courses if course.name.startswith("Jogging")]
            arguments.picture.write_bytes(course_picture(jogging, settings.lost))
    paths = write_record(arguments.out, record, lost_table(record), "cf-lost")
    print(f"record {paths[0]}\ntable  {paths[1]}")


if __name__ == "__main__":
    main()
