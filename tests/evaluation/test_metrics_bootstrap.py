"""Bootstrap intervals against SciPy's, their coverage, and bad inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics import bootstrap_interval, paired_interval

VALUES = np.random.default_rng(3).beta(4, 3, 60)
OTHERS = np.clip(VALUES - 0.03 + np.random.default_rng(4).normal(0, 0.05, 60), 0, 1)


def by_scipy(values: np.ndarray, level: float, draws: int, seed: int) -> tuple[float, float]:
    result = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=draws,
        confidence_level=level,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return result.confidence_interval.low, result.confidence_interval.high


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_equals_scipy_with_other_draws(level: float) -> None:
    """Other seed, so only the law of large numbers makes them agree."""
    expected = by_scipy(VALUES, level, 40_000, seed=99)
    result = bootstrap_interval(VALUES, level=level, draws=40_000)
    assert result == pytest.approx(expected, abs=1.2e-3)
    assert result.low < VALUES.mean() < result.high


def test_equals_scipy_with_the_same_draws() -> None:
    expected = by_scipy(VALUES, 0.95, 500, seed=7)
    assert bootstrap_interval(VALUES, draws=500, seed=7) == pytest.approx(expected, abs=1e-12)


def test_blocks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bootstrap_interval(VALUES, draws=501)
    monkeypatch.setattr("siamcorr.evaluation.metrics.bootstrap._BLOCK", 1000)
    assert bootstrap_interval(VALUES, draws=501) == whole


def test_the_seed_decides() -> None:
    assert bootstrap_interval(VALUES) == bootstrap_interval(VALUES, seed=0)
    assert bootstrap_interval(VALUES) != bootstrap_interval(VALUES, seed=1)


def test_leaves_the_global_generator_alone() -> None:
    np.random.seed(5)  # noqa: NPY002 - it is the global state that must not move
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    bootstrap_interval(VALUES, draws=10)
    assert np.random.rand() == expected  # noqa: NPY002


def test_covers_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0.6, 0.2, (200, 50))
    inside = 0
    for sample in samples:
        low, high = bootstrap_interval(sample, level=0.9, draws=400)
        inside += low <= 0.6 <= high
    assert 0.82 <= inside / 200 <= 0.96


def test_paired_is_the_interval_of_the_differences() -> None:
    mean, low, high = paired_interval(VALUES, OTHERS, draws=2000, seed=5)
    assert mean == pytest.approx(VALUES.mean() - OTHERS.mean())
    assert (low, high) == pytest.approx(by_scipy(VALUES - OTHERS, 0.95, 2000, seed=5), abs=1e-12)


def test_convention_paired_draws_tell_apart_what_separate_intervals_do_not() -> None:
    a, b = bootstrap_interval(VALUES), bootstrap_interval(OTHERS)
    assert a.low < b.high  # the intervals overlap
    difference = paired_interval(VALUES, OTHERS)
    assert difference.low > 0
    assert paired_interval(OTHERS, VALUES).high < 0


def test_one_sequence_has_no_width() -> None:
    assert bootstrap_interval([0.3]) == (0.3, 0.3)


def test_bad_arguments() -> None:
    with pytest.raises(ShapeError, match=r"values must be \(S,\) with S >= 1, got \(0,\)"):
        bootstrap_interval([])
    with pytest.raises(ShapeError, match=r"got \(1, 2\)"):
        bootstrap_interval([[0.1, 0.2]])
    with pytest.raises(InvalidArgument, match=r"values\[1\] is nan; all must be finite"):
        bootstrap_interval([0.1, math.nan])
    with pytest.raises(InvalidArgument, match="level must be > 0 and < 1, got 95"):
        bootstrap_interval(VALUES, level=95)
    with pytest.raises(InvalidArgument, match="draws must be >= 1, got 0"):
        paired_interval(VALUES, OTHERS, draws=0)
    with pytest.raises(ShapeError, match="must hold the same sequences, got 60 and 59"):
        paired_interval(VALUES, OTHERS[1:])
