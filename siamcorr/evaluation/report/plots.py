"""The curves of a report as plots: success, precision, overlap, EAO."""

from __future__ import annotations

from typing import Literal, NamedTuple

from siamcorr.evaluation.metrics.eao import VOT_INTERVALS
from siamcorr.evaluation.report.model import METRICS, Report
from siamcorr.evaluation.report.words import short_title
from siamcorr.viz.plots import Curve, plot_curves

__all__ = ["Plot", "report_plots"]


class Plot(NamedTuple):
    """A picture of one curve of all trackers.

    Attributes:
        name: of the curve, such as `success`; names the file.
        title: over the plot.
        content: bytes of the file.
    """

    name: str
    title: str
    content: bytes


class _Kind(NamedTuple):
    """How a curve is drawn and which numbers may stand in its legend."""

    title: str
    x_label: str
    y_label: str
    scores: tuple[str, ...]


_EAO_REACH = 2  # an EAO curve is drawn to this multiple of its interval's end

_KINDS = {
    "success": _Kind("Success", "overlap threshold", "share of frames", ("success_auc",)),
    "precision": _Kind(
        "Precision",
        "centre distance, px",
        "share of frames",
        ("precision_20", "precision"),
    ),
    "normalised_precision": _Kind(
        "Normalised precision",
        "centre distance, share of the target's size",
        "share of frames",
        ("normalised_precision",),
    ),
    "overlap": _Kind("Success", "overlap threshold", "share of frames", ("ao",)),
    "eao": _Kind("EAO", "frames since the start", "overlap", ("eao",)),
}


def report_plots(report: Report, file_format: Literal["png", "svg"]) -> tuple[Plot, ...]:
    """Every curve that the report's trackers have.

    Args:
        report: of any protocol.
        file_format: see `siamcorr.viz.plots.plot_curves`.

    Returns:
        One plot a curve, with the trackers in the report's colours.

    Raises:
        MissingDependency: matplotlib is not installed.
    """
    names = [name for name in _KINDS if any(name in t.curves for t in report.trackers)]
    return tuple(_plot(report, name, file_format) for name in names)


def _plot(report: Report, name: str, file_format: Literal["png", "svg"]) -> Plot:
    kind = _KINDS[name]
    score = next(metric for metric in kind.scores if metric in report.metrics)
    mark = _mark(report, score)
    curves = []
    for tracker in report.trackers:
        x, y = tracker.curves[name]
        shown = x <= _EAO_REACH * mark[1] if isinstance(mark, tuple) else slice(None)
        curves.append(Curve(tracker.label, x[shown], y[shown], tracker.summary[score]))
    title = f"{kind.title}, {short_title(report)}"
    content = plot_curves(
        curves,
        title=title,
        x_label=kind.x_label,
        y_label=kind.y_label,
        higher_is_better=METRICS[score].higher_is_better,
        mark_x=mark,
        file_format=file_format,
    )
    return Plot(name, title, content)


def _mark(report: Report, score: str) -> float | tuple[float, float] | None:
    """What the headline reads off the curve: 20 px, or the interval of the EAO."""
    if score == "precision_20":
        return 20.0
    return VOT_INTERVALS.get(report.convention) if score == "eao" else None
