"""One tracker through one sequence: the loop that every protocol is made of."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.errors import InvalidArgument, TrackerError
from siamcorr.evaluation.results import FloatArray, Trajectory
from siamcorr.types import FrameArray, ResponseMap, Sequence, Tracker, TrackResult

__all__ = [
    "Evaluable",
    "Followed",
    "Heartbeat",
    "SequenceTracker",
    "Step",
    "follow",
    "iterate_steps",
    "start_box",
]

Heartbeat: TypeAlias = Callable[[], None]
"""Called at every frame, and every moment while an external program works; may raise to stop."""


class Step(NamedTuple):
    """What a tracker said about one frame.

    Attributes:
        frame: index in the sequence, 0-based.
        box_xywh: (4,) float64; NaN where the tracker gave no box.
        score: its confidence; NaN where it has none, as on the first frame.
        lost: whether it said that it does not see the target.
        corners_xy: (4, 2) float64 of a rotated box, or None.
        seconds: time of init or update alone, without reading the frame; NaN if not measured.
        response: the response map, where it was asked for and the tracker has one.
    """

    frame: int
    box_xywh: FloatArray
    score: float = math.nan
    lost: bool = False
    corners_xy: FloatArray | None = None
    seconds: float = math.nan
    response: ResponseMap | None = None


@runtime_checkable
class SequenceTracker(Protocol):
    """A tracker that takes a sequence whole, such as an external program."""

    def follow_sequence(
        self,
        sequence: Sequence,
        box_xywh: FloatArray,
        *,
        start: int,
        stop: int,
        heartbeat: Heartbeat,
    ) -> Iterator[Step]:
        """One step for each of the frames start ... stop - 1; the first is the given box."""
        ...


Evaluable: TypeAlias = Tracker | SequenceTracker
"""What can be evaluated: of a `Tracker`, `init` and `update` are used."""


class Followed(NamedTuple):
    """A trajectory and the response maps that were asked for, by frame of the sequence."""

    trajectory: Trajectory
    responses: dict[int, ResponseMap]


def follow(
    tracker: Evaluable,
    sequence: Sequence,
    *,
    start: int = 0,
    stop: int | None = None,
    box: npt.ArrayLike | None = None,
    capture: Collection[int] = (),
    heartbeat: Heartbeat | None = None,
) -> Followed:
    """Run a tracker from one frame on, without help on the way.

    Args:
        tracker: see `Evaluable`.
        sequence: with one target, unless `box` is given.
        start: frame of the init, 0-based.
        stop: frame before which to end; None runs to the end.
        box: (4,) start box x, y, w, h; None takes the ground truth of the frame.
        capture: frames whose response maps to keep.
        heartbeat: called once a frame.

    Returns:
        The trajectory of frames start ... stop - 1, whose first box is the start box, and the
        maps of those frames in `capture` for which the tracker gives any.

    Convention:
        The score of the first frame is NaN: the tracker was told. `scores` is None if the tracker
        never gave one, and `corners_xy` if it never gave corners.

    Raises:
        InvalidArgument: no such frames, or the start box is unusable.
        TrackerError: the tracker raised, or answered with anything but one box; names the
            sequence and the frame.

    Example:
        >>> from siamcorr.data.synthetic import load_synthetic
        >>> from siamcorr.tracking.factory import load_tracker
        >>> video = load_synthetic("demo")
        >>> run = follow(load_tracker(), video, stop=3, box=video.boxes_xywh[0, 0])
        >>> run.trajectory.boxes_xywh.shape
        (3, 4)
    """
    steps = list(
        iterate_steps(
            tracker, sequence, start=start, stop=stop, box=box, capture=capture, heartbeat=heartbeat
        )
    )
    responses = {step.frame: step.response for step in steps if step.response is not None}
    return Followed(_trajectory(steps), responses)


def iterate_steps(
    tracker: Evaluable,
    sequence: Sequence,
    *,
    start: int = 0,
    stop: int | None = None,
    box: npt.ArrayLike | None = None,
    capture: Collection[int] = (),
    heartbeat: Heartbeat | None = None,
) -> Generator[Step, None, None]:
    """What `follow` collects, frame by frame; its arguments and errors are the same."""
    end = len(sequence) if stop is None else stop
    if not 0 <= start < end <= len(sequence):
        raise InvalidArgument(
            f"follow: frames {start} ... {end} - 1 are not within {sequence.name}, "
            f"which has {len(sequence)}"
        )
    box_xywh = start_box(sequence, start, box)
    beat = heartbeat or (lambda: None)
    if isinstance(tracker, SequenceTracker):
        return _whole(tracker, sequence, box_xywh, start, end, beat)
    return _frame_by_frame(tracker, sequence, box_xywh, (start, end), set(capture), beat)


def start_box(sequence: Sequence, frame: int, box: npt.ArrayLike | None = None) -> FloatArray:
    """The box to start from: `box`, or the ground truth of the frame; (4,) float64.

    Raises:
        InvalidArgument: it is absent, not finite or without area, or there are several targets.
    """
    truth = sequence.boxes_xywh
    if box is None and truth.shape[1] != 1:
        raise InvalidArgument(
            f"{sequence.name}: has {truth.shape[1]} targets; an evaluation follows one: make a "
            "sequence of each, or give the start box"
        )
    found = np.array(truth[frame, 0] if box is None else box, dtype=np.float64)
    if found.shape != (4,) or not np.isfinite(found).all() or (found[2:] <= 0).any():
        raise InvalidArgument(
            f"{sequence.name}, frame {frame}: no tracker can start from the box {found.tolist()}; "
            "expected finite x, y and w, h > 0"
        )
    return found


def _whole(
    tracker: SequenceTracker,
    sequence: Sequence,
    box_xywh: FloatArray,
    start: int,
    end: int,
    beat: Heartbeat,
) -> Generator[Step, None, None]:
    steps = list(tracker.follow_sequence(sequence, box_xywh, start=start, stop=end, heartbeat=beat))
    if [step.frame for step in steps] != list(range(start, end)):
        raise TrackerError(
            f"sequence {sequence.name}: {len(steps)} frames were answered, "
            f"not each of {start} ... {end - 1} in order"
        )
    yield from steps


def _frame_by_frame(
    tracker: Tracker,
    sequence: Sequence,
    box_xywh: FloatArray,
    span: tuple[int, int],
    capture: set[int],
    beat: Heartbeat,
) -> Generator[Step, None, None]:
    state: Any = None
    for index, image in _frames(sequence, *span):
        beat()
        with _blamed_on_tracker(sequence.name, index):
            began = time.perf_counter()
            if index == span[0]:
                state = tracker.init(image, box_xywh.copy())
                step = Step(index, box_xywh)
            else:
                state, result = tracker.update(state, image, responses=index in capture)
                step = _step(index, result)
            seconds = time.perf_counter() - began  # reading the box has waited for a GPU
        yield step._replace(seconds=seconds)


def _frames(sequence: Sequence, start: int, stop: int) -> Iterator[tuple[int, FrameArray]]:
    """Frames with their indices; those before `start` are not decoded where that can be helped."""
    frame: Callable[[int], FrameArray] | None = getattr(sequence, "frame", None)
    if frame is not None:
        return ((index, frame(index)) for index in range(start, stop))
    return itertools.islice(enumerate(sequence), start, stop)


def _step(index: int, result: TrackResult) -> Step:
    boxes = torch.as_tensor(result.boxes_xywh)
    if tuple(boxes.shape) != (1, 4):
        raise TrackerError(f"expected one box as (1, 4), got shape {tuple(boxes.shape)}")
    box = boxes[0].double().cpu().numpy().copy()
    if np.isinf(box).any():
        raise TrackerError(f"the box is infinite: {box.tolist()}; NaN says that there is none")
    corners = result.corners_xy
    return Step(
        index,
        box,
        float(result.scores[0]),
        bool(result.lost[0]),
        None if corners is None else corners[0].double().cpu().numpy().copy(),
        response=None if not result.responses else result.responses[0],
    )


@contextmanager
def _blamed_on_tracker(sequence: str, frame: int) -> Iterator[None]:
    try:
        yield
    except TrackerError as error:
        raise TrackerError(f"sequence {sequence}, frame {frame}: {error}") from error
    except Exception as error:
        raise TrackerError(
            f"sequence {sequence}, frame {frame}: {type(error).__name__}: {error}"
        ) from error


def _trajectory(steps: list[Step]) -> Trajectory:
    scores = np.array([step.score for step in steps])
    seconds = np.array([step.seconds for step in steps])
    rotated = any(step.corners_xy is not None for step in steps)
    return Trajectory(
        np.stack([step.box_xywh for step in steps]),
        None if np.isnan(scores).all() else scores,
        np.array([step.lost for step in steps]),
        np.stack([_corners(step) for step in steps]) if rotated else None,
        None if np.isnan(seconds).all() else seconds,
        start=steps[0].frame,
    )


def _corners(step: Step) -> FloatArray:
    """Corners of a step, those of its box where the tracker gave none: (4, 2)."""
    if step.corners_xy is not None:
        return step.corners_xy
    x, y, w, h = step.box_xywh
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
