"""The Markdown table of an op benchmark record."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from siamcorr.workflows.records import heading

__all__ = ["markdown", "within_share"]

_BACKENDS = ("conv2d", "matmul", "fft", "triton", "reference")
_CLOSE = 1.2
_LEGEND = (
    "Medians of interleaved calls in ms. `classic`: the batch folded into the groups of "
    "one `F.conv2d`, gradients left to autograd. `speed-up`: classic over auto. `auto/best`: "
    "automatic choice over the fastest backend of the row. `error`: largest error of the response "
    "over its largest value, against float64, for auto and (classic). `roofline`: share of auto's "
    "time that the operations of the formula, or its bytes moved once, would take at the "
    "machine's limits; spectra, with fewer operations, and data in caches can exceed 100%."
)


def markdown(record: dict[str, Any]) -> str:
    """Render a record: what was measured where, one table a thread count, and the summary."""
    settings = record["settings"]
    lines = [
        *heading(record, "Correlation ops"),
        f"{settings['dtype']} on {settings['device']}. {_LEGEND}",
        "",
        f"Measured again by `siamcorr bench ops{_options(settings)}`.",
    ]
    for threads in sorted({row["threads"] for row in record["rows"]}):
        rows = [row for row in record["rows"] if row["threads"] == threads]
        plural = "s" if threads > 1 else ""
        limits = _limits(record["limits"][str(threads)])
        lines += ["", f"## {threads} thread{plural}", _summary(rows), limits, "", *_table(rows)]
    return "\n".join(lines) + "\n"


def within_share(rows: Iterable[dict[str, Any]]) -> float:
    """Share of rows in which the automatic choice is within 1.2 times the best backend."""
    ratios = [_over_best(row) for row in rows]
    return sum(ratio <= _CLOSE for ratio in ratios) / len(ratios)


def _summary(rows: list[dict[str, Any]]) -> str:
    gains = [_median(row, "classic") / _median(row, "auto") for row in rows]
    return (
        f"{len(rows)} rows. The automatic choice is within {_CLOSE} times the best backend in "
        f"{within_share(rows):.1%} of them; the speed-up over classic is "
        f"{statistics.median(gains):.1f} in the median, {statistics.geometric_mean(gains):.1f} in "
        f"the geometric mean, the least {min(gains):.2f}, the largest {max(gains):.0f}."
    )


def _options(settings: dict[str, Any]) -> str:
    """The options of the command that differ from its defaults."""
    defaults = {"device": "cpu", "dtype": "float32"}
    changed = [name for name, value in defaults.items() if settings[name] != value]
    quick = " --quick" if settings["quick"] else ""
    return quick + "".join(f" --{name} {settings[name]}" for name in changed)


def _limits(limits: dict[str, float]) -> str:
    return (
        f"Limits measured in the same run: {limits['operations_per_s'] / 1e9:.0f} GFLOP/s in a "
        f"product of matrices, {limits['bytes_per_s'] / 1e9:.1f} GB/s in a copy."
    )


def _table(rows: list[dict[str, Any]]) -> list[str]:
    backends = [name for name in _BACKENDS if any(name in row["seconds"] for row in rows)]
    head = ["op", "search", "template", "direction", "classic", *backends]
    head += ["auto", "chosen", "speed-up", "auto/best", "roofline", "error"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(_cells(row, backends)) + " |" for row in rows]


def _cells(row: dict[str, Any], backends: list[str]) -> list[str]:
    times = [_milliseconds(row, name) for name in ("classic", *backends, "auto")]
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
        f"{row['roofline_s'] / _median(row, 'auto'):.0%}",
        error,
    ]


def _median(row: dict[str, Any], name: str) -> float:
    return float(row["seconds"][name]["median_s"])


def _milliseconds(row: dict[str, Any], name: str) -> str:
    return f"{_median(row, name) * 1e3:.3g}" if name in row["seconds"] else ""


def _over_best(row: dict[str, Any]) -> float:
    best = min(_median(row, name) for name in _BACKENDS if name in row["seconds"])
    return _median(row, "auto") / best
