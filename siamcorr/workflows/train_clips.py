"""Clips of a run: rendered ones, to cut pairs from or to validate on, and held-out sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences import AnnotatedSequence, load_dataset
from siamcorr.data.synthetic import SyntheticSequence, random_recipe
from siamcorr.training.settings import SyntheticClips, TrainSettings, VideoClips
from siamcorr.types import FrameArray, Sequence

__all__ = ["Clip", "render_clips", "validation_clips"]


@dataclass(frozen=True, eq=False)
class Clip:
    """A sequence without masks and classes; satisfies `siamcorr.types.Sequence`.

    Attributes:
        name: unique in a run.
        boxes_xywh: (T, N, 4).
        visible: (T, N).
        frame: number of a frame to the frame.
        has_masks: False.
    """

    name: str
    boxes_xywh: npt.NDArray[np.float64]
    visible: npt.NDArray[np.float64]
    frame: Callable[[int], FrameArray]
    has_masks: bool = False

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    def __iter__(self) -> Iterator[FrameArray]:
        return map(self.frame, range(len(self)))

    @property
    def frame_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        height, width, _ = self.frame(0).shape
        return height, width

    def class_of(self, target: int) -> None:
        """None: what is rendered has no class."""


def validation_clips(settings: TrainSettings) -> list[Sequence]:
    """Sequences to validate on, in the order of the settings."""
    entries = {} if settings.validation is None else settings.validation.clips
    clips: list[Sequence] = []
    for name, entry in entries.items():
        clips += _read(name, entry) if isinstance(entry, VideoClips) else render_clips(name, entry)
    return clips


def render_clips(name: str, entry: SyntheticClips) -> list[Clip]:
    """Clips with all their frames in memory."""
    clips = []
    for number in range(entry.clips):
        video = SyntheticSequence(random_recipe(entry.seed + number, entry.scenes))
        frames = list(video)
        clips.append(Clip(f"{name}/{number}", video.boxes_xywh, video.visible, frames.__getitem__))
    return clips


def _read(name: str, entry: VideoClips) -> list[AnnotatedSequence]:
    """Sequences of a data set, cut to the frames that count; a video file is read in one pass."""
    sequences = load_dataset(entry.format, entry.root, sequences=entry.sequences)
    stop = entry.frames
    return [
        replace(
            each,
            name=f"{name}/{each.name}",
            boxes_xywh=each.boxes_xywh[:stop],
            visible=each.visible[:stop],
        )
        for each in sequences
    ]
