"""Measure how fast synthetic clips are rendered on one CPU thread, and write a record.

python scripts/bench_synthetic.py --out benchmarks/results
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from siamcorr.data.synthetic import (
    RandomScenes,
    Recipe,
    SyntheticSequence,
    load_synthetic,
    random_recipe,
)
from siamcorr.opencv import load_cv2
from siamcorr.workflows.records import machine, versions, write_record

_SCENES, _FRAMES = 8, 60


def main() -> None:
    """Render, time, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    load_cv2().setNumThreads(1)
    rows = [
        measure(f"{width}x{height}, {targets} targets", random_recipes(width, height, targets))
        for width, height in ((320, 240), (640, 480))
        for targets in (1, 3, 6)
    ]
    rows.append(measure("the demo clip", [load_synthetic("demo").recipe]))
    record = {"machine": machine(), "versions": versions(), "rows": rows}
    paths = write_record(arguments.out, record, table(record), "synthetic")
    print(f"record {paths[0]}\ntable  {paths[1]}")


def random_recipes(width: int, height: int, targets: int) -> list[Recipe]:
    """Random scenes with a fixed number of targets and what disturbs them."""
    scenes = RandomScenes(width=width, height=height, frames=_FRAMES, targets=(targets, targets))
    return [random_recipe(seed, scenes) for seed in range(_SCENES)]


def measure(name: str, recipes: list[Recipe]) -> dict[str, Any]:
    """CPU seconds of making a clip up to its first frame, and of its frames."""
    set_up = images = samples = 0.0
    frames = 0
    for recipe in recipes:
        start = time.process_time()
        clip = SyntheticSequence(recipe)
        clip.frame(0)
        set_up += time.process_time() - start
        frames += len(clip)
        start = time.process_time()
        for t in range(len(clip)):
            clip.frame(t)
        images += time.process_time() - start
        start = time.process_time()
        for t in range(len(clip)):
            clip.sample(t)
        samples += time.process_time() - start
    return {
        "scene": name,
        "frames": frames,
        "set_up_s": set_up / len(recipes),
        "frames_per_s": frames / images,
        "samples_per_s": frames / samples,
    }


def table(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    found, using = record["machine"], record["versions"]
    lines = [
        f"# Synthetic video: siamcorr {using['siamcorr']}",
        (
            f"{found['processor']}, one thread, CPU time, commit {using['commit']}. A sample is a "
            "frame with exact boxes, masks and visibility; set-up paints a clip's textures, once."
        ),
        "",
        "Measured again by `python scripts/bench_synthetic.py`.",
        "",
        "| scene | frames/s | samples/s | set-up ms |",
        "|---|---|---|---|",
    ]
    for row in record["rows"]:
        speeds = f"{row['frames_per_s']:.0f} | {row['samples_per_s']:.0f}"
        lines.append(f"| {row['scene']} | {speeds} | {1e3 * row['set_up_s']:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
