"""`speed.json`: how fast the trackers were; apart from the report, which holds no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from siamcorr.evaluation.metrics.speed import speed_summary
from siamcorr.evaluation.results import Trajectory

__all__ = ["speed_record"]


def speed_record(
    runs: Mapping[str, Mapping[str, Sequence[Any]]], machine: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Speed of every tracker whose seconds were measured, over the frames of all its runs.

    Args:
        runs: label -> sequence -> runs; those without seconds or with one frame are left out.
        machine: what to say about the machine and the versions; None says nothing.

    Returns:
        `trackers`: label -> frames, fps_mean, ms_median, ms_p95, init_ms; and `machine`.
    """
    trackers = {}
    for label, of_tracker in runs.items():
        seconds = [
            run.seconds
            for of_sequence in of_tracker.values()
            for run in of_sequence
            if isinstance(run, Trajectory) and run.seconds is not None and len(run) > 1
        ]
        if seconds:
            summary = asdict(speed_summary(*seconds))
            trackers[label] = {key: round(value, 4) for key, value in summary.items()}
    return {"machine": dict(machine or {}), "trackers": trackers}
