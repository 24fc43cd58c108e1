"""How good a lost signal is: delays, false alarms and recoveries over clips that were followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.following import follow
from siamcorr.geometry.overlap import box_overlap
from siamcorr.types import Sequence as Video
from siamcorr.types import Tracker

__all__ = ["ClipCourse", "FloatArray", "LostRates", "clip_course", "lost_rates", "real_rates"]

FPS = 30.0
"""Frames per second that rates per minute are stated for."""
_IN_SIGHT = 0.5
"""Visible share, and overlap with the truth, from which a target counts as seen and as followed."""

FloatArray: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ClipCourse:
    """What happened in one clip, frame by frame after the first.

    Attributes:
        name: of the clip.
        visible: (T,) visible share of the target.
        overlap: (T,) of its box with the truth.
        confidence: (T,).
        lost: (T,) bool.
    """

    name: str
    visible: FloatArray
    overlap: FloatArray
    confidence: FloatArray
    lost: Flags


@dataclass(frozen=True)
class LostRates:
    """The lost signal over several clips.

    Attributes:
        disappearances: number of clips in which the target vanishes altogether.
        detected: share of them in which it was called lost before it was back.
        delay_median: frames from the first without a visible pixel to the first called lost.
        delay_worst: the largest such number.
        false_alarms_a_minute: losses declared while the target was seen and followed.
        found_again: share of disappearances after which the target was followed again.
        found_after_median: frames from the first in which half of it is back.
        wrong: share of frames that are wrong: hidden and not lost, or seen and not followed.
    """

    disappearances: int
    detected: float
    delay_median: float
    delay_worst: float
    false_alarms_a_minute: float
    found_again: float
    found_after_median: float
    wrong: float


def clip_course(tracker: Tracker, clip: Video) -> ClipCourse:
    """Run the tracker through a clip of one target."""
    found = follow(tracker, clip).trajectory
    if found.scores is None or found.lost is None:
        raise InvalidArgument(
            f"clip_course: the tracker {type(tracker).__name__} gives no scores or no lost flags"
        )
    truth = torch.tensor(clip.boxes_xywh[:, 0])
    return ClipCourse(
        clip.name,
        clip.visible[1:, 0],
        box_overlap(torch.tensor(found.boxes_xywh), truth)[1:].numpy(),
        found.scores[1:],
        found.lost[1:],
    )


def lost_rates(courses: Sequence[ClipCourse]) -> LostRates:
    """Delays, false alarms and recoveries over clips that have one disappearance each."""
    delays, recoveries, events = [], [], 0
    for course in courses:
        hidden = np.flatnonzero(course.visible == 0)
        if len(hidden) == 0:
            continue
        events += 1
        back = hidden[-1] + np.flatnonzero(course.visible[hidden[-1] :] >= _IN_SIGHT)
        end = back[0] if len(back) else len(course.visible)
        called = np.flatnonzero(course.lost[hidden[0] : end])
        if len(called):
            delays.append(called[0])
        again = np.flatnonzero(_followed(course)[end:])
        if len(again):
            recoveries.append(again[0])
    return LostRates(
        disappearances=events,
        detected=len(delays) / max(events, 1),
        delay_median=float(np.median(delays)) if delays else float("nan"),
        delay_worst=float(np.max(delays)) if delays else float("nan"),
        false_alarms_a_minute=false_alarms_a_minute(courses),
        found_again=len(recoveries) / max(events, 1),
        found_after_median=float(np.median(recoveries)) if recoveries else float("nan"),
        wrong=float(np.mean(np.concatenate([_wrong(course) for course in courses]))),
    )


def false_alarms_a_minute(courses: Sequence[ClipCourse]) -> float:
    """Losses declared while the target was seen and followed, per minute in which it was."""
    alarms = seen = 0
    for course in courses:
        followed = (course.visible >= _IN_SIGHT) & (course.overlap >= _IN_SIGHT)
        begins = course.lost & ~np.concatenate(([False], course.lost[:-1]))
        alarms += int((begins & followed).sum())
        seen += int(followed.sum())
    return alarms * 60 * FPS / max(seen, 1)


def real_rates(courses: Sequence[ClipCourse]) -> dict[str, float]:
    """On real sequences, whose annotation does not say when a target is hidden.

    Returns:
        `false_alarms_a_minute`; `lost_while_followed`, the share of frames with overlap above 0.5
        that were called lost; `lost_while_astray`, that of frames with overlap below 0.1.
    """
    overlap = np.concatenate([course.overlap for course in courses])
    lost = np.concatenate([course.lost for course in courses])
    return {
        "false_alarms_a_minute": false_alarms_a_minute(courses),
        "lost_while_followed": float(lost[overlap > 0.5].mean()),
        "lost_while_astray": float(lost[overlap < 0.1].mean()),
    }


def _followed(course: ClipCourse) -> Flags:
    return ~course.lost & (course.overlap >= _IN_SIGHT)


def _wrong(course: ClipCourse) -> Flags:
    hidden, seen = course.visible == 0, course.visible >= _IN_SIGHT
    wrong: Flags = (hidden & ~course.lost) | (seen & ~_followed(course))
    return wrong
