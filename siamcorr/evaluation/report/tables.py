"""The tables of a report as plain text cells: for the terminal, and for Markdown."""

from __future__ import annotations

from typing import NamedTuple

from siamcorr.evaluation.report.model import METRICS, Comparison, Report, TrackerReport

__all__ = [
    "Table",
    "attribute_rows",
    "best_positions",
    "comparison_rows",
    "format_difference",
    "format_interval",
    "format_metric",
    "sequence_rows",
    "summary_rows",
]

_NOTHING = "–"


class Table(NamedTuple):
    """Headings and rows of text; the first column names the row.

    Attributes:
        columns: headings.
        rows: one list a row, as long as `columns`.
    """

    columns: list[str]
    rows: list[list[str]]


def format_metric(metric: str, value: float | None) -> str:
    """A number with the digits of its metric; a dash where there is none.

    Example:
        >>> format_metric("success_auc", 0.58239), format_metric("failures", 70.0)
        ('0.582', '70')
    """
    if value is None or value != value:
        return _NOTHING
    return f"{value:.{METRICS[metric].digits}f}"


def format_interval(metric: str, interval: tuple[float, float] | None) -> str:
    """An interval as `[low, high]`; empty where there is none."""
    if interval is None:
        return ""
    return f"[{format_metric(metric, interval[0])}, {format_metric(metric, interval[1])}]"


def format_difference(metric: str, value: float) -> str:
    """A difference with its sign, one digit finer where the metric counts whole things."""
    return f"{value:+.{max(METRICS[metric].digits, 1)}f}".replace("-", "−")


def best_positions(values: list[float | None], *, higher_is_better: bool) -> set[int]:
    """Positions of the best value, several where they are equal; none among fewer than two."""
    known = [v for v in values if v is not None and v == v]
    if len(known) < 2:
        return set()
    best = max(known) if higher_is_better else min(known)
    return {i for i, value in enumerate(values) if value == best}


def summary_rows(report: Report) -> Table:
    """One row a tracker, the best first: every metric, the headline with its interval.

    Args:
        report: of any protocol.

    Returns:
        Text cells; the headline reads `0.582 [0.541, 0.622]`.
    """
    rows = []
    for i in report.ranking:
        tracker = report.trackers[i]
        rows.append([tracker.label, *(_summary_cell(report, tracker, m) for m in report.metrics)])
    return Table(["tracker", *(METRICS[m].short for m in report.metrics)], rows)


def comparison_rows(report: Report) -> Table:
    """One row a tracker and metric: the paired difference to the first tracker."""
    columns = ["tracker", "metric", "difference", "95 % interval", "better on", "worse on"]
    return Table(columns, [_comparison_row(item) for item in report.comparisons])


def sequence_rows(report: Report, metric: str) -> Table:
    """One row a sequence: its frames and one metric of every tracker."""
    rows = [
        [name, str(frames), *(format_metric(metric, value) for value in values)]
        for name, frames in report.frames.items()
        for values in [[t.sequences.get(name, {}).get(metric) for t in report.trackers]]
    ]
    return Table(["sequence", "frames", *(t.label for t in report.trackers)], rows)


def attribute_rows(report: Report, metric: str) -> Table:
    """One row a tag: how many sequences have it, and one metric of every tracker."""
    rows = [
        [tag, str(len(names)), *(format_metric(metric, value) for value in values)]
        for tag, names in report.attributes.items()
        for values in [[t.attributes.get(tag, {}).get(metric) for t in report.trackers]]
    ]
    return Table(["attribute", "sequences", *(t.label for t in report.trackers)], rows)


def _summary_cell(report: Report, tracker: TrackerReport, metric: str) -> str:
    value = format_metric(metric, tracker.summary.get(metric))
    if metric != report.headline:
        return value
    return f"{value} {format_interval(metric, tracker.intervals.get(metric))}".strip()


def _comparison_row(item: Comparison) -> list[str]:
    low, high = (format_difference(item.metric, value) for value in (item.low, item.high))
    return [
        f"{item.label} − {item.baseline}",
        METRICS[item.metric].short,
        format_difference(item.metric, item.difference),
        f"[{low}, {high}]" + ("" if item.is_clear else " holds 0"),
        str(item.wins),
        str(item.losses),
    ]
