"""The Markdown table of an op benchmark record."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from siamcorr.workflows.records import heading

__all__ = ["markdown", "within_share"]

_BACKENDS = ("conv2d", "matmul", "fft", "reference")
_CLOSE = 1.2
_LEGEND = (
    "Medians of interleaved calls in ms, float32. `classic`: the batch folded into the groups of "
    "one `F.conv2d`, gradients left to autograd. `speed-up`: classic over auto. `auto/best`: "
    "automatic choice over the fastest backend of the row. `error`: largest error of the response "
    "over its largest value, against float64, for auto and (classic)."
)


def markdown(record: dict[str, Any]) -> str:
    """Render a record: what was measured where, one table a thread count, and the summary."""
    lines = [
        *heading(record, "Correlation ops"),
        _LEGEND,
        "",
        "Measured again by `siamcorr bench ops`.",
    ]
    for threads in sorted({row["threads"] for row in record["rows"]}):
        rows = [row for row in record["rows"] if row["threads"] == threads]
        plural = "s" if threads > 1 else ""
        lines += ["", f"## {threads} thread{plural}", _summary(rows), "", *_table(rows)]
    return "\n".join(lines) + "\n"


def within_share(rows: Iterable[dict[str, Any]]) -> float:
    """Share of rows in which the automatic choice is within 1.2 times the best backend."""
    ratios = [_over_best(row) for row in rows]
    return sum(ratio <= _CLOSE for ratio in ratios) / len(ratios)


def _summary(rows: list[dict[str, Any]]) -> str:
    gains = [_median(row, "classic") / _median(row, "auto") for row in rows]
    return (
        f"{len(rows)} rows. The automatic choice is within {_CLOSE} times the best backend in "
        f"{within_share(rows):.1%} of them; the median speed-up over classic is "
        f"{statistics.median(gains):.1f}, the least {min(gains):.2f}, the largest {max(gains):.0f}."
    )


def _table(rows: list[dict[str, Any]]) -> list[str]:
    head = ["op", "search", "template", "direction", "classic", *_BACKENDS]
    head += ["auto", "chosen", "speed-up", "auto/best", "error"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows]


def _cells(row: dict[str, Any]) -> list[str]:
    times = [_milliseconds(row, name) for name in ("classic", *_BACKENDS, "auto")]
    error = f"{row['error']['auto']:.1e} ({row['error']['classic']:.1e})"
    return [
        row["op"],
        "x".join(map(str, row["search"])),
        "x".join(map(str, row["template"])),
        row["direction"],
        *times,
        " ".join(dict.fromkeys(row["choice"].values())),
        f"{_median(row, 'classic') / _median(row, 'auto'):.2f}",
        f"{_over_best(row):.2f}",
        error,
    ]


def _median(row: dict[str, Any], name: str) -> float:
    return float(row["seconds"][name]["median_s"])


def _milliseconds(row: dict[str, Any], name: str) -> str:
    return f"{_median(row, name) * 1e3:.3g}" if name in row["seconds"] else ""


def _over_best(row: dict[str, Any]) -> float:
    best = min(_median(row, name) for name in _BACKENDS if name in row["seconds"])
    return _median(row, "auto") / best
