"""Sources made of frames in memory: a list, a generator, an array or tensor with a time axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

import numpy as np
from torch import Tensor

from siamcorr.data.frames import Span, VideoFrame
from siamcorr.errors import InvalidArgument
from siamcorr.types import Frame, as_frame

__all__ = ["ArrayReader"]


class ArrayReader:
    """Frames that the caller already has, or makes one after another.

    The iterable is pulled in the caller's thread and never ahead: its code is the caller's, and a
    generator may reuse its buffer or wait for the last result. `name` and `fps` are taken from the
    iterable where it has them, as a `Sequence` does.
    """

    total_is_exact = True
    may_run_ahead = False

    def __init__(self, source: Iterable[Frame]) -> None:
        self._source = _checked(source)
        name, fps = getattr(source, "name", None), getattr(source, "fps", None)
        self.name = name if isinstance(name, str) and name else type(source).__name__
        known = isinstance(fps, int | float) and math.isfinite(fps) and fps > 0
        self.fps: float | None = float(fps) if fps is not None and known else None
        self.total: int | None = len(source) if isinstance(source, Sized) else None

    def frames(self, span: Span) -> Iterator[VideoFrame]:
        """Check and number the frames of the span."""
        wanted = itertools.islice(enumerate(self._source), span.start, span.stop, span.stride)
        for index, frame in wanted:
            image = as_frame(frame, f"open_source: frame {index} of {self.name}")
            yield VideoFrame(index, index / self.fps if self.fps else float("nan"), image)

    def close(self) -> None:
        """Nothing to let go of: the iterable is the caller's."""


def _checked(source: Any) -> Iterable[Frame]:
    """Refuse what can be iterated but is no sequence of frames."""
    if isinstance(source, bytes | bytearray | Mapping) or not isinstance(source, Iterable):
        raise InvalidArgument(
            f"open_source: cannot read frames from {type(source).__name__}; give a video file, a "
            "folder of images, a glob pattern, a camera index, an address, or an iterable of frames"
        )
    if isinstance(source, np.ndarray | Tensor) and source.ndim != 4:
        raise InvalidArgument(
            "open_source: an array or tensor of frames has 4 axes, (T, H, W, 3) or (T, 3, H, W); "
            f"got shape {tuple(source.shape)}; put one image into a list"
        )
    return source
