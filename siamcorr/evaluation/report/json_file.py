"""A report as JSON: sorted keys, six decimals, equal bytes for equal numbers."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from siamcorr.evaluation.report.model import Report, TrackerReport

__all__ = ["report_json", "report_record"]

SCHEMA = 1
_DECIMALS = 6


def report_record(report: Report) -> dict[str, Any]:
    """A report as plain dictionaries, lists, texts and numbers.

    Args:
        report: of any protocol.

    Returns:
        What `report.json` holds. Numbers are rounded to six decimals, NaN is None, and trackers
        are a list, because their order matters.
    """
    record = {
        "schema": SCHEMA,
        "dataset": report.dataset,
        "protocol": report.protocol,
        "convention": report.convention,
        "headline": report.headline,
        "trackers": [_tracker_record(tracker) for tracker in report.trackers],
        "comparisons": [asdict(item) for item in report.comparisons],
        "frames": dict(report.frames),
        "attributes": {tag: list(names) for tag, names in report.attributes.items()},
        "notes": list(report.notes),
    }
    rounded: dict[str, Any] = _rounded(record)
    return rounded


def report_json(report: Report) -> str:
    """The text of `report.json`: no time, no path, no host.

    Args:
        report: of any protocol.

    Returns:
        JSON with sorted keys that ends in a newline.
    """
    record = report_record(report)
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _tracker_record(tracker: TrackerReport) -> dict[str, Any]:
    return {
        "label": tracker.label,
        "summary": dict(tracker.summary),
        "intervals": {metric: list(ends) for metric, ends in tracker.intervals.items()},
        "curves": {name: {"x": x, "y": y} for name, (x, y) in tracker.curves.items()},
        "sequences": {name: dict(values) for name, values in tracker.sequences.items()},
        "attributes": {tag: dict(values) for tag, values in tracker.attributes.items()},
    }


def _rounded(value: Any) -> Any:
    """The same with every float rounded, arrays as lists, NaN as None and no negative zero."""
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else round(float(value), _DECIMALS) + 0.0
    return value.item() if isinstance(value, np.generic) else value
