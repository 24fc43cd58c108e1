"""Rasterised overlap against loops over rows and pixels, hand-counted pixels and exact areas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.rasters import box_corners, raster_overlap, raster_overlaps

Point = tuple[float, float]


def literal_overlap(a: list[Point], b: list[Point], bounds: tuple[float, float]) -> float:
    """The definition, pixel by pixel."""
    a, b = ([(float(np.float32(x)), float(np.float32(y))) for x, y in p] for p in (a, b))
    boxes = []
    for polygon in (a, b):
        xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
        left, top = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
        right, bottom = min(math.ceil(max(xs)), bounds[0]), min(math.ceil(max(ys)), bounds[1])
        boxes.append((left, top, right, bottom))
    (l1, t1, r1, b1), (l2, t2, r2, b2) = boxes
    if min(r1, r2) <= max(l1, l2) or min(b1, b2) <= max(t1, t2):
        return 0.0
    left, top = min(l1, l2), min(t1, t2)
    columns, rows = int(max(r1, r2) - left) + 1, int(max(b1, b2) - top) + 1
    filled_a = literal_fill(a, left, top, columns, rows)
    filled_b = literal_fill(b, left, top, columns, rows)
    either = len(filled_a | filled_b)
    return len(filled_a & filled_b) / either if either else math.nan


def literal_fill(
    polygon: list[Point], left: float, top: float, columns: int, rows: int
) -> set[tuple[int, int]]:
    def rounded(value: float, origin: float) -> int:
        relative = float(np.float32(value) - np.float32(origin))
        size = math.floor(abs(relative) + 0.5)
        return size if relative >= 0 else -size

    corners = [(rounded(x, left), rounded(y, top)) for x, y in polygon]
    pixels = set()
    for row in range(rows):
        nodes = []
        for i, (x, y) in enumerate(corners):
            x_before, y_before = corners[i - 1]
            if y != y_before and min(y, y_before) <= row <= max(y, y_before):
                nodes.append(int(x + (row - y) / (y_before - y) * (x_before - x)))
        nodes.sort()
        i = 0
        while i < len(nodes) - 1:
            if nodes[i] == nodes[i + 1]:
                i += 1
                continue
            for column in range(nodes[i], nodes[i + 1] + 1):
                if 0 <= column < columns:
                    pixels.add((column, row))
            i += 2
    return pixels


def assert_equal_to_loops(a: np.ndarray, b: np.ndarray, bounds: tuple[float, float]) -> None:
    """`a` and `b` are (T, N, 2)."""
    expected = [literal_overlap(p.tolist(), q.tolist(), bounds) for p, q in zip(a, b, strict=True)]
    assert_array_equal(raster_overlaps(a, b, bounds), expected)


def random_polygons(rng: np.random.Generator, count: int, corners: int, step: float) -> np.ndarray:
    """Any shape, self-crossing ones too, often partly or wholly out of 0 ... 40."""
    size = rng.choice([1.0, 6, 30], size=(count, 1, 1))
    centre = rng.uniform(-10, 50, size=(count, 1, 2))
    polygons = centre + rng.uniform(-size, size, size=(count, corners, 2))
    return np.round(polygons / step) * step


def rotated_rectangles(rng: np.random.Generator, count: int) -> np.ndarray:
    half = rng.uniform(0.5, 15, size=(count, 1, 2)) * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    angle = rng.uniform(0, 2 * np.pi, size=count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1)
    centre = rng.uniform(5, 35, size=(count, 1, 2))
    return np.round(half @ turn.reshape(-1, 2, 2) + centre, 4)


@pytest.mark.parametrize("step", [1e-4, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(("corners_a", "corners_b"), [(3, 4), (4, 4), (4, 7)])
def test_random_polygons_equal_loops(step: float, corners_a: int, corners_b: int) -> None:
    rng = np.random.default_rng([corners_a, corners_b, int(step * 1e4)])
    a = random_polygons(rng, 400, corners_a, step)
    b = random_polygons(rng, 400, corners_b, step)
    b[::3] = b[::3] - b[::3].mean(1, keepdims=True) + a[::3].mean(1, keepdims=True)  # they meet
    assert_equal_to_loops(a, b, (40, 33))


def test_rotated_rectangles_against_boxes_equal_loops() -> None:
    """More frames than one chunk, so the seams between chunks are crossed."""
    rng = np.random.default_rng(3)
    a = rotated_rectangles(rng, 1500)
    b = np.array([box_corners(np.round([*rng.uniform(0, 25, 2), *rng.uniform(0, 15, 2)], 4))
                  for _ in range(1500)])  # fmt: skip
    assert_equal_to_loops(a, b, (40, 33))


number = st.integers(-8, 24) | st.floats(-8, 24, width=32) | st.sampled_from([0.5, 2.5, -0.5])
polygon = st.lists(st.tuples(number, number), min_size=3, max_size=6)


@settings(max_examples=300)
@given(polygon, polygon, st.sampled_from([(16, 12), (15, 11), (1, 1), (20.5, 9.5)]))
def test_any_polygons_equal_loops(
    a: list[Point], b: list[Point], bounds: tuple[float, float]
) -> None:
    result = raster_overlap(np.ravel(a), np.ravel(b), bounds)
    assert_array_equal(result, literal_overlap(a, b, bounds))


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 2, 2), 6 / 12),  # columns 0 1 2 and 1 2 3, three rows
        ((0, 0, 4, 4), (1, 1, 2, 2), 9 / 25),
        ((0, 0, 2, 2), (2, 0, 2, 2), 0.0),  # they share column 2, but the boxes only touch
        ((0, 0, 2, 2), (0, 5, 2, 2), 0.0),
        ((0, 0, 4, 4), (0, 0, 4, 4.4), 1.0),  # rounds to the same corners
        ((0, 0, 4, 4), (0, 0, 4, 4.5), 25 / 30),  # half rounds up
    ],
)
def test_convention_a_box_covers_both_of_its_edges(
    a: tuple[float, ...], b: tuple[float, ...], overlap: float
) -> None:
    assert raster_overlap(a, b, (10, 10)) == pytest.approx(overlap, abs=1e-15)
    assert raster_overlap(b, a, (10, 10)) == pytest.approx(overlap, abs=1e-15)


def test_convention_bounds_are_included_and_cut_the_rest() -> None:
    """Columns 6 ... 12 against 8 ... 12, rows alike 7: W = 10 leaves 6 ... 10 and 8 ... 10."""
    a, b = (6, 0, 6, 6), (8, 0, 4, 6)
    assert raster_overlap(a, b, (20, 20)) == pytest.approx(5 / 7)
    assert raster_overlap(a, b, (10, 20)) == pytest.approx(3 / 5)
    assert raster_overlap(a, b, (9, 20)) == pytest.approx(2 / 4)
    assert raster_overlap(a, (10, 0, 4, 6), (10, 20)) == 0  # what is left has no width


def test_convention_corners_are_float32() -> None:
    """5e-8 is lost beside 4, so the box ends at column 4 and touches the next one only."""
    assert raster_overlap((0, 0, 4 + 5e-8, 4), (4, 0, 4, 4), (20, 20)) == 0
    assert raster_overlap((0, 0, 4 + 5e-6, 4), (4, 0, 4, 4), (20, 20)) > 0


def test_convention_thinner_than_any_pixel_is_nan() -> None:
    sliver = (3, 3.1, 10, 0.2)  # both of its rows round to 3, and level edges cross no row
    assert math.isnan(raster_overlap(sliver, sliver, (20, 20)))
    assert raster_overlap(sliver, (3, 3, 10, 4), (20, 20)) == 0


def test_a_triangle_counted_by_hand() -> None:
    """Corners (0, 0), (4, 0), (0, 4): rows of 5, 4, 3, 2 and, at the tip, no pixel.

    At the tip both crossings are column 0; equal neighbours are no span. The square has 25 pixels.
    """
    triangle = [0, 0, 4, 0, 0, 4]
    assert raster_overlap(triangle, (0, 0, 4, 4), (10, 10)) == pytest.approx(14 / 25)


def test_a_row_can_have_two_spans() -> None:
    """An M; by hand its rows are 0-2 6-8, 0-2 5-8, 0-3 5-8, 0-3 4-8 and 0-4 4-8.

    The last row shares column 4, which counts once: 6 + 7 + 8 + 9 + 9 pixels of 9 x 5.
    """
    m = [0, 4, 0, 0, 2, 0, 4, 4, 6, 0, 8, 0, 8, 4]
    assert raster_overlap(m, (0, 0, 8, 4), (10, 10)) == pytest.approx(39 / 45)


def test_large_regions_approach_the_exact_overlap() -> None:
    """A square and itself turned by 45 degrees: the octagon is 2 (sqrt 2 - 1) of the square."""
    side, centre = 2000.0, 2000.0
    turned = centre + side / math.sqrt(2) * np.array([[0, -1], [1, 0], [0, 1], [-1, 0]])
    square = (centre - side / 2, centre - side / 2, side, side)
    octagon = 2 * (math.sqrt(2) - 1)
    exact = octagon / (2 - octagon)
    assert raster_overlap(turned.ravel(), square, (4000, 4000)) == pytest.approx(exact, abs=2e-3)


def test_repeated_corners_change_nothing() -> None:
    triangle, square = np.array([[[1.0, 1], [9, 2], [4, 8]]]), box_corners((2, 2, 5, 5))[None]
    padded = np.concatenate([triangle, triangle[:, -1:], triangle[:, -1:]], axis=1)
    once, again = (raster_overlaps(p, square, (20, 20)) for p in (triangle, padded))
    assert_array_equal(once, again)
    assert 0 < once[0] < 1


def test_nan_stays_nan_and_inputs_stay_as_they_are() -> None:
    a = np.stack([box_corners((0, 0, 4, 4))] * 3)
    b = a + 1
    a[1, 2, 0] = np.nan
    kept = a.copy(), b.copy()
    result = raster_overlaps(a, b, (20, 20))
    assert_array_equal(np.isnan(result), [False, True, False])
    assert result[0] == result[2] == 16 / 34
    assert_array_equal(a, kept[0])
    assert_array_equal(b, kept[1])


def test_no_frames_give_no_overlaps() -> None:
    assert raster_overlaps(np.zeros((0, 4, 2)), np.zeros((0, 4, 2)), (4, 4)).shape == (0,)


@pytest.mark.parametrize("region", [[1.0], [1, 2, 3], [1, 2, 3, 4, 5], [[0, 0], [1, 0], [1, 1]]])
def test_bad_regions(region: list[float]) -> None:
    with pytest.raises(ShapeError, match="box of 4 numbers or a polygon"):
        raster_overlap(region, (0, 0, 2, 2), (10, 10))


def test_bad_arguments() -> None:
    square = box_corners((0, 0, 2, 2))[None]
    with pytest.raises(ShapeError, match="disagree on the frames"):
        raster_overlaps(square, np.concatenate([square, square]), (10, 10))
    with pytest.raises(ShapeError, match=r"expected \(T, N >= 3, 2\)"):
        raster_overlaps(square[0], square, (10, 10))
    for far in (np.inf, 1e39):
        with pytest.raises(InvalidArgument, match="infinite"):
            raster_overlaps(square + far, square, (10, 10))
    for bounds in [(0, 10), (10, math.nan), (10, 10, 10)]:
        with pytest.raises(InvalidArgument, match="bounds are"):
            raster_overlaps(square, square, bounds)
