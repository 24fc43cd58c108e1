"""A video on disk with its ground truth: what every data set reader returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.images import read_image
from siamcorr.errors import InvalidArgument
from siamcorr.types import FrameArray

__all__ = ["AnnotatedSequence"]


@dataclass(frozen=True, eq=False)
class AnnotatedSequence:
    """Frames and ground truth of one video; satisfies `siamcorr.types.Sequence`.

    Attributes:
        name: name of the sequence in its data set.
        boxes_xywh: (T, N, 4) float64, 0-based continuous pixels; NaN where there is no annotation.
        visible: (T, N) float64 in 0 ... 1, the visible share; 0 means absent. NaN where the
            annotation is withheld, as behind the first frame of a test set.
        frame_files: image files in order; None where only the annotations are at hand.
        corners_xy: (T, N, 4, 2) float64, 0-based corners of rotated annotations, or None.
        attributes: tags of the whole sequence, such as `Occlusion` or `OCC`.
        frame_tags: (T,) bool for every per-frame tag, such as VOT's `camera_motion`.
        classes: kind of class -> class, such as `object_class` -> `bear` (GOT-10k, LaSOT).
        size: (height, width) in pixels where the annotations state it; else read from a frame.
    """

    name: str
    boxes_xywh: npt.NDArray[np.float64]
    visible: npt.NDArray[np.float64]
    frame_files: tuple[Path, ...] | None = None
    corners_xy: npt.NDArray[np.float64] | None = None
    attributes: tuple[str, ...] = ()
    frame_tags: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    def __iter__(self) -> Iterator[FrameArray]:
        return (self.frame(i) for i in range(len(self)))

    def frame(self, index: int) -> FrameArray:
        """Decode one frame.

        Args:
            index: 0 ... T - 1.

        Returns:
            (H, W, 3) uint8, RGB.

        Raises:
            InvalidArgument: no such frame, or the sequence has annotations only.
            SourceError: the file cannot be read.
        """
        if self.frame_files is None:
            raise InvalidArgument(
                f"{self.name}: only its annotations are at hand; frames need the data set's folder"
            )
        if not 0 <= index < len(self):
            raise InvalidArgument(f"{self.name}: frame {index} is not in 0 ... {len(self) - 1}")
        return read_image(self.frame_files[index])

    @cached_property
    def frame_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        if self.size is not None:
            return self.size
        height, width, _ = self.frame(0).shape
        return height, width
