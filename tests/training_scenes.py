"""A tiny data set on disk, a tiny tracker and a tiny training config: a run takes a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from siamcorr.opencv import load_cv2

FRAMES, HEIGHT, WIDTH = 6, 48, 64

TRACKER: dict[str, Any] = {
    "kind": "point",
    "model": {
        "backbone": "compact",
        "backbone_options": {"channels": [4, 4, 8]},
        "head": "point_depthwise",
        "head_options": {"channels": [8]},
        "preprocessing": {"mean": [127.5] * 3, "std": [64.0] * 3},
    },
    "template_size": 32,
    "search_size": 64,
    "context_amount": 0.5,
    "penalty_k": 0.05,
    "window_influence": 0.4,
    "size_lr": 0.3,
}


def write_otb(root: Path, names: tuple[str, ...] = ("Square", "Disc")) -> Path:
    """Sequences of a bright 12 x 10 rectangle that moves 2 pixels a frame, in OTB's layout."""
    cv2 = load_cv2()
    for seed, name in enumerate(names):
        rng = np.random.default_rng(seed)
        images = root / name / "img"
        images.mkdir(parents=True)
        lines = []
        for t in range(FRAMES):
            frame = rng.integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
            x, y = 12 + 2 * t, 16 + t
            frame[y : y + 10, x : x + 12] = (240, 60 + 80 * seed, 30)
            assert cv2.imwrite(str(images / f"{t + 1:04d}.jpg"), frame[:, :, ::-1])
            lines.append(f"{x + 1},{y + 1},12,10")  # 1-based
        (root / name / "groundtruth_rect.txt").write_text("\n".join(lines) + "\n")
    return root


def write_config(folder: Path, **changes: Any) -> Path:
    """`tiny.yaml` beside its tracker and data: 24 pairs an epoch, three epochs of six steps."""
    folder.mkdir(parents=True, exist_ok=True)
    tracker = folder / "tiny_tracker.yaml"
    tracker.write_text(yaml.safe_dump(TRACKER))
    root = folder / "otb"
    if not root.exists():
        write_otb(root)
    content: dict[str, Any] = {
        "tracker": str(tracker),
        "data": {"otb": {"kind": "video", "format": "otb", "root": str(root)}},
        "objective": {"kind": "point"},
        "pairs": 24,
        "batch_size": 4,
        "optimiser": {"kind": "sgd"},
        "schedule": {"main": {"curve": "log", "epochs": 3, "start": 0.05, "end": 0.01}},
        "log_every": 1,
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


TRAINED_BY = """
import os, sys
from pathlib import Path
from siamcorr.training.objectives import PointObjective
from siamcorr.cli.main import run

call = PointObjective.__call__


def spy(self, output, batch):
    path = Path({folder!r}) / f"seeds_{{os.environ['RANK']}}.txt"
    with path.open("a") as file:
        file.write("".join(f"{{seed}}\\n" for seed in batch.seeds.tolist()))
    return call(self, output, batch)


PointObjective.__call__ = spy
run()
"""
"""A script that trains and writes the seeds of every pair that a process was given."""
