"""Region similarity and boundary F against brute force, and their statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics import (
    boundary_f,
    mask_scores,
    mask_statistics,
    region_similarity,
)
from siamcorr.evaluation.metrics.masks import boundary_map


def square(size: int = 20, low: int = 5, high: int = 15) -> np.ndarray:
    mask = np.zeros((size, size), dtype=bool)
    mask[low:high, low:high] = True
    return mask


def edges_by_loops(mask: np.ndarray) -> list[tuple[int, int]]:
    height, width = mask.shape
    found = []
    for y in range(height):
        for x in range(width):
            right, below = min(x + 1, width - 1), min(y + 1, height - 1)
            others = {bool(mask[y, right]), bool(mask[below, x]), bool(mask[below, right])}
            if others != {bool(mask[y, x])}:
                found.append((y, x))
    return found


def f_by_distances(mask: np.ndarray, truth: np.ndarray, radius: float) -> float:
    """Every boundary pixel measured against every one of the other mask."""
    a, b = edges_by_loops(mask), edges_by_loops(truth)
    if not a or not b:
        return float(not a and not b)

    def share(from_: list[tuple[int, int]], to: list[tuple[int, int]]) -> float:
        near = [min(math.dist(p, q) for q in to) <= radius for p in from_]
        return sum(near) / len(near)

    precision, recall = share(a, b), share(b, a)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


bitmap = st.integers(1, 9).flatmap(
    lambda width: st.lists(
        st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=9
    )
)


@settings(max_examples=150, deadline=None)
@given(bitmap, st.data(), st.sampled_from([1.0, 1.5, 2.0, 3.0, 5.0]))
def test_boundary_f_equals_measuring_every_distance(
    rows: list[list[bool]], data: st.DataObject, radius: float
) -> None:
    mask = np.array(rows)
    row = st.lists(st.booleans(), min_size=mask.shape[1], max_size=mask.shape[1])
    truth = np.array(data.draw(st.lists(row, min_size=len(rows), max_size=len(rows))))
    assert list(map(tuple, np.argwhere(boundary_map(mask)))) == edges_by_loops(mask)
    expected = f_by_distances(mask, truth, radius)
    assert boundary_f(mask, truth, tolerance=radius) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_region_similarity_equals_counting_pixels(seed: int) -> None:
    a, b = np.random.default_rng(seed).random((2, 5, 7)) < 0.3
    both = sum(bool(p and q) for p, q in zip(a.flat, b.flat, strict=True))
    either = sum(bool(p or q) for p, q in zip(a.flat, b.flat, strict=True))
    assert region_similarity(a, b) == (both / either if either else 1)


def test_convention_two_empty_masks_agree_and_one_does_not() -> None:
    empty = np.zeros((6, 6))
    assert region_similarity(empty, empty) == boundary_f(empty, empty) == 1
    assert region_similarity(square(6, 1, 4), empty) == boundary_f(square(6, 1, 4), empty) == 0
    assert boundary_f(empty, square(6, 1, 4)) == 0


def test_convention_the_border_of_the_frame_is_no_boundary() -> None:
    full = np.ones((6, 6))
    assert not boundary_map(full).any()
    assert boundary_f(full, full) == 1


def test_convention_the_boundary_lies_on_the_pixel_before_the_edge() -> None:
    """Between the columns 2 and 3, thus on column 2; the corner of the frame never."""
    mask = np.zeros((3, 5))
    mask[:, 3:] = 1
    assert boundary_map(mask).sum(0).tolist() == [0, 0, 3, 0, 0]
    corner = np.zeros((3, 3))
    corner[2, 2] = 1
    assert boundary_map(corner).astype(int).tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 0]]


def test_convention_the_tolerance_is_a_share_of_the_diagonal_rounded_up() -> None:
    """The diagonal of 60 x 80 is 100: 0.008 of it is 0.8 pixels, thus 1; 0.011 gives 2."""
    truth = np.zeros((60, 80), dtype=bool)
    truth[20:40, 20:40] = True
    off_by_1, off_by_2 = np.roll(truth, 1, 1), np.roll(truth, 2, 1)
    assert boundary_f(off_by_1, truth) == 1
    assert boundary_f(off_by_2, truth) == pytest.approx(f_by_distances(off_by_2, truth, 1))
    assert boundary_f(off_by_2, truth) < 1
    assert boundary_f(off_by_2, truth, tolerance=0.011) == 1


def test_convention_void_pixels_do_not_count() -> None:
    truth, mask = square(), square()
    mask[:, 12:] = True  # wrong there
    void = np.zeros((20, 20), dtype=bool)
    void[:, 12:] = True
    assert region_similarity(mask, truth) < 0.5
    assert region_similarity(mask, truth, void=void) == 1
    assert boundary_f(mask, truth, tolerance=1) < 0.8
    assert boundary_f(mask, truth, tolerance=1, void=void) == 1


def test_numbers_are_foreground_where_they_are_not_0() -> None:
    truth = square()
    assert region_similarity(truth * 7, truth * np.uint8(255)) == 1
    assert boundary_f(truth * 7, truth.astype(float) / 2, tolerance=1) == 1


def decay_by_hand(values: list[float]) -> float:
    """Quarters as the DAVIS evaluation writes them, 1-based and with both ends."""
    count = len(values)
    ends = [math.floor(1 + k * (count - 1) / 4 + 0.5) for k in range(5)]
    first = values[ends[0] - 1 : ends[1]]
    last = values[ends[3] - 1 : ends[4]]
    return sum(first) / len(first) - sum(last) / len(last)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_statistics_equal_loops(values: list[float]) -> None:
    statistics = mask_statistics(values)
    assert statistics.mean == pytest.approx(sum(values) / len(values))
    assert statistics.recall == sum(v > 0.5 for v in values) / len(values)
    assert statistics.decay == pytest.approx(decay_by_hand(values), abs=1e-12)


def test_convention_quarters_share_the_frame_at_their_end() -> None:
    """9 frames: quarters end at 0, 2, 4, 6, 8; the first holds 0 1 2, the last 6 7 8."""
    values = [1.0, 1, 0.4, 0, 0, 0, 0.6, 0, 0]
    statistics = mask_statistics(values)
    assert statistics.decay == pytest.approx(0.8 - 0.2)
    assert statistics.recall == pytest.approx(3 / 9)


def test_decay_of_more_than_256_frames() -> None:
    """The ends of the DAVIS evaluation are 8 bit numbers, which would wrap around here."""
    values = np.linspace(1, 0, 1001)
    assert mask_statistics(values).decay == pytest.approx(0.875 - 0.125)


def test_convention_both_ends_of_a_sequence_are_dropped() -> None:
    truth = np.stack([square()] * 5)
    masks = truth.copy()
    masks[[0, 4]] = False
    masks[2] = np.roll(square(), 5, axis=1)  # half of it: J = 1/3
    scores = mask_scores(masks, truth)
    assert scores.region.tolist() == pytest.approx([1, 1 / 3, 1])
    assert scores.region_statistics.mean == pytest.approx(7 / 9)
    expected = f_by_distances(masks[2], truth[2], 1)
    assert scores.boundary.tolist() == pytest.approx([1, expected, 1])
    assert scores.j_and_f == pytest.approx((7 / 9 + (2 + expected) / 3) / 2)
    assert scores.boundary_statistics == mask_statistics(scores.boundary)
    every = mask_scores(masks, truth, drop_ends=False)
    assert every.region.tolist() == pytest.approx([0, 1, 1 / 3, 1, 0])


def test_a_sequence_with_void_and_a_tolerance() -> None:
    truth = np.stack([square()] * 3)
    masks = np.roll(truth, 2, axis=2)
    void = np.zeros_like(truth)
    void[1, :, :7] = void[1, :, 15:] = True
    assert mask_scores(masks, truth).region[0] == pytest.approx(8 / 12)
    scores = mask_scores(masks, truth, void=void, tolerance=2)
    assert scores.region.tolist() == scores.boundary.tolist() == [1]


@pytest.mark.parametrize("function", [region_similarity, boundary_f])
def test_bad_shapes(function: object) -> None:
    assert callable(function)
    with pytest.raises(ShapeError, match=r"mask  : \(4, 4\)\n  truth : \(4, 5\)"):
        function(np.ones((4, 4)), np.ones((4, 5)))
    with pytest.raises(ShapeError, match=r"void  : \(2, 2\)"):
        function(np.ones((4, 4)), np.ones((4, 4)), void=np.ones((2, 2)))
    with pytest.raises(ShapeError, match=r"expected \(H, W\) all"):
        function(np.ones((4, 4, 3)), np.ones((4, 4, 3)))


def test_bad_arguments() -> None:
    with pytest.raises(InvalidArgument, match="tolerance must be > 0, got 0"):
        boundary_f(np.ones((4, 4)), np.ones((4, 4)), tolerance=0)
    with pytest.raises(ShapeError, match=r"expected \(T, H, W\) all"):
        mask_scores(np.ones((4, 4)), np.ones((4, 4)))
    with pytest.raises(ShapeError, match="2 frames leave none to score"):
        mask_scores(np.ones((2, 4, 4)), np.ones((2, 4, 4)))
    with pytest.raises(ShapeError, match=r"values must be \(S,\)"):
        mask_statistics([])
