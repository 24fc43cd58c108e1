"""Crops against the literal recipe: pad the whole frame, cut, resize."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.errors import ShapeError
from siamcorr.geometry import context_side, crop_squares, mean_colour

FRAME = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def crop_of_padded_frame(
    frame: npt.NDArray[np.uint8], top: int, left: int, side: int, colour: list[int], size: int
) -> npt.NDArray[np.uint8]:
    height, width = frame.shape[:2]
    overhang = max(0, -top, -left, top + side - height, left + side - width)
    padded = cv2.copyMakeBorder(
        frame, overhang, overhang, overhang, overhang, cv2.BORDER_CONSTANT, value=colour
    )
    patch = padded[top + overhang : top + overhang + side, left + overhang : left + overhang + side]
    return np.asarray(cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR))


@given(st.integers(-90, 90), st.integers(-90, 90), st.integers(1, 100), st.sampled_from([7, 31]))
def test_equals_padding_the_whole_frame(top: int, left: int, side: int, size: int) -> None:
    colour = [10, 200, 90]
    crop = crop_squares(
        FRAME, torch.tensor([[top, left]]), torch.tensor([side]), torch.tensor([colour]), size
    )
    expected = crop_of_padded_frame(FRAME, top, left, side, colour, size)
    assert crop.dtype == torch.uint8
    np.testing.assert_array_equal(crop[0].numpy(), expected)


def test_each_square_is_cut_by_itself() -> None:
    corners = torch.tensor([[0, 0], [-5, 30], [100, 100]])
    sides = torch.tensor([9, 21, 4])
    colours = torch.tensor([[0, 0, 0], [255, 0, 9], [1, 2, 3]])
    together = crop_squares(FRAME, corners, sides, colours, 13)
    for i in range(3):
        alone = crop_squares(FRAME, corners[i : i + 1], sides[i : i + 1], colours[i : i + 1], 13)
        assert torch.equal(together[i], alone[0])
    assert together[2].flatten(0, 1).unique(dim=0).tolist() == [[1, 2, 3]]  # wholly outside


def test_the_frame_is_left_as_it_is() -> None:
    before = FRAME.copy()
    crop = crop_squares(
        FRAME, torch.tensor([[2, 2]]), torch.tensor([7]), torch.zeros(1, 3).byte(), 7
    )
    crop.zero_()
    np.testing.assert_array_equal(FRAME, before)


def test_counts_must_agree() -> None:
    with pytest.raises(ShapeError, match="disagree on M: 2, 1 and 2"):
        crop_squares(FRAME, torch.zeros(2, 2), torch.ones(1), torch.zeros(2, 3), 5)


def test_context_side_by_hand() -> None:
    """h = 30, w = 10: c = 20, side = sqrt(50 * 30)."""
    sides = context_side(torch.tensor([[30.0, 10.0], [8.0, 8.0]]), 0.5)
    torch.testing.assert_close(sides, torch.tensor([1500.0, 256.0]).sqrt())
    torch.testing.assert_close(context_side(torch.tensor([8.0, 2.0]), 0.0), torch.tensor(4.0))


def test_mean_colour_is_the_mean_of_each_channel() -> None:
    frame = np.zeros((2, 2, 3), np.uint8)
    frame[0, 0] = (255, 4, 2)
    assert mean_colour(frame).tolist() == [63.75, 1.0, 0.5]
