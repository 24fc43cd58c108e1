"""Calibration of the lost signal: thresholds chosen on some rendered clips, checked on others."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.errors import BackendUnavailable
from siamcorr.evaluation.following import follow
from siamcorr.geometry.overlap import box_overlap
from siamcorr.tracking.cf import CFTracker
from siamcorr.tracking.cf_settings import CFSettings, LostSettings
from siamcorr.types import Sequence as Video
from siamcorr.workflows.disappearances import KINDS, disappearance

__all__ = [
    "ClipCourse",
    "LostRates",
    "calibrate",
    "clip_course",
    "course_picture",
    "lost_rates",
    "lost_table",
    "real_rates",
    "rendered_clips",
    "with_thresholds",
]

FPS = 30.0
"""Frames per second that rates per minute are stated for."""
_IN_SIGHT = 0.5
"""Visible share, and overlap with the truth, from which a target counts as seen and as followed."""

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


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
    visible: Array
    overlap: Array
    confidence: Array
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


def rendered_clips(seeds: Iterable[int]) -> list[Video]:
    """A clip of each kind for each seed."""
    return [disappearance(seed, kind) for seed in seeds for kind in KINDS]


def with_thresholds(settings: CFSettings, **changes: Any) -> CFTracker:
    """The tracker with other values in its `lost` block."""
    content = settings.lost.model_dump() | changes
    return CFTracker(settings.model_copy(update={"lost": LostSettings(**content)}))


def clip_course(tracker: CFTracker, clip: Video) -> ClipCourse:
    """Run the tracker through a clip of one target."""
    found = follow(tracker, clip).trajectory
    assert found.scores is not None
    assert found.lost is not None
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


def calibrate(
    settings: CFSettings, clips: Sequence[Video], grid: Iterable[dict[str, Any]]
) -> list[tuple[dict[str, Any], LostRates]]:
    """Rates of every candidate, the one with the fewest wrong frames first."""
    found = []
    for changes in grid:
        tracker = with_thresholds(settings, **changes)
        found.append((changes, lost_rates([clip_course(tracker, clip) for clip in clips])))
    return sorted(found, key=lambda pair: pair[1].wrong)


def lost_table(record: Mapping[str, Any]) -> str:
    """The record as Markdown."""
    found, using = record["machine"], record["versions"]
    lines = [
        f"# Lost targets: tracker cf, siamcorr {using['siamcorr']}, torch {using['torch']}",
        (
            f"{found['processor']}, {found['cores']} cores, {found['system']}, "
            f"Python {using['python']}, commit {using['commit']}."
        ),
        "",
        _NOTE,
        "",
        "| below / after / found above | " + " | ".join(_COLUMNS.values()) + " |",
        "|---|" + "---|" * len(_COLUMNS),
    ]
    for row in record["candidates"]:
        name = f"{row['below']} / {row['after']} / {row['found_above']}"
        lines.append(_row(name, row))
    lines.append(_row("chosen, second half", record["held_out"]))
    if "real" in record:
        real = record["real"]
        lines += ["", _REAL.format(count=len(real["sequences"]), **real)]
    return "\n".join(lines) + "\n"


def course_picture(courses: Sequence[ClipCourse], rules: LostSettings) -> bytes:
    """Confidence, overlap and lost frames over time, a panel a clip, as PNG.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendUnavailable(
            "course_picture: matplotlib is not installed; pip install 'siamcorr[eval]'"
        ) from error
    figure = Figure(figsize=(9, 2.6 * len(courses)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(courses), sharex=True, squeeze=False)[:, 0]
    for axes, course in zip(panels, courses, strict=True):
        frames = np.arange(1, len(course.confidence) + 1)
        axes.plot(frames, course.confidence, color="#0072b2", label="confidence")
        axes.plot(frames, course.overlap, color="#999999", linewidth=1, label="overlap with truth")
        for level in (rules.below, rules.found_above):
            axes.axhline(level, color="#d55e00", linewidth=0.8, linestyle=":")
        axes.fill_between(
            frames, 0, 1, where=course.lost, transform=axes.get_xaxis_transform(),
            color="#d55e00", alpha=0.25, linewidth=0, label="lost",
        )  # fmt: skip
        axes.set_title(course.name, loc="left")
        axes.set_ylim(bottom=0)
    panels[0].legend(loc="upper right", ncols=3)
    panels[-1].set_xlabel("frame")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


_NOTE = (
    "Rendered clips of 140 frames at 30 a second; in each the target vanishes altogether and comes "
    "back (walls, covers, exits in equal parts). Delays in frames. `wrong`: share of frames hidden "
    "and not lost, or seen and not followed. The candidate with the fewest wrong frames on the "
    "first half of the seeds is chosen and checked on the second half."
)
_REAL = (
    "{count} real sequences: {false_alarms_a_minute:.2f} false alarms a minute; called lost in "
    "{lost_while_followed:.1%} of the frames with overlap above 0.5, in {lost_while_astray:.1%} of "
    "those with overlap below 0.1."
)
_COLUMNS = {
    "disappearances": "disappearances",
    "detected": "detected",
    "delay_median": "delay, median",
    "delay_worst": "worst",
    "false_alarms_a_minute": "false alarms a minute",
    "found_again": "found again",
    "found_after_median": "after, median",
    "wrong": "wrong",
}


def _row(name: str, rates: Mapping[str, Any]) -> str:
    return f"| {name} | " + " | ".join(f"{rates[key]:.3g}" for key in _COLUMNS) + " |"


def _followed(course: ClipCourse) -> Flags:
    return ~course.lost & (course.overlap >= _IN_SIGHT)


def _wrong(course: ClipCourse) -> Flags:
    hidden, seen = course.visible == 0, course.visible >= _IN_SIGHT
    wrong: Flags = (hidden & ~course.lost) | (seen & ~_followed(course))
    return wrong
