"""Small videos for the tests of pairs: annotations alone, or with frames in PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from siamcorr.data.sequences import AnnotatedSequence
from siamcorr.opencv import load_cv2


def boxes(frames: int, targets: int = 1) -> np.ndarray:
    """(T, N, 4): all targets stand still, each at a place of its own."""
    table = np.empty((frames, targets, 4))
    table[:] = [[20.0 + 30 * n, 15.0, 12.0, 16.0] for n in range(targets)]
    return table


def video(name: str, frames: int = 5, targets: int = 1, **fields: Any) -> AnnotatedSequence:
    table = fields.pop("boxes_xywh", boxes(frames, targets))
    visible = fields.pop("visible", np.isfinite(table).all(-1).astype(float))
    return AnnotatedSequence(name, table, visible, **fields)


def noise_video(folder: Path, name: str, frames: int = 5, targets: int = 1, **fields: Any):
    """A video with files: smooth noise of 80 x 60, other in every frame."""
    cv2 = load_cv2()
    (folder / name).mkdir(parents=True)
    files = []
    for t in range(frames):
        seed = sum(name.encode()) * 1000 + t
        coarse = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
        files.append(folder / name / f"{t:04d}.png")
        cv2.imwrite(str(files[-1]), cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_CUBIC))
    return video(name, frames, targets, frame_files=tuple(files), size=(60, 80), **fields)
