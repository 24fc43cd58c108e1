"""Points of NanoTrack's responses and boxes from distances, against hand-worked numbers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.points import decode_points, grid_line, point_grid


@pytest.mark.parametrize(("size", "first", "last"), [(16, -128, 112), (15, -112, 112)])
def test_nanotracks_grids(size: int, first: int, last: int) -> None:
    line = grid_line(size, 16)
    assert (line[0], line[-1], line[size // 2]) == (first, last, 0)
    assert set(line.diff().tolist()) == {16}


@pytest.mark.parametrize(
    ("size", "first"),
    [(25, -96), (21, -80), (97, -384)],
)
def test_pysots_grids(size: int, first: int) -> None:
    assert grid_line(size, 8)[0] == first


def test_points_are_row_by_row() -> None:
    points = point_grid(3, 8)
    assert points.tolist()[:4] == [[-8, -8], [0, -8], [8, -8], [-8, 0]]
    assert points.shape == (9, 2)


@given(
    st.lists(st.floats(-200, 200, width=32), min_size=2, max_size=2),
    st.lists(st.floats(0, 300, width=32), min_size=4, max_size=4),
)
def test_decoded_sides_lie_at_the_distances(point: list[float], distances: list[float]) -> None:
    box = decode_points(torch.tensor(distances)[:, None], torch.tensor([point]))[0]
    cx, cy, w, h = (float(v) for v in box)
    left, top, right, bottom = distances
    assert cx - w / 2 == pytest.approx(point[0] - left, abs=1e-3)
    assert cy - h / 2 == pytest.approx(point[1] - top, abs=1e-3)
    assert cx + w / 2 == pytest.approx(point[0] + right, abs=1e-3)
    assert cy + h / 2 == pytest.approx(point[1] + bottom, abs=1e-3)


def test_every_target_has_its_own_distances() -> None:
    distances = torch.arange(2 * 4 * 9).reshape(2, 4, 9).float()
    both = decode_points(distances, point_grid(3, 8))
    assert both.shape == (2, 9, 4)
    assert torch.equal(both[1], decode_points(distances[1], point_grid(3, 8)))


def test_what_does_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"expected distances \(\.\.\., 4, 9\) for 9 points, got"):
        decode_points(torch.zeros(1, 4, 16), point_grid(3, 8))
    with pytest.raises(InvalidArgument, match="size and stride must be >= 1, got 0 and 8"):
        grid_line(0, 8)
