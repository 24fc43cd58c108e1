"""The turns of the tracker benchmark: who runs when on a clip, and what every frame took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from siamcorr.types import FrameArray, Tracker
from siamcorr.workflows.bench_track_clips import Clip, start_boxes
from siamcorr.workflows.timing import now, shuffled_rounds

__all__ = ["INITS", "TURN", "Candidate", "Course", "candidates_of", "run_turns", "turns_in"]

INITS = 3
"""Counted inits of each candidate."""
TURN = 5
"""Frames of a turn. The first is tracked but not counted: it brings the candidate's data and code
back into the caches that its neighbour emptied."""


class Candidate(NamedTuple):
    """What takes turns.

    Attributes:
        label: of the tracker.
        targets: N.
        separate: whether the targets are N runs of one target each, and not one run of N.
    """

    label: str
    targets: int
    separate: bool = False

    def __str__(self) -> str:
        apart = f", {self.targets} runs of one" if self.separate else ""
        return f"{self.label}, N = {self.targets}{apart}"


@dataclass
class Course:
    """What a candidate did on a clip.

    Attributes:
        init_s: seconds of each counted init, of all targets together.
        turns_s: seconds of the counted frames of each turn.
        boxes_xywh: (N, 4) of every frame after the first, counted or not.
        lost: number of boxes that were called lost.
    """

    init_s: list[float] = field(default_factory=list)
    turns_s: list[list[float]] = field(default_factory=list)
    boxes_xywh: list[Tensor] = field(default_factory=list)
    lost: int = 0


def candidates_of(labels: Iterable[str], targets: Sequence[int]) -> list[Candidate]:
    """Every tracker with every N, in one run and, for N > 1, in N runs of one target."""
    return [
        Candidate(label, count, separate)
        for label in labels
        for count in targets
        for separate in ((False, True) if count > 1 else (False,))
    ]


def turns_in(clip: Clip) -> int:
    """Whole turns after the first frame."""
    return (len(clip.frames) - 1) // TURN


def run_turns(
    trackers: Mapping[str, Tracker],
    candidates: Sequence[Candidate],
    clip: Clip,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[Candidate, Course]:
    """Let all candidates follow a clip side by side.

    First each starts and does one frame, uncounted; then they start `INITS` times in shuffled
    rounds. Then they take turns, shuffled again: each tracks the next `TURN` frames of the clip
    and waits until all have. Frames behind the last whole turn are left out.

    Args:
        trackers: by label; candidates of one label share the tracker, as its state is apart.
        candidates: to run.
        clip: of at least 1 + `TURN` frames.
        progress: called before every turn with the clip and the candidate.
    """
    runs = {each: _Run(trackers[each.label], each, clip) for each in candidates}
    for run in runs.values():
        run.start(clip.frames[0])
        run.step(clip.frames[1])
        run.course = Course()
    for names in shuffled_rounds(candidates, INITS):
        for name in names:
            runs[name].course.init_s.append(runs[name].start(clip.frames[0]))
    for number, names in enumerate(shuffled_rounds(candidates, turns_in(clip))):
        frames = clip.frames[1 + number * TURN : 1 + (number + 1) * TURN]
        for name in names:
            progress(f"{clip.name}: {name}")
            runs[name].turn(frames)
    return {name: run.course for name, run in runs.items()}


class _Run:
    """A candidate with its states: one, or one of each target."""

    def __init__(self, tracker: Tracker, candidate: Candidate, clip: Clip) -> None:
        boxes = start_boxes(clip.box_xywh, candidate.targets)
        self._groups = boxes[:, None].unbind() if candidate.separate else (boxes,)
        self._tracker = tracker
        self._states: list[Any] = []
        self.course = Course()

    def start(self, frame: FrameArray) -> float:
        """Start all targets anew; seconds."""
        began = now()
        self._states = [self._tracker.init(frame, boxes) for boxes in self._groups]
        return now() - began

    def step(self, frame: FrameArray) -> float:
        """Track all targets into the next frame; seconds."""
        results = []
        began = now()
        for i, state in enumerate(self._states):
            self._states[i], result = self._tracker.update(state, frame)
            results.append(result)
        seconds = now() - began
        self.course.boxes_xywh.append(torch.cat([result.boxes_xywh.cpu() for result in results]))
        self.course.lost += sum(int(result.lost.sum()) for result in results)
        return seconds

    def turn(self, frames: Sequence[FrameArray]) -> None:
        """Track the frames of a turn."""
        self.course.turns_s.append([self.step(frame) for frame in frames][1:])
