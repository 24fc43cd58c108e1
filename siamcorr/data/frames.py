"""Frames of a source and which of them are wanted: `VideoFrame`, `Span`, the `Reader` protocol."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from siamcorr.errors import InvalidArgument
from siamcorr.types import FrameArray

__all__ = ["Reader", "Span", "VideoFrame", "as_count"]


class VideoFrame(NamedTuple):
    """One frame of a source.

    Attributes:
        index: 0-based index in the source, so with a stride of 3 it runs 0, 3, 6, ...
        time_s: time in the source in seconds; NaN where the source has no clock.
        image: RGB uint8, (H, W, 3).
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which no frame needs
    time_s: float
    image: FrameArray


def as_count(value: Any, name: str, least: int) -> int:
    """Check a whole number of at least `least`; a bool is refused.

    Raises:
        InvalidArgument: another type or a smaller number.
    """
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise InvalidArgument(
            f"open_source: {name} must be a whole number >= {least}, got {value!r}"
        )
    return number


@dataclass(frozen=True)
class Span:
    """Frames `start`, `start + stride`, ... below `stop` (None: to the end)."""

    start: int = 0
    stop: int | None = None
    stride: int = 1

    @classmethod
    def checked(cls, start: Any, stop: Any, stride: Any) -> Span:
        """Validate what the caller gave."""
        first = as_count(start, "start", 0)
        last = None if stop is None else as_count(stop, "stop", 0)
        if last is not None and last <= first:
            raise InvalidArgument(
                f"open_source: stop must be larger than start, got start={first} and stop={last}"
            )
        return cls(first, last, as_count(stride, "stride", 1))

    def wants(self, index: int) -> bool:
        """Whether the frame at this index is delivered (it is below `stop`)."""
        return index >= self.start and (index - self.start) % self.stride == 0

    def indices(self, total: int) -> range:
        """Indices delivered from a source of `total` frames."""
        end = total if self.stop is None else min(self.stop, total)
        return range(self.start, end, self.stride)


class Reader(Protocol):
    """One kind of source, before threads: knows how to deliver the frames of a span.

    Attributes:
        name: the source in words, for errors and titles.
        total: number of frames in the whole source, None where unknown.
        total_is_exact: False where the container only estimates `total`.
        fps: frames per second of the source, None where unknown.
        may_run_ahead: whether the frames may be read in another thread than the caller's.
    """

    name: str
    total: int | None
    total_is_exact: bool
    fps: float | None
    may_run_ahead: bool

    def frames(self, span: Span) -> Iterator[VideoFrame]:
        """The frames of the span in order; called once."""
        ...

    def close(self) -> None:
        """Let go of files and devices; may be called twice."""
        ...
