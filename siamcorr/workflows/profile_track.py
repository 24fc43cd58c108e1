"""Where the time of a frame goes: the stages of a tracker's update, timed from outside."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from operator import attrgetter
from typing import Any

import torch

from siamcorr.errors import InvalidArgument
from siamcorr.types import Frame, Tracker

__all__ = ["OTHER", "profile_stages"]

OTHER = "other"
"""What is in no stage: the steps on numbers per target, and the calls themselves."""


def profile_stages(
    tracker: Tracker, frames: Sequence[Frame], boxes_xywh: Any
) -> list[tuple[str, float]]:
    """Milliseconds per frame of each stage of a tracker.

    A tracker names its stages in `stages`, a mapping from the stage to the methods that it is made
    of, as dotted paths from the tracker. Time in a method counts for its own stage alone, not for
    that of the method that called it. A tracker without `stages` is all `OTHER`.

    Args:
        tracker: is wrapped for the time of the call, and left as it was.
        frames: at least 3 in order; `init` takes the first, the second warms up, the others count.
        boxes_xywh: (N, 4) on the first frame.

    Returns:
        (stage, mean ms per frame) in the tracker's order, then `OTHER`; together they are the
        mean time of an update.

    Raises:
        InvalidArgument: fewer than 3 frames.

    Example:
        >>> import numpy as np, siamcorr
        >>> video = [np.zeros((80, 80, 3), np.uint8)] * 3
        >>> shares = profile_stages(siamcorr.load_tracker("default"), video, [30, 30, 16, 16])
        >>> [stage for stage, _ in shares]
        ['crop', 'features', 'response', 'colour', 'peaks', 'solve', 'other']
    """
    if len(frames) < 3:
        raise InvalidArgument(f"profile_stages: needs at least 3 frames, got {len(frames)}")
    stages: Mapping[str, Sequence[str]] = getattr(tracker, "stages", {})
    clock = _StageClock()
    state = tracker.init(frames[0], boxes_xywh)
    state, _ = tracker.update(state, frames[1])
    with ExitStack() as patches:
        for stage, methods in stages.items():
            for path in methods:
                patches.enter_context(_timed(tracker, path, clock, stage))
        for frame in frames[2:]:
            with clock.measure(OTHER):
                state, _ = tracker.update(state, frame)
    per_frame = 1e3 / (len(frames) - 2)
    return [(stage, clock.seconds[stage] * per_frame) for stage in (*stages, OTHER)]


class _StageClock:
    """Seconds of each stage, the stages inside it not counted."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner = [0.0]  # seconds of the stages within each open one

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Count the time of a `with` block."""
        self._inner.append(0.0)
        start = _now()
        try:
            yield
        finally:
            seconds = _now() - start
            self.seconds[stage] += seconds - self._inner.pop()
            self._inner[-1] += seconds


def _now() -> float:
    """Seconds, after everything that was queued on a GPU."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    return time.perf_counter()


@contextmanager
def _timed(tracker: Tracker, path: str, clock: _StageClock, stage: str) -> Iterator[None]:
    """Shadow a method by one that is measured."""
    *owners, name = path.split(".")
    owner = attrgetter(".".join(owners))(tracker) if owners else tracker
    method: Callable[..., Any] = getattr(owner, name)

    @wraps(method)
    def measured(*args: Any, **kwargs: Any) -> Any:
        with clock.measure(stage):
            return method(*args, **kwargs)

    setattr(owner, name, measured)  # of the instance: the class keeps its method
    try:
        yield
    finally:
        delattr(owner, name)
