"""Overlaps, distances and curves over arrays against loops and hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry import box_overlap
from siamcorr.geometry.curves import (
    area_under,
    box_overlaps,
    centre_distances,
    pixel_centres,
    share_above,
    share_within,
)

number = st.one_of(st.floats(-3, 3), st.just(math.nan), st.just(math.inf))
numbers = st.lists(number, max_size=8)


def test_overlaps_are_those_of_box_overlap_and_inputs_stay_as_they_are() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 9, (6, 4)), rng.uniform(0, 9, (6, 4))
    a[2] = np.nan
    kept = a.copy(), b.copy()
    expected = box_overlap(torch.from_numpy(a.copy()), torch.from_numpy(b.copy())).numpy()
    np.testing.assert_array_equal(box_overlaps(a, b), expected)
    assert np.isnan(expected).tolist() == [False, False, True, False, False, False]
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


def test_overlaps_take_whole_numbers_and_lists() -> None:
    assert box_overlaps([[0, 0, 2, 2]], [[1, 0, 2, 2]]).tolist() == pytest.approx([1 / 3])


def test_convention_published_centres_are_the_middle_pixel() -> None:
    """A box of the pixels 3 ... 7 has its middle pixel at 5; its continuous centre is 5.5."""
    assert pixel_centres([3, 0, 5, 1]).tolist() == [5, 0]


def test_distances_of_centres() -> None:
    a = [[0, 0, 10, 10], [0, 0, 10, 10], [3, 4, 2, 2]]
    b = [[3, 4, 10, 10], [0, 0, 20, 10], [3, 4, 2, 2]]
    assert centre_distances(a, b).tolist() == [5, 5, 0]


def test_distances_in_units_along_each_axis() -> None:
    truth = np.array([[0.0, 0, 10, 40]])
    assert centre_distances([[3.0, 16, 10, 40]], truth, unit=truth[:, 2:])[0] == pytest.approx(0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_box_that_is_not_finite_is_infinitely_far(bad: float) -> None:
    assert centre_distances([[bad, 0, 1, 1]], [[0, 0, 1, 1]]).tolist() == [math.inf]
    assert centre_distances([[bad, 0, 1, 1]], [[bad, 0, 1, 1]]).tolist() == [math.inf]


@given(numbers, st.lists(st.floats(-3, 3), min_size=1, max_size=5), st.integers(0, 3))
def test_shares_equal_counting(values: list[float], thresholds: list[float], more: int) -> None:
    of = max(1, len(values) + more)
    above = [sum(v > t for v in values) / of for t in thresholds]
    within = [sum(v <= t for v in values) / of for t in thresholds]
    assert share_above(values, thresholds, of=of).tolist() == above
    assert share_within(values, thresholds, of=of).tolist() == within


def test_convention_success_is_strictly_above_and_precision_at_most() -> None:
    assert share_above([0.5], [0.5], of=1).tolist() == [0]
    assert share_within([20.0], [20.0], of=1).tolist() == [1]


def test_area_equals_scipy_and_weighs_uneven_steps() -> None:
    from scipy.integrate import trapezoid

    x = np.array([0.0, 1, 4, 10])
    y = np.array([1.0, 0.5, 0.5, 0])
    assert area_under(y, x) == pytest.approx(trapezoid(y, x) / 10)
    assert area_under(y, x) == pytest.approx((0.75 + 1.5 + 1.5) / 10)


@pytest.mark.parametrize("share", [share_above, share_within])
def test_bad_arguments_of_the_shares(share: object) -> None:
    assert callable(share)
    with pytest.raises(ShapeError, match=r"values \(T,\) and thresholds \(K,\)"):
        share([[1.0]], [0.0], of=1)
    with pytest.raises(InvalidArgument, match="must be at least 2, got 1"):
        share([1.0, 2.0], [0.0], of=1)
    with pytest.raises(InvalidArgument, match="must be at least 1, got 0"):
        share([], [0.0], of=0)


@pytest.mark.parametrize(("values", "thresholds"), [([1.0], [0.0]), ([1.0, 2.0], [0.0])])
def test_area_needs_two_points(values: list[float], thresholds: list[float]) -> None:
    with pytest.raises(ShapeError, match="K >= 2"):
        area_under(values, thresholds)
