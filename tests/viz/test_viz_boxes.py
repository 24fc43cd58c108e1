"""Boxes, trails and labels: what they change, what they leave, and where they go."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.viz import box_corners, draw_label, draw_polygon, draw_trail, id_color
from siamcorr.viz.colors import ink_on

RED = (255, 0, 0)


def distance_to_path(points_xy, height, width):
    """Distance of every pixel centre to a polyline, by the formula, in continuous pixels."""
    ys, xs = np.mgrid[:height, :width] + 0.5
    pixels = np.stack((xs, ys), -1)
    best = np.full((height, width), np.inf)
    for start, end in itertools.pairwise(np.asarray(points_xy, float)):
        along = end - start
        share = np.clip(((pixels - start) @ along) / max(along @ along, 1e-9), 0, 1)
        best = np.minimum(best, np.linalg.norm(pixels - start - share[..., None] * along, axis=-1))
    return best


def changed(canvas, ground=0):
    return (canvas != ground).any(-1)


def test_trail_changes_pixels_on_the_path_and_no_others():
    canvas = np.zeros((61, 83, 3), np.uint8)
    points = np.array([[10, 10], [30, 40], [60, 20], [70, 50.0]])
    draw_trail(canvas, points, RED, width=3)
    distance = distance_to_path(points, 61, 83)
    assert not changed(canvas)[distance > 3.5].any()
    newest = distance_to_path(points[2:], 61, 83) < 0.5
    assert changed(canvas)[newest].all()
    assert (canvas[..., 1:] == 0).all()


def test_trail_fades_towards_its_oldest_point():
    canvas = np.zeros((20, 100, 3), np.uint8)
    draw_trail(canvas, np.stack((np.linspace(5, 95, 10), np.full(10, 10.0)), 1), RED, width=2)
    along = canvas[8:12, 8:92, 0].max(0).astype(int)
    assert along[0] < 40
    assert along[-1] > 200
    assert along[:20].mean() < along[30:50].mean() < along[60:].mean()


def test_trail_breaks_where_the_target_was_lost():
    canvas = np.zeros((20, 100, 3), np.uint8)
    points = np.array([[5, 10], [30, 10], [np.nan, np.nan], [70, 10], [95, 10.0]])
    draw_trail(canvas, points, RED, width=1)
    assert changed(canvas)[:, 72:93].any(0).all()
    assert not changed(canvas)[:, 33:67].any()


@pytest.mark.parametrize("count", [0, 1])
def test_trail_of_less_than_two_points_is_nothing(count):
    canvas = np.full((9, 9, 3), 7, np.uint8)
    draw_trail(canvas, np.full((count, 2), 4.0), RED, width=1)
    assert (canvas == 7).all()


def test_polygon_follows_the_continuous_outline():
    canvas = np.zeros((60, 70, 3), np.uint8)
    corners = box_corners([10.5, 20.5, 30, 25])
    draw_polygon(canvas, corners, RED, width=1)
    outline = distance_to_path(np.vstack((corners, corners[:1])), 60, 70)
    assert not changed(canvas)[outline > 1.5].any()
    # an edge at x = 10.5 runs through the centres of the pixels of column 10
    assert (canvas[25:40, 10, 0] > 200).all()
    assert (canvas[20, 15:35, 0] > 200).all()


def test_dashed_polygon_has_corners_and_gaps():
    canvas = np.zeros((120, 140, 3), np.uint8)
    corners = box_corners([20.5, 20.5, 100, 80])
    draw_polygon(canvas, corners, RED, width=1, dashed=True)
    edge = canvas[20, 21:120, 0] > 100
    assert edge[:4].all()
    assert edge[-4:].all()
    assert 0.4 < edge.mean() < 0.85
    assert 6 <= np.count_nonzero(np.diff(edge.astype(int)) == 1) <= 14


def test_polygon_with_nan_draws_nothing():
    canvas = np.zeros((20, 20, 3), np.uint8)
    draw_polygon(canvas, box_corners([np.nan, 2, 5, 5]), RED, width=1)
    assert not changed(canvas).any()


@pytest.mark.parametrize("dashed", [False, True])
def test_polygon_far_outside_leaves_the_canvas_alone(dashed):
    canvas = np.zeros((20, 20, 3), np.uint8)
    draw_polygon(canvas, box_corners([1e9, 1e9, 50, 1e12]), RED, width=2, dashed=dashed)
    draw_polygon(canvas, box_corners([-1e9, 5, 10, 10]), RED, width=2, dashed=dashed)
    assert not changed(canvas).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.floats(-200, 200), st.floats(-200, 200))
def test_label_never_leaves_the_canvas(height, width, x, y):
    canvas = np.zeros((height, width, 3), np.uint8)
    draw_label(canvas, "12  lost", (x, y), 8, RED)
    assert changed(canvas).any()


def test_label_stands_on_its_corner_where_there_is_room():
    canvas = np.zeros((100, 200, 3), np.uint8)
    draw_label(canvas, "3  0.82", (50, 60), 10, RED)
    rows, columns = np.nonzero(changed(canvas))
    assert (rows.max() + 1, columns.min()) == (60, 50)


def test_id_colors_differ_and_are_stable():
    colors = [id_color(i) for i in range(40)]
    assert len(set(colors)) == 40
    first = np.array(colors[:10], float)
    gaps = np.linalg.norm(first[:, None] - first[None], axis=-1) + 1e9 * np.eye(10)
    assert gaps.min() > 60
    assert id_color(123456) == id_color(123456)


def test_ink_contrasts_with_its_ground():
    assert sum(ink_on((255, 255, 200))) < 100
    assert ink_on((10, 20, 60)) == (255, 255, 255)


def test_trail_beyond_the_canvas_draws_its_inner_part():
    canvas = np.zeros((40, 50, 3), np.uint8)
    draw_trail(canvas, np.array([[-200, -100], [-50, -60.0]]), RED, width=2)
    draw_trail(canvas, np.array([[900, 20], [960, 20.0]]), RED, width=2)
    assert not changed(canvas).any()
    draw_trail(canvas, np.array([[-30, 20], [80, 20.0]]), RED, width=2)
    assert changed(canvas)[19:21].any(0).all()
    assert not changed(canvas)[:16].any()
    assert not changed(canvas)[24:].any()
