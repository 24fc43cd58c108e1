"""Exact overlap of convex polygons against OpenCV, hand-worked areas and fine rasters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.polygons import polygon_area, polygon_overlap
from siamcorr.geometry.rasters import raster_overlap
from siamcorr.opencv import load_cv2


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 2, 2), 2 / 6),
        ((0, 0, 4, 4), (1, 1, 2, 2), 4 / 16),
        ((0, 0, 2, 2), (2, 0, 2, 2), 0.0),  # they touch
        ((0, 0, 2, 2), (5, 5, 2, 2), 0.0),
        ((0, 0, 2, 2), (0, 0, 4, 0, 0, 4), 4 / 8),  # inside the triangle
        ((0, 0, 4, 4), (0, 0, 4, 0, 0, 4), 8 / 16),
        ((0, 0, 4, 4), (0, 0, 0, 4, 4, 0), 8 / 16),  # the other way round
        ((0, 0, 4, 4), (2, 0, 4, 2, 2, 4, 0, 2), 8 / 16),
        ((0, 0, 2, 2), (0, 0, 2, 0, 2, 0, 2, 2, 0, 2), 1.0),  # a corner twice
        ((0, 0, 0, 2), (0, 0, 0, 2), 0.0),  # no area
        ((3, 3, 0, 0), (0, 0, 9, 9), 0.0),
        ((3, 3, 5, 1e-12), (0, 0, 9, 9), 0.0),  # hardly any
        ((1, 1, 5, 5, 3, 3), (0, 0, 9, 9), 0.0),  # forth and back
    ],
)
def test_hand_worked(a: tuple[float, ...], b: tuple[float, ...], overlap: float) -> None:
    assert polygon_overlap(a, b) == pytest.approx(overlap, abs=1e-12)
    assert polygon_overlap(b, a) == pytest.approx(overlap, abs=1e-12)


def test_convention_bounds_cut_both_polygons_to_the_frame() -> None:
    """Widths 6 and 4 from x = 6 and 8: common 4, either 6; W = 10 leaves 2 and 4."""
    a, b = (6, -1, 6, 6), (8, -1, 4, 6)
    assert polygon_overlap(a, b) == pytest.approx(4 / 6)
    assert polygon_overlap(a, b, (10, 20)) == pytest.approx(2 / 4)
    assert polygon_overlap((-5, -5, 3, 3), (0, 0, 5, 5), (10, 10)) == 0


coordinate = st.floats(-20, 20).map(lambda value: round(value, 3))


def hull(points: list[tuple[float, float]]) -> np.ndarray:
    """Convex hull, (n, 2), but of no sliver: OpenCV does not get their intersection right."""
    cv2, array = load_cv2(), np.array(points, dtype=np.float32)
    assume(np.linalg.svd(array - array.mean(0), compute_uv=False)[1] > 1)
    return cv2.convexHull(array)[:, 0]


@given(*[st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8)] * 2)
def test_equals_opencv(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> None:
    cv2, p, q = load_cv2(), hull(a), hull(b)
    common = cv2.intersectConvexConvex(p, q)[0]
    areas = cv2.contourArea(p), cv2.contourArea(q)
    expected = common / (sum(areas) - common)
    assert polygon_area(p.astype(float)) == pytest.approx(areas[0], rel=1e-4)
    assert polygon_overlap(p.ravel(), q.ravel()) == pytest.approx(expected, abs=1e-3)
    assert polygon_overlap(q.ravel(), p[::-1].ravel()) == pytest.approx(expected, abs=1e-3)


def test_fine_rasters_approach_it() -> None:
    rng = np.random.default_rng(0)
    bounds = (40.0, 30.0)
    overlaps = []
    for _ in range(30):
        angle, half, centre = rng.uniform(0, 6), rng.uniform(3, 15, 2), rng.uniform(5, 35, 2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        a = (half * [[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ turn.T + centre
        b = np.array([*rng.uniform(0, 20, 2), *rng.uniform(5, 20, 2)])
        overlaps.append(polygon_overlap(a.ravel(), b, bounds))
        fine = raster_overlap(a.ravel() * 50, b * 50, (bounds[0] * 50, bounds[1] * 50))
        assert overlaps[-1] == pytest.approx(fine, abs=5e-3)
    assert np.count_nonzero(overlaps) > 15


def test_nan_stays_nan() -> None:
    assert math.isnan(polygon_overlap([0, 0, math.nan, 2], [0, 0, 2, 2], (9, 9)))


STAR = [(math.cos(a), math.sin(a)) for a in np.arange(5) * 4 * math.pi / 5]


@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (4, 0), (1, 1), (0, 4)],  # a dent
        [(0, 0), (4, 4), (4, 0), (0, 4)],  # crosses itself
        STAR,  # always turns the same way, but twice around
    ],
)
def test_other_shapes_than_convex_are_refused(corners: list[tuple[float, float]]) -> None:
    with pytest.raises(InvalidArgument, match="not convex"):
        polygon_overlap(np.ravel(corners), (0, 0, 2, 2))


def test_bad_regions() -> None:
    with pytest.raises(ShapeError, match="box of 4 numbers"):
        polygon_overlap([1, 2, 3], (0, 0, 2, 2))
    with pytest.raises(InvalidArgument, match="infinite"):
        polygon_overlap([0, 0, math.inf, 2], (0, 0, 2, 2))
