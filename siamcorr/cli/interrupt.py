"""Ctrl-C as a request: the first ends the run after the frame at hand, the second at once."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

__all__ = ["StopOnInterrupt"]


class StopOnInterrupt:
    """Context manager that answers whether the user pressed ctrl-C.

    Example:
        >>> with StopOnInterrupt() as stop_requested:
        ...     stop_requested()
        False
    """

    def __init__(self) -> None:
        self._asked = False
        self._previous: Any = None

    def __call__(self) -> bool:
        """Whether the run should end after this frame."""
        return self._asked

    def __enter__(self) -> StopOnInterrupt:
        self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
