"""Steps of the correlation-filter tracker against loops, hand-worked numbers and formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.tracking import cf_steps as steps

LIKE = torch.empty(0, dtype=torch.float64)


def test_convention_window_side_is_1_plus_padding_times_the_mean_side() -> None:
    sizes = torch.tensor([[16.0, 25.0], [9.0, 9.0]], dtype=torch.float64)
    assert steps.window_sides(sizes, 4).tolist() == [100.0, 45.0]


def test_box_in_cells_is_height_first_and_free_of_rounding() -> None:
    sizes = torch.tensor([[10.0, 40.0], [3.3, 3.3]], dtype=torch.float64)
    boxes = steps.box_in_cells(sizes, 4, 40)  # sides 100 and 16.5 pixels for 40 cells
    assert boxes.tolist() == [[16.0, 4.0], [8.0, 8.0]]


@settings(deadline=None)
@given(st.floats(1, 500), st.floats(1, 500), st.floats(0.2, 5))
def test_box_in_cells_depends_on_the_aspect_alone(w: float, h: float, scale: float) -> None:
    size = torch.tensor([[w, h]], dtype=torch.float64)
    one, other = (steps.box_in_cells(each, 3, 36)[0] for each in (size, size * scale))
    torch.testing.assert_close(one, other, rtol=0, atol=2e-6)
    assert one.prod().item() == pytest.approx(81, rel=1e-5)


def test_centres_return_to_the_frame() -> None:
    centres = torch.tensor([[-3.0, 5.0], [70.0, 60.0], [8.5, 9.5]], dtype=torch.float64)
    frame = np.zeros((48, 64, 3), np.uint8)
    expected = [[0.0, 5.0], [64.0, 48.0], [8.5, 9.5]]
    assert steps.within_frame(centres, frame).tolist() == expected


def test_wanted_response_is_a_gaussian_of_circular_distances() -> None:
    wanted = steps.gaussian_response(8, 1.5, LIKE)
    for i in range(8):
        for j in range(8):
            squared = min(i, 8 - i) ** 2 + min(j, 8 - j) ** 2
            assert wanted[i, j].item() == pytest.approx(math.exp(-squared / 4.5), rel=1e-12)


def test_targets_of_like_shape_share_a_support() -> None:
    boxes = torch.tensor([[8.0, 8.0], [15.0, 4.2], [7.9, 7.1], [60.0, 1.0], [16.0, 8.0]])
    groups = steps.group_by_support(boxes.double(), 40)
    found = {support: rows.tolist() for rows, support in groups}
    assert found == {(8, 8): [0, 2], (16, 8): [1, 4], (40, 4): [3]}


def test_support_lies_in_the_middle_and_is_a_view() -> None:
    kernel = torch.zeros(1, 2, 12, 12)
    steps.in_support(kernel, (4, 8))[:] = 1
    assert kernel.sum() == 2 * 4 * 8
    assert kernel[0, 0, 4:8, 2:10].all()


def test_penalty_is_finite_where_a_cell_has_its_middle_in_the_box() -> None:
    penalty = steps.support_penalty(torch.tensor([[5.0, 3.0], [0.2, 8.0]]), (8, 8), 0.5, LIKE)
    inside = torch.isfinite(penalty)
    assert penalty[inside].unique().tolist() == [0.5]
    # Middles lie 0.5, 1.5, 2.5 and 3.5 cells from the centre.
    assert inside[0].any(1).tolist() == [False, True, True, True, True, True, True, False]
    assert inside[0].any(0).tolist() == [False, False, True, True, True, True, False, False]
    assert inside[1].any(1).sum() == 2
    assert inside[1].any(0).all()


def test_merged_response_weighs_the_filter_by_its_usual_peak() -> None:
    filtered = torch.zeros(2, 1, 2, 2)
    filtered[0, 0, 0, 1], filtered[1, 0, 1, 1] = 0.05, 0.4
    coloured = torch.full((2, 1, 2, 2), 0.5)
    merged = steps.merge_responses(filtered, coloured, torch.tensor([0.1, torch.nan]), 0.3)
    expected = torch.full((2, 1, 2, 2), 0.15)
    expected[0, 0, 0, 1] += 0.7 * 0.5
    expected[1, 0, 1, 1] += 0.7  # nothing is usual yet: the present peak
    torch.testing.assert_close(merged, expected)


def test_merged_response_of_a_flat_window_is_finite() -> None:
    flat = torch.zeros(1, 1, 4, 4)
    assert steps.merge_responses(flat, flat, torch.tensor([torch.nan]), 0.3).isfinite().all()


@settings(deadline=None)
@given(st.floats(-0.49, 0.49), st.floats(-0.49, 0.49), st.integers(0, 9), st.integers(0, 9))
def test_peak_of_a_paraboloid_is_found_between_cells(
    dx: float, dy: float, row: int, column: int
) -> None:
    distance = [
        (torch.arange(10, dtype=torch.float64) - place - offset + 5) % 10 - 5
        for place, offset in ((row, dy), (column, dx))
    ]
    response = 9 - distance[0][:, None] ** 2 - 2 * distance[1] ** 2
    peak = steps.subcell_peak(response[None])[0]
    expected = torch.tensor([column - 5 + dx, row - 5 + dy], dtype=torch.float64)
    torch.testing.assert_close(peak, expected, rtol=0, atol=1e-9)


def test_peak_of_a_plateau_stays_on_its_first_cell() -> None:
    assert steps.subcell_peak(torch.ones(1, 4, 4)).tolist() == [[-2.0, -2.0]]


def test_scale_lies_between_scales_only_if_an_inner_one_is_best() -> None:
    maxima = torch.tensor([[1.0, 3.0, 2.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    # The parabola through (-1, 1), (0, 3), (1, 2) has its vertex at 1/6.
    torch.testing.assert_close(
        steps.scale_parabola(maxima), torch.tensor([1 / 6, -1, 1], dtype=torch.float64)
    )
    assert steps.scale_parabola(torch.ones(2, 1)).tolist() == [0.0, 0.0]
    five = torch.tensor([[0.0, 4.0, 3.0, 2.0, 0.0]])
    # (-2, 0), (-1, 4), (0, 3): vertex 0.3 above -1.
    torch.testing.assert_close(steps.scale_parabola(five), torch.tensor([-0.7]).double())
