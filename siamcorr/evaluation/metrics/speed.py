"""Speed of a tracker from the seconds of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics.inputs import check_values

__all__ = ["SpeedSummary", "speed_summary"]


@dataclass(frozen=True)
class SpeedSummary:
    """How fast a tracker was.

    Attributes:
        frames: number of updates, which the figures below but the last are about.
        fps_mean: frames over their total seconds.
        ms_median: milliseconds of the median frame.
        ms_p95: milliseconds that 95 % of the frames stay within.
        init_ms: mean milliseconds of `init`, the first frame.
    """

    frames: int
    fps_mean: float
    ms_median: float
    ms_p95: float
    init_ms: float


def speed_summary(*runs: npt.ArrayLike) -> SpeedSummary:
    """Summarise one run, or several that are pooled frame by frame.

    fps_mean = updates / total seconds of the updates

    Args:
        runs: for each run (T,) seconds, the first frame's init and then every update; T >= 2.

    Returns:
        The summary.

    Convention:
        The first frame of each run, whose time is `init`'s, stands apart. The mean of 1/seconds
        over frames, which some toolkits print as frames per second, is never less and is not used.

    Raises:
        ShapeError: no run, or one without an update.
        InvalidArgument: a time is not finite or not > 0.

    Example:
        >>> speed_summary([0.5, 0.01, 0.03]).fps_mean
        50.0
    """
    checked = [check_values("speed_summary", f"run {i}", run) for i, run in enumerate(runs)]
    if not checked or min(len(run) for run in checked) < 2:
        raise ShapeError(
            "speed_summary: expected at least one run of T >= 2 frames, got lengths "
            f"{[len(run) for run in checked]}"
        )
    if any((run <= 0).any() for run in checked):
        raise InvalidArgument("speed_summary: seconds must be > 0 in every frame")
    updates = np.concatenate([run[1:] for run in checked])
    return SpeedSummary(
        frames=len(updates),
        fps_mean=float(len(updates) / updates.sum()),
        ms_median=float(np.median(updates) * 1e3),
        ms_p95=float(np.quantile(updates, 0.95) * 1e3),
        init_ms=float(np.mean([run[0] for run in checked]) * 1e3),
    )
