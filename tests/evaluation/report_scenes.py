"""A small data set with frames on disk, and runs of three trackers on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.evaluation.results import Trajectory
from siamcorr.types import ResponseMap

SIZE = (90, 120)  # height, width
TAGS = {"walk": ("OCC", "SV"), "jump": ("SV",), "hide": ()}
LENGTHS = {"walk": 30, "jump": 24, "hide": 40}


def truth_boxes(name: str) -> np.ndarray:
    """A box of 20 x 16 that walks one pixel a frame; in `hide` it is absent in frames 20 ... 24."""
    t = np.arange(LENGTHS[name])
    boxes = np.stack((10 + t, 20 + 0.5 * t, np.full(len(t), 20.0), np.full(len(t), 16.0)), 1)
    if name == "hide":
        boxes[20:25] = np.nan
    return boxes


def small_set(folder: Path | None = None, name: str = "otb") -> SequenceSet:
    """Three sequences; with frames where a folder is given."""
    return SequenceSet(name, tuple(_sequence(name, folder) for name in LENGTHS))


def _sequence(name: str, folder: Path | None) -> AnnotatedSequence:
    boxes = truth_boxes(name)
    return AnnotatedSequence(
        name=name,
        boxes_xywh=boxes[:, None],
        visible=np.isfinite(boxes).all(1).astype(np.float64)[:, None],
        frame_files=None if folder is None else _write_frames(folder / name, boxes),
        attributes=TAGS[name],
        size=SIZE,
    )


def _write_frames(folder: Path, boxes: np.ndarray) -> tuple[Path, ...]:
    folder.mkdir(parents=True)
    files = []
    for i, box in enumerate(boxes):
        frame = np.full((*SIZE, 3), 90, np.uint8)
        if np.isfinite(box).all():
            x, y, w, h = np.round(box).astype(int)
            frame[y : y + h, x : x + w] = (30, 60, 160)
        files.append(folder / f"{i:04d}.png")
        cv2.imwrite(str(files[-1]), frame)
    return tuple(files)


def moved(boxes: np.ndarray, dx: float, *, from_frame: int = 1) -> np.ndarray:
    """The same boxes, `dx` further right from a frame on; the last known box where none is."""
    known = boxes.copy()
    for i in range(1, len(known)):
        known[i] = known[i - 1] if np.isnan(known[i]).any() else known[i]
    known[from_frame:, 0] += dx
    return known


def three_runs() -> dict[str, dict[str, list[Trajectory]]]:
    """`exact`, `near` (3 px off) and `lost` (away from frame 12 on), with seconds for the first."""
    shifts = {"exact": (0.0, 1), "near": (3.0, 1), "lost": (60.0, 12)}
    return {
        label: {
            name: [
                Trajectory(
                    moved(truth_boxes(name), dx, from_frame=start),
                    seconds=np.full(LENGTHS[name], 0.01) if label == "exact" else None,
                )
            ]
            for name in LENGTHS
        }
        for label, (dx, start) in shifts.items()
    }


def some_responses(label: str, name: str) -> dict[int, ResponseMap]:
    """Maps of four frames for `exact`, nothing for the others."""
    if label != "exact":
        return {}
    values = torch.linspace(0, 1, 81).reshape(9, 9)
    mapping = torch.tensor([[4.0, 0, 10], [0, 4.0, 10]], dtype=torch.float64)
    return {frame: ResponseMap(values, mapping, "windowed") for frame in (4, 8, 16, 20)}
