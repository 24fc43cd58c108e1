"""Which annotated targets are worth a pair: bounds on their size, shape and visibility."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field

from siamcorr.config import Settings
from siamcorr.data.pairs.cropped_511 import CroppedVideo, PairVideo
from siamcorr.errors import InvalidArgument

__all__ = ["EVERY_TARGET", "TargetFilter"]

Range: TypeAlias = tuple[float, float]


class TargetFilter(Settings):
    """What a target has to be like in a frame; the default takes every visible box with an area.

    Attributes:
        size: smallest and largest width and height in pixels.
        frame_share: smallest and largest width as a share of the frame's, and height so.
        aspect: smallest and largest width / height.
        visible: the visible share has to be above this,
        visible_of_best: and above this share of the target's largest visible share in the video.
        frames: fewest frames that a target has to pass in; with fewer it is not used at all.
    """

    size: Range | None = None
    frame_share: Range | None = None
    aspect: Range | None = None
    visible: float = Field(0.0, ge=0, lt=1)
    visible_of_best: float = Field(0.0, ge=0, lt=1)
    frames: int = Field(1, ge=1)

    @classmethod
    def siamfc(cls) -> TargetFilter:
        """siamfc-pytorch's: its cover of more than 1 of GOT-10k's eighths is `visible` here."""
        return cls(
            size=(20, 500),
            frame_share=(0.01, 0.5),
            aspect=(0.25, 4),
            visible=0.125,
            visible_of_best=0.3,
            frames=2,
        )

    def passes(self, video: PairVideo) -> npt.NDArray[np.bool_]:
        """(T, N) where a target counts; ranges include their ends.

        Raises:
            InvalidArgument: bounds in pixels for stored crops, which do not tell the sizes in the
                frame.
        """
        if isinstance(video, CroppedVideo) and (self.size or self.frame_share):
            raise InvalidArgument(
                f"TargetFilter: {video.name}: stored crops do not tell how large a target was in "
                "its frame; leave size and frame_share out"
            )
        sizes, visible = video.boxes_xywh[..., 2:], video.visible
        with np.errstate(invalid="ignore", divide="ignore"):  # NaN: not annotated, or withheld
            found = np.isfinite(video.boxes_xywh).all(-1) & (sizes > 0).all(-1)
            best = np.nanmax(visible, axis=0, initial=0)
            found &= visible > np.maximum(self.visible, self.visible_of_best * best)
            found &= _within(sizes, self.size).all(-1)
            found &= _within(sizes[..., 0] / sizes[..., 1], self.aspect)
            if self.frame_share is not None and not isinstance(video, CroppedVideo):
                found &= _within(sizes / video.frame_size[::-1], self.frame_share).all(-1)
        often: npt.NDArray[np.bool_] = found & (found.sum(axis=0) >= self.frames)
        return often


EVERY_TARGET = TargetFilter()


def _within(values: npt.NDArray[np.float64], bounds: Range | None) -> npt.NDArray[np.bool_]:
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    inside: npt.NDArray[np.bool_] = (values >= low) & (values <= high)
    return inside | (bounds is None)
