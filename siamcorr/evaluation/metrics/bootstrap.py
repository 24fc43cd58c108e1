"""Confidence intervals over sequences: percentile bootstrap of a mean, of a paired difference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics.inputs import check_values
from siamcorr.evaluation.results import FloatArray

__all__ = ["Interval", "PairedDifference", "bootstrap_interval", "paired_interval"]

_BLOCK = 4_000_000  # resampled values held at a time, 32 MB of indices


class Interval(NamedTuple):
    """Ends of a confidence interval."""

    low: float
    high: float


class PairedDifference(NamedTuple):
    """Mean of a - b over sequences, with the ends of its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values: npt.ArrayLike, *, level: float = 0.95, draws: int = 10_000, seed: int = 0
) -> Interval:
    """Percentile interval of the mean over sequences.

    Sequences are drawn with replacement, as many as there are; the interval lies between the
    (1 - level) / 2 and (1 + level) / 2 quantiles of the means of the draws.

    Args:
        values: (S,) one score a sequence, S >= 1.
        level: share of the draws inside, > 0 and < 1.
        draws: number of resamplings, >= 1.
        seed: of the generator; the same seed gives the same interval.

    Returns:
        Ends of the interval.

    Convention:
        A sequence is the unit: frames of a video are not independent. A single sequence says
        nothing about others, and gets an interval of width 0.

    Raises:
        ShapeError: no values, or not one-dimensional.
        InvalidArgument: a value is not finite; level or draws out of range.

    Example:
        >>> low, high = bootstrap_interval([0.4, 0.5, 0.6, 0.7])
        >>> 0.4 < low < 0.55 < high < 0.7
        True
    """
    scores = check_values("bootstrap_interval", "values", values)
    return _percentiles(scores, level, draws, seed, who="bootstrap_interval")


def paired_interval(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Mean difference of two trackers on the same sequences, with its percentile interval.

    Args:
        a: (S,) scores of one tracker.
        b: (S,) scores of another on the same sequences in the same order.
        level: as in `bootstrap_interval`.
        draws: as there.
        seed: as there.

    Returns:
        mean(a - b) and the ends of its interval; an interval without 0 tells them apart.

    Convention:
        Both scores of a sequence are drawn together, so what makes a sequence hard for both
        cancels; intervals of a and of b alone may overlap where this one excludes 0.

    Raises:
        ShapeError: lengths differ, or no values.
        InvalidArgument: a value is not finite; level or draws out of range.

    Example:
        >>> paired_interval([0.75, 1.0], [0.5, 0.5]).mean
        0.375
    """
    first, second = check_values("paired_interval", "a", a), check_values("paired_interval", "b", b)
    if len(first) != len(second):
        raise ShapeError(
            f"paired_interval: a and b must hold the same sequences, got {len(first)} and "
            f"{len(second)}"
        )
    difference = first - second
    low, high = _percentiles(difference, level, draws, seed, who="paired_interval")
    return PairedDifference(float(difference.mean()), low, high)


def _percentiles(values: FloatArray, level: float, draws: int, seed: int, *, who: str) -> Interval:
    if not 0 < level < 1:
        raise InvalidArgument(f"{who}: level must be > 0 and < 1, got {level}")
    if draws < 1:
        raise InvalidArgument(f"{who}: draws must be >= 1, got {draws}")
    generator, count = np.random.default_rng(seed), len(values)
    block = max(1, _BLOCK // count)
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    means = [values[generator.integers(0, count, (size, count))].mean(1) for size in sizes]
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(float(low), float(high))
