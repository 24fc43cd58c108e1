"""Anchors of the SiamRPN family, against the published sizes and a twin in loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.anchors import anchor_grid, anchor_sizes, decode_anchors

RATIOS = [0.33, 0.5, 1, 2, 3]
PUBLISHED = [(104, 32), (88, 40), (64, 64), (40, 80), (32, 96)]


def test_convention_anchor_sizes_are_pysots() -> None:
    assert anchor_sizes(8, RATIOS, [8]).tolist() == [list(map(float, pair)) for pair in PUBLISHED]


def test_scales_come_within_a_ratio() -> None:
    sizes = anchor_sizes(8, [1, 2], [8, 4])
    assert sizes.tolist() == [[64, 64], [32, 32], [40, 80], [20, 40]]


@pytest.mark.parametrize("size", [25, 21, 97, 16])
def test_the_grid_is_flattened_as_anchor_row_column(size: int) -> None:
    grid = anchor_grid(anchor_sizes(8, RATIOS, [8]), size, 8)
    assert grid.shape == (5 * size * size, 4)
    assert grid.dtype == torch.float32
    random = np.random.default_rng(size)
    for k, y, x in random.integers(0, (5, size, size), (50, 3)):
        expected = ((x - size // 2) * 8, (y - size // 2) * 8, *PUBLISHED[k])
        assert grid[k * size * size + y * size + x].tolist() == list(map(float, expected))


def test_decode_against_loops() -> None:
    torch.manual_seed(2)
    anchors = anchor_grid(anchor_sizes(8, RATIOS, [8]), 5, 8)
    offsets = torch.randn(2, 4, len(anchors)) * 0.3
    boxes = decode_anchors(offsets, anchors)
    for n in range(2):
        for m, (x, y, w, h) in enumerate(anchors.tolist()):
            d = offsets[n, :, m].tolist()
            expected = [d[0] * w + x, d[1] * h + y, math.exp(d[2]) * w, math.exp(d[3]) * h]
            assert boxes[n, m].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_what_does_not_fit() -> None:
    with pytest.raises(InvalidArgument, match="must be positive and not empty, got 8"):
        anchor_sizes(8, [1, -1], [8])
    with pytest.raises(InvalidArgument, match=r"has no area: .*use ratios nearer to 1"):
        anchor_sizes(8, [100], [8])
    anchors = anchor_grid(anchor_sizes(8, RATIOS, [8]), 5, 8)
    with pytest.raises(ShapeError, match="for 125 anchors, got"):
        decode_anchors(torch.zeros(4, 25), anchors)
