"""Response maps in the frame and in the panel land where their mapping says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_tracker import fake_response, fake_result
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.types import ResponseMap
from siamcorr.viz import (
    attach_panel,
    heat_colors,
    heat_in_frame,
    normalise_response,
    overlay_responses,
    panel_layout,
    response_cell,
)
from siamcorr.viz.panel import cell_from_frame

BOX = torch.tensor([100.0, 60.0, 40.0, 30.0], dtype=torch.float64)


def peak_in_frame(response):
    row, column = divmod(int(response.values.argmax()), response.values.shape[1])
    return (response.crop_to_frame @ torch.tensor([column, row, 1.0], dtype=torch.float64)).numpy()


def test_normalise_stretches_to_unit_range_and_keeps_flat_at_zero():
    values = normalise_response([[-2.0, 0.0], [np.nan, 6.0]])
    np.testing.assert_allclose(values, [[0, 0.25], [0, 1]])
    assert (normalise_response(np.full((3, 4), 5.0)) == 0).all()
    assert (normalise_response(np.full((2, 2), np.nan)) == 0).all()


def test_heat_colors_get_brighter_with_the_value():
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None]
    brightness = heat_colors(ramp)[0] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > -0.5).all()
    assert brightness[0] < 5
    assert brightness[-1] > 220


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_heat_in_frame_equals_response_in_frame(angle):
    turn = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = 6.3 * turn
    mapping = torch.cat((linear, torch.tensor([[20.7], [-8.2]])), 1).double()
    response = ResponseMap(torch.rand(17, 13), mapping, "raw")
    result = fake_result(BOX, (91, 127), responses=True)
    result.responses[0] = response
    expected = result.response_in_frame(0).numpy()
    low, high = float(response.values.min()), float(response.values.max())
    expected = np.nan_to_num((expected - low) / (high - low), nan=0.0)
    heat = heat_in_frame([response], 91, 127)
    np.testing.assert_allclose(heat, expected, atol=0.03)  # OpenCV samples to 1/32 cell
    assert (heat > 0).any()


def test_overlay_is_brightest_where_the_peak_maps():
    frame = np.full((151, 203, 3), 60, np.uint8)
    response = fake_response(BOX, cells=17, peak_cell=(12, 5))
    picture = overlay_responses(frame, [response])
    row, column = np.unravel_index(picture.sum(-1).argmax(), (151, 203))
    x, y = peak_in_frame(response)
    assert abs(column + 0.5 - x) <= 1
    assert abs(row + 0.5 - y) <= 1
    assert (frame == 60).all()


def test_overlay_changes_nothing_outside_the_map():
    frame = np.random.default_rng(0).integers(0, 255, (151, 203, 3), dtype=np.uint8)
    response = fake_response(BOX, cells=17)
    outside = response.in_frame(151, 203).isnan().numpy()
    picture = overlay_responses(frame, [response])
    assert outside.any()
    assert (picture[outside] == frame[outside]).all()
    assert (picture[~outside] != frame[~outside]).any()


def test_overlay_of_a_map_beyond_the_frame_is_the_frame():
    frame = np.full((40, 40, 3), 9, np.uint8)
    far = fake_response(torch.tensor([900.0, 900, 10, 10]))
    assert (overlay_responses(frame, [far]) == frame).all()
    assert (overlay_responses(frame, []) == frame).all()


def test_layout_by_hand():
    assert panel_layout(360, 640, 4) == ("below", 1, 4, 160)
    assert panel_layout(300, 300, 1) == ("right", 1, 1, 150)
    assert panel_layout(640, 360, 3) == ("right", 1, 3, 180)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 700), st.integers(2, 700), st.integers(1, 12))
def test_layout_cells_fit_beside_the_frame(height, width, count):
    side, lines, per_line, cell = panel_layout(height, width, count)
    assert lines * per_line >= count
    assert cell >= 1
    if cell > 1:
        along, across = (height, width) if side == "right" else (width, height)
        assert per_line * cell <= along
        assert lines * cell <= across / 2


@pytest.mark.parametrize(("height", "width", "count"), [(61, 83, 3), (121, 47, 2), (50, 50, 1)])
def test_panel_keeps_the_picture_and_places_every_cell(height, width, count):
    boxes = [[5.0 + 9 * i, 10, 12, 14] for i in range(count)]
    result = fake_result(boxes, (height, width), responses=True)
    picture = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    whole = attach_panel(picture, result)
    side, lines, per_line, cell = panel_layout(height, width, count)
    thickness = lines * cell
    beside = side == "right"
    assert whole.shape[:2] == (
        (height, width + thickness) if beside else (height + thickness, width)
    )
    assert (whole[:height, :width] == picture).all()
    for i in range(count):
        line, place = divmod(i, per_line)
        top, left = (
            (place * cell, width + line * cell) if beside else (height + line * cell, place * cell)
        )
        expected = response_cell(result.responses[i], result, i, cell)
        assert (whole[top : top + cell, left : left + cell] == expected).all()


def test_panel_has_one_size_with_and_without_responses():
    boxes = [[5, 5, 20, 20], [30, 30, 20, 20]]
    picture = np.zeros((77, 101, 3), np.uint8)
    first = attach_panel(picture, fake_result(boxes, (77, 101)))
    later = attach_panel(picture, fake_result(boxes, (77, 101), responses=True))
    assert first.shape == later.shape
    assert (first[:77, :101] == picture).all()


def test_ring_stands_at_the_mapped_peak_of_the_cell():
    response = fake_response(BOX, cells=25, peak_cell=(18, 15))
    result = fake_result(BOX, (151, 203), responses=True)
    cell = response_cell(response, result, 0, 200)
    rows, columns = np.nonzero((cell > 200).all(-1))
    mapping = cell_from_frame(response, 200)
    x, y = mapping[:, :2] @ peak_in_frame(response) + mapping[:, 2]
    assert x == pytest.approx((18 + 0.5) * 200 / 25)
    assert y == pytest.approx((15 + 0.5) * 200 / 25)
    assert abs(columns.mean() + 0.5 - x) < 1
    assert abs(rows.mean() + 0.5 - y) < 1


def test_cell_of_an_oblong_map_is_centred():
    response = ResponseMap(
        torch.rand(10, 20), torch.tensor([[2.0, 0, 5], [0, 2.0, 7]]).double(), "raw"
    )
    mapping = cell_from_frame(response, 100)
    top_left = mapping[:, :2] @ np.array([5 - 1.0, 7 - 1.0]) + mapping[:, 2]  # corner of cell 0, 0
    np.testing.assert_allclose(top_left, [0, 25], atol=1e-9)
