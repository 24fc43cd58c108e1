"""What trackers are timed on: decoded frames with a start box, and the boxes of N targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.data.sequences import AnnotatedSequence, load_dataset
from siamcorr.data.video import open_source
from siamcorr.evaluation.following import start_box
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.types import FrameArray

__all__ = ["Clip", "sequence_clips", "start_boxes", "video_clip"]

_SHIFT, _STRETCH = 0.25, 0.1
"""Largest shift and largest change of a copy's side, as shares of the side of the box."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A video in memory, so that no decoding is timed.

    Attributes:
        name: of the file, the folder or the sequence.
        frames: RGB uint8, (H, W, 3) each.
        box_xywh: (4,) float64 on the first frame.
        truth: (T, 4) float64 of the target, or None.
        dataset: that the sequence belongs to, or None.
    """

    name: str
    frames: tuple[FrameArray, ...]
    box_xywh: Tensor
    truth: npt.NDArray[np.float64] | None = None
    dataset: str | None = None


def video_clip(source: str, box_xywh: Iterable[float], count: int) -> Clip:
    """The first `count` frames of what `siamcorr.open_source` takes, or all there are.

    Raises:
        InvalidArgument: not a box.
        SourceError: the source cannot be read.
    """
    box = as_boxes_xywh(list(box_xywh), f"{source}: box")[0]
    with open_source(source, stop=count) as video:
        frames = tuple(frame.image for frame in video)
    return Clip(Path(source).name or source, frames, box)


def sequence_clips(dataset: str, root: Path, names: Iterable[str] | None, count: int) -> list[Clip]:
    """The first `count` frames of sequences of a data set, or all there are.

    Raises:
        UnknownName: no such data set or sequence.
        SourceError: the data set or an image cannot be read.
        InvalidArgument: no start box in the first frame, or no frames at hand.
    """
    found = load_dataset(dataset, root, sequences=names)
    return [_sequence_clip(sequence, count, dataset) for sequence in found]


def _sequence_clip(sequence: AnnotatedSequence, count: int, dataset: str) -> Clip:
    box = torch.from_numpy(start_box(sequence, 0))
    frames = tuple(sequence.frame(i) for i in range(min(count, len(sequence))))
    return Clip(sequence.name, frames, box, sequence.boxes_xywh[: len(frames), 0], dataset)


def start_boxes(box_xywh: Tensor, count: int) -> Tensor:
    """Boxes of N targets: the box itself, and copies of it that are shifted and stretched.

    Args:
        box_xywh: (4,).
        count: N >= 1.

    Returns:
        (N, 4) float64. Each centre lies within a quarter of a side of the first one, each side
        within 10 %. Always the same ones, and the first k of N are those of k.

    Example:
        >>> start_boxes(torch.tensor([30.0, 30.0, 16.0, 16.0]), 3).shape
        torch.Size([3, 4])
    """
    draws = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (count - 1, 4)))
    corner, sides = box_xywh.double()[:2], box_xywh.double()[2:]
    centres = corner + sides / 2 + _SHIFT * draws[:, :2] * sides
    stretched = sides * (1 + _STRETCH * draws[:, 2:])
    copies = torch.cat((centres - stretched / 2, stretched), 1)
    return torch.cat((box_xywh.double()[None], copies))
