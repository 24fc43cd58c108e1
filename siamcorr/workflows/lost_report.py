"""The record of a calibrated lost signal as Markdown, and the course of clips as a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from siamcorr.errors import BackendUnavailable
from siamcorr.workflows.lost_rates import ClipCourse
from siamcorr.workflows.records import heading

__all__ = ["course_picture", "lost_table"]


def lost_table(record: Mapping[str, Any]) -> str:
    """The record as Markdown."""
    lines = [
        *heading(record, f"Lost targets, tracker {record['tracker']}"),
        _NOTE,
        "",
        "| signal / below / after / found above | " + " | ".join(_COLUMNS.values()) + " |",
        "|---|" + "---|" * len(_COLUMNS),
    ]
    for row in record["candidates"]:
        name = f"{row['signal']} / {row['below']} / {row['after']} / {row['found_above']}"
        lines.append(_row(name, row))
    lines.append(_row("chosen, second half", record["held_out"]))
    if "real" in record:
        real = record["real"]
        lines += ["", _REAL.format(count=len(real["sequences"]), **real)]
    return "\n".join(lines) + "\n"


def course_picture(courses: Sequence[ClipCourse], rules: Mapping[str, Any]) -> bytes:
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
        for level in (rules["below"], rules["found_above"]):
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
