"""A report as Markdown: the tables that people paste into an issue or a paper's appendix."""

from __future__ import annotations

import re
from collections.abc import Mapping

from siamcorr.evaluation.report.model import METRICS, Report
from siamcorr.evaluation.report.tables import (
    Table,
    attribute_rows,
    comparison_rows,
    sequence_rows,
    summary_rows,
)
from siamcorr.evaluation.report.words import report_title

__all__ = ["report_markdown"]


def report_markdown(report: Report, pictures: Mapping[str, str] | None = None) -> str:
    """Compose `report.md`.

    Args:
        report: of any protocol.
        pictures: path relative to the file, by the text that describes the picture.

    Returns:
        Markdown that ends in a newline; holds no time, path of the machine, or host.
    """
    parts = [
        f"# {_plain(report_title(report))}",
        (
            f"{len(report.frames)} sequences, {sum(report.frames.values())} frames, "
            f"convention `{report.convention}`."
        ),
        _table(summary_rows(report)),
    ]
    parts += [f"![{_plain(text)}]({path})" for text, path in (pictures or {}).items()]
    if report.comparisons:
        baseline = _plain(report.trackers[0].label)
        parts += [f"## Compared with {baseline}", _table(comparison_rows(report), texts=2)]
    if (metric := report.attribute_metric) is not None:
        parts += [f"## {METRICS[metric].title}, by attribute"]
        parts += [_table(attribute_rows(report, metric))]
    for metric in report.sequence_metrics[:1]:
        parts += [f"## {METRICS[metric].title}, by sequence"]
        parts += [_table(sequence_rows(report, metric))]
    if report.notes:
        parts += ["## How it is counted", "\n".join(f"- {note}" for note in report.notes)]
    return "\n\n".join(parts) + "\n"


def _table(table: Table, texts: int = 1) -> str:
    """A table whose first `texts` columns stand left and the others right."""
    rule = ["---" if i < texts else "---:" for i in range(len(table.columns))]
    rows = [[_plain(cell) for cell in row] for row in (table.columns, *table.rows)]
    lines = [rows[0], rule, *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is; brackets stay bare where they make no link."""
    return re.sub(r"([\\`*_<>|#]|\[(?=[^]]*\]\())", r"\\\1", " ".join(text.split()))
