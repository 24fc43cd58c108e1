"""Masks on frames: whose pixels change, to what colour, and at what size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_tracker import fake_result

from siamcorr.errors import ShapeError
from siamcorr.viz import draw_frame, id_color
from siamcorr.viz.colors import LOST_COLOR
from siamcorr.viz.figure import scale_result
from siamcorr.viz.masks import draw_masks

BOXES = [[20, 30, 25, 35], [70, 40, 30, 20]]


def two_masks() -> torch.Tensor:
    masks = torch.zeros(2, 90, 120, dtype=torch.bool)
    masks[0, 35:60, 25:40] = True
    masks[1, 42:55, 75:95] = True
    return masks


def test_only_the_masks_are_tinted_in_their_colors() -> None:
    canvas = np.full((90, 120, 3), 100, np.uint8)
    result = replace(
        fake_result(BOXES, (90, 120)), masks=two_masks(), lost=torch.tensor([False, True])
    )
    draw_masks(canvas, result, opacity=0.5)
    for mask, color in zip(two_masks().numpy(), (id_color(0), LOST_COLOR), strict=True):
        expected = np.round(0.5 * 100 + 0.5 * np.array(color))
        assert (canvas[mask] == expected).all()
    assert (canvas[~two_masks().any(0).numpy()] == 100).all()


def test_a_frame_shows_the_masks_it_has() -> None:
    frame = np.full((90, 120, 3), 100, np.uint8)
    bare = fake_result(BOXES, (90, 120))
    without, masked = draw_frame(frame, bare), draw_frame(frame, replace(bare, masks=two_masks()))
    assert (without[50, 32] == 100).all()
    assert (masked[50, 32] != 100).any()
    assert (frame == 100).all()


def test_masks_grow_with_the_figure() -> None:
    result = replace(fake_result(BOXES, (90, 120)), masks=two_masks())
    scaled = scale_result(result, 2.0, (180, 240))
    assert scaled.masks is not None
    doubled = two_masks().repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert torch.equal(scaled.masks, doubled)


def test_masks_of_another_size() -> None:
    result = replace(fake_result(BOXES, (90, 120)), masks=two_masks())
    with pytest.raises(ShapeError, match=r"masks \(2, 90, 120\) do not cover a canvas of 40 x 40"):
        draw_masks(np.zeros((40, 40, 3), np.uint8), result)
