"""Sections of the page that are tables: ranking, comparison, attributes, sequences, speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from siamcorr.evaluation.report.marks import Axis, dots, interval_mark, swatch
from siamcorr.evaluation.report.markup import Html, element, join
from siamcorr.evaluation.report.model import METRICS, Comparison, Report, TrackerReport
from siamcorr.evaluation.report.tables import (
    best_positions,
    format_difference,
    format_interval,
    format_metric,
)

__all__ = [
    "attribute_section",
    "comparison_section",
    "ranking_section",
    "section",
    "sequence_section",
    "tracker_name",
]

Speeds = Mapping[str, float]


class _Head(NamedTuple):
    """The heading of a column; one without content or with `sorts` False does not sort."""

    content: str
    sorts: bool = True
    class_: str | None = None


def section(anchor: str, title: str, explanation: str, *children: Html) -> Html:
    """A section with its anchor, heading and a sentence on how to read it."""
    heading = element("h2", title, id=f"{anchor}-title")
    words = element("p", explanation, class_="soft")
    return element(
        "section", heading, words, *children, id=anchor, aria_labelledby=f"{anchor}-title"
    )


def tracker_name(report: Report, i: int) -> Html:
    """Colour and label of tracker number `i`."""
    return element("span", swatch(i), element("span", report.trackers[i].label), class_="name")


def ranking_section(report: Report, fps: Speeds) -> Html:
    """Trackers from best to worst with the headline's interval, all metrics, and the speed."""
    best = {
        metric: best_positions(
            [tracker.summary.get(metric) for tracker in report.trackers],
            higher_is_better=METRICS[metric].higher_is_better,
        )
        for metric in report.metrics
    }
    rows = [_ranking_row(report, i, best, fps) for i in report.ranking]
    heads = [_Head("Tracker")]
    for metric in report.metrics:
        heads.append(_Head(METRICS[metric].short))
        if metric == report.headline:
            heads += [_Head(""), _Head("95 % interval")][: 2 if _has_interval(report) else 1]
    heads += [_Head("Frames/s")] if fps else []
    words = f"By {METRICS[report.headline].title.lower()}. {_directions(report)}"
    return section("ranking", "Ranking", words, _card(_table(heads, rows)))


def _ranking_row(report: Report, i: int, best: Mapping[str, set[int]], fps: Speeds) -> Html:
    """Tracker number `i`; intervals of the metrics that do not rank are hints of their cells."""
    tracker = report.trackers[i]
    headline = report.headline
    axis = _axis([v for t in report.trackers for v in (t.summary[headline], *_ends(t, headline))])
    cells = [_cell(tracker_name(report, i), tracker.label)]
    for metric in report.metrics:
        interval = format_interval(metric, tracker.intervals.get(metric))
        classes = "best" if i in best[metric] else ""
        if metric != headline:
            hint = f"95 % interval {interval}" if interval else None
            cells.append(_number(metric, tracker.summary.get(metric), classes, hint=hint))
            continue
        mark = interval_mark(i, axis, tracker.summary[metric], tracker.intervals.get(metric))
        cells += [_number(metric, tracker.summary[metric], f"{classes} big"), _cell(mark)]
        if _has_interval(report):
            cells.append(_cell(element("small", interval, class_="soft")))
    if fps:
        speed = fps.get(tracker.label)
        cells.append(_cell("–" if speed is None else f"{speed:,.0f}", speed or ""))
    return element("tr", *cells)


def comparison_section(report: Report) -> Html | None:
    """Paired differences of every tracker to the first, with the zero line."""
    if not report.comparisons:
        return None
    groups = [
        _comparison_group(report, metric, [c for c in report.comparisons if c.metric == metric])
        for metric in report.metrics
        if any(c.metric == metric for c in report.comparisons)
    ]
    baseline = report.trackers[0].label
    words = (
        f"Difference to {baseline} on the same sequences, with a paired 95 % bootstrap interval. "
        "An interval that leaves out zero is a clear difference."
    )
    heads = ["Tracker", "Difference", "", "95 % interval", "Better on", "Worse on"]
    table = _table([_Head(head) for head in heads], groups, sortable=False)
    return section("comparison", f"Compared with {baseline}", words, _card(table))


def attribute_section(report: Report) -> Html | None:
    """One row a tag, a dot and a shaded number a tracker."""
    metric = report.attribute_metric
    if metric is None:
        return None
    rows = [
        (tag, len(names), [t.attributes.get(tag, {}).get(metric) for t in report.trackers])
        for tag, names in report.attributes.items()
    ]
    words = f"{METRICS[metric].title}, of what has the attribute."
    table = _value_table(report, metric, ("Attribute", "Sequences"), rows)
    return section("attributes", "By attribute", words, _card(table))


def sequence_section(report: Report) -> Html:
    """Every sequence: the first metric open, the others folded."""
    tables: list[Html] = []
    for metric in report.sequence_metrics:
        rows = [
            (name, frames, [t.sequences.get(name, {}).get(metric) for t in report.trackers])
            for name, frames in report.frames.items()
        ]
        table = _value_table(report, metric, ("Sequence", "Frames"), rows)
        title = METRICS[metric].title
        folded = element("details", element("summary", title), table)
        tables.append(folded if tables else table)
    words = f"{METRICS[report.sequence_metrics[0]].title}. Click a heading to sort."
    return section("sequences", "By sequence", words, _card(*tables))


def _comparison_group(report: Report, metric: str, items: Sequence[Comparison]) -> Html:
    """Rows of one metric under its name, on one axis."""
    position = {tracker.label: i for i, tracker in enumerate(report.trackers)}
    axis = _axis([0.0, *(end for item in items for end in (item.low, item.high))], unit=False)
    title = element("th", METRICS[metric].title, colspan=6, scope="rowgroup", class_="group")
    rows = [element("tr", title)]
    for item in items:
        i = position[item.label]
        sign = 1 if METRICS[metric].higher_is_better else -1
        side = ("better" if sign * item.difference > 0 else "worse") if item.is_clear else ""
        low, high = (format_difference(metric, end) for end in (item.low, item.high))
        mark = interval_mark(i, axis, item.difference, (item.low, item.high), zero=True)
        rows.append(
            element(
                "tr",
                _cell(tracker_name(report, i)),
                element("td", format_difference(metric, item.difference), class_=f"{side} best"),
                _cell(mark),
                _cell(element("small", f"[{low}, {high}]", class_="soft")),
                _cell(str(item.wins)),
                _cell(str(item.losses)),
            )
        )
    return element("tbody", *rows)


def _value_table(
    report: Report,
    metric: str,
    names: tuple[str, str],
    rows: Sequence[tuple[str, int, list[float | None]]],
) -> Html:
    """Rows of a name, a count, a dot and a shaded number for every tracker."""
    known = [value for _, _, values in rows for value in values if value is not None]
    axis = _axis(known)
    direction = METRICS[metric].higher_is_better
    lines = []
    for name, count, values in rows:
        best = best_positions(values, higher_is_better=direction)
        cells = [_cell(name, name), _cell(str(count), count)]
        cells.append(element("td", dots(values, axis), class_="spare"))
        for i, value in enumerate(values):
            share = None if value is None else (value - axis.low) / (axis.high - axis.low)
            classes = "heat best" if i in best else "heat"
            cells.append(_number(metric, value, classes, share))
        lines.append(element("tr", *cells))
    ends = _Head(f"{axis.low:g} to {axis.high:g}", sorts=False, class_="spare")
    labels = [_Head(tracker_name(report, i)) for i in range(len(report.trackers))]
    return _table([_Head(names[0]), _Head(names[1]), ends, *labels], lines)


def _table(heads: Sequence[_Head], rows: Sequence[Html], *, sortable: bool = True) -> Html:
    """A table in its own horizontal scroller: of rows whose columns sort, or of whole bodies."""
    cells = []
    for head in heads:
        button = element("button", head.content, type="button")
        content = button if sortable and head.sorts and head.content else join(head.content)
        cells.append(element("th", content, scope="col", class_=head.class_))
    top = element("thead", element("tr", *cells))
    if sortable:
        table = element("table", top, element("tbody", *rows), class_="sortable")
    else:
        table = element("table", top, *rows)
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Table")


def _cell(content: str, value: str | float | None = None) -> Html:
    return element("td", content, data_v=value)


def _number(
    metric: str,
    value: float | None,
    classes: str,
    share: float | None = None,
    hint: str | None = None,
) -> Html:
    known = value is not None and value == value
    return element(
        "td",
        format_metric(metric, value),
        data_v=f"{value:.6f}" if known else "",
        class_=classes.strip() or None,
        style=f"--v:{share:.3f}" if known and share is not None else None,
        title=hint,
    )


def _card(*children: Html) -> Html:
    return element("div", *children, class_="card")


def _axis(values: Sequence[float], *, unit: bool = True) -> Axis:
    """Ends for marks: 0 ... 1 where everything fits, else what the values span."""
    finite = [value for value in values if value == value]
    if not finite:
        return Axis(0.0, 1.0)
    if unit and min(finite) >= 0 and max(finite) <= 1:
        return Axis(0.0, 1.0)
    low, high = min(0.0, *finite), max(0.0, *finite)
    return Axis(low, high if high > low else low + 1.0)


def _ends(tracker: TrackerReport, metric: str) -> tuple[float, ...]:
    """Ends of an interval; none where there is no interval."""
    return tracker.intervals.get(metric, ())


def _has_interval(report: Report) -> bool:
    return any(report.headline in tracker.intervals for tracker in report.trackers)


def _directions(report: Report) -> str:
    lower = [METRICS[m].short for m in report.metrics if not METRICS[m].higher_is_better]
    return f"Lower is better for {' and '.join(lower)}." if lower else "Higher is better."
