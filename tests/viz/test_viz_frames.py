"""Whole frames and the explaining figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_tracker import fake_result

from siamcorr.viz import draw_frame, id_color
from siamcorr.viz.colors import LOST_COLOR
from siamcorr.viz.figure import response_figure, scale_result
from siamcorr.viz.frames import target_label
from siamcorr.viz.text import line_width, text_height

BOXES = [[20, 30, 25, 35], [70, 40, 30, 20]]


def share_of(picture, color):
    return (np.abs(picture.astype(int) - color).max(-1) <= 6).mean()


@pytest.mark.parametrize("size", [(97, 131), (96, 128), (33, 31)])
@pytest.mark.parametrize("overlay", [False, True])
def test_frame_keeps_its_size_and_the_input_its_pixels(size, overlay):
    frame = np.full((*size, 3), 80, np.uint8)
    result = fake_result(BOXES, size, responses=True)
    picture = draw_frame(frame, result, trails={0: np.array([[3, 4], [9, 9.0]])}, overlay=overlay)
    assert picture.shape == frame.shape
    assert picture.dtype == np.uint8
    assert (frame == 80).all()
    assert (picture != frame).any()


def test_every_target_has_its_color_until_it_is_lost():
    frame = np.full((120, 160, 3), 80, np.uint8)
    result = fake_result(BOXES, (120, 160))
    seen = draw_frame(frame, result)
    assert share_of(seen, id_color(0)) > 0.005
    assert share_of(seen, id_color(1)) > 0.005
    lost = draw_frame(frame, replace(result, lost=torch.tensor([False, True])))
    assert share_of(lost, id_color(0)) == share_of(seen, id_color(0))
    assert share_of(lost, id_color(1)) == 0
    assert share_of(lost, LOST_COLOR) > 0.005


def test_rotated_corners_are_drawn_in_place_of_the_box():
    frame = np.zeros((100, 100, 3), np.uint8)
    diamond = torch.tensor([[[50.0, 40], [80, 60], [50, 80], [20, 60]]], dtype=torch.float64)
    result = replace(fake_result([[20, 40, 60, 40]], (100, 100)), corners_xy=diamond)
    picture = draw_frame(frame, result)
    assert (picture[78:82, 48:53] > 0).any()
    assert not (picture[70:, 75:] > 0).any()  # a corner of the box, outside the diamond


def test_box_that_is_not_finite_is_left_out():
    frame = np.zeros((60, 60, 3), np.uint8)
    result = fake_result([[10, 10, 20, 20]], (60, 60))
    hidden = replace(result, boxes_xywh=torch.full((1, 4), float("nan"), dtype=torch.float64))
    assert (draw_frame(frame, hidden) == 0).all()


def test_labels_say_the_score_or_lost():
    result = replace(fake_result(BOXES, (9, 9)), lost=torch.tensor([False, True]))
    assert target_label(result, 0) == "0  0.75"
    assert target_label(result, 1) == "1  lost"


def test_marks_grow_with_the_frame():
    assert [line_width(h, h) for h in (100, 480, 1080)] == [1, 2, 4]
    assert [text_height(h, h) for h in (100, 720, 1440)] == [8, 20, 40]


def test_scaled_result_maps_its_peak_to_the_scaled_place():
    result = fake_result(BOXES, (100, 150), responses=True)
    scaled = scale_result(result, 3.0, (300, 450))
    cell = torch.tensor([8.0, 8, 1], dtype=torch.float64)
    before, after = (r.responses[1].crop_to_frame @ cell for r in (result, scaled))
    torch.testing.assert_close(after, 3 * before)
    torch.testing.assert_close(scaled.boxes_xywh, 3 * result.boxes_xywh)
    assert scaled.frame_size == (300, 450)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_figure_glows_where_the_responses_peak(count):
    frame = np.full((120, 160, 3), 90, np.uint8)
    boxes = [[10 + 15 * i, 40, 20, 20] for i in range(count)]
    figure = response_figure(frame, fake_result(boxes, (120, 160), responses=True))
    assert figure.ndim == 3
    assert figure.shape[1] == 2 * 800 + 3 * 24
    right = figure[:600, 24 + 800 + 24 : -24].astype(int)
    title = 2 * 18 + 12
    x, y = 20 * 5, 50 * 5 + title  # centre of the first box, five times larger
    assert right[y, x].sum() > 550
    assert right[title + 500, 700].sum() < 200
