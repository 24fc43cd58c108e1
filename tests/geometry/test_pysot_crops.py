"""PySOT's crops, against a twin that pads the whole frame by hand."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.geometry.pysot_crops import pysot_corners, pysot_crops, truncated_mean_colour

FRAME = np.random.default_rng(3).integers(0, 256, (70, 90, 3), dtype=np.uint8)


def twin_crop(frame: npt.NDArray[Any], cx: float, cy: float, side: int, size: int) -> Any:
    """Every pixel of the square by its own test, then OpenCV's resize of uint8."""
    height, width = frame.shape[:2]
    colour = [int(frame[..., c].astype(np.int64).sum() / (height * width)) for c in range(3)]
    x0 = math.floor(cx - (side + 1) / 2 + 0.5)
    y0 = math.floor(cy - (side + 1) / 2 + 0.5)
    patch = np.empty((side, side, 3), np.uint8)
    for row in range(side):
        for column in range(side):
            y, x = y0 + row, x0 + column
            inside = 0 <= y < height and 0 <= x < width
            patch[row, column] = frame[y, x] if inside else colour
    if side == size:
        return patch
    return cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-20, 110, allow_nan=False),
    st.floats(-20, 90, allow_nan=False),
    st.integers(1, 60),
    st.sampled_from([7, 16, 31]),
)
def test_crops_are_the_twins(cx: float, cy: float, side: int, size: int) -> None:
    centre = torch.tensor([[cx, cy]], dtype=torch.float64)
    colour = truncated_mean_colour(FRAME)[None]
    crop = pysot_crops(FRAME, centre, torch.tensor([float(side)]), colour, size)
    np.testing.assert_array_equal(crop[0].numpy(), twin_crop(FRAME, cx, cy, side, size))


def test_several_targets_at_once() -> None:
    centres = torch.tensor([[10.2, 20.7], [88.0, 3.5], [-50.0, -50.0]], dtype=torch.float64)
    colours = truncated_mean_colour(FRAME).expand(3, -1)
    crops = pysot_crops(FRAME, centres, torch.tensor([31.0, 40.0, 12.0]), colours, 31)
    for crop, (cx, cy), side in zip(crops, centres.tolist(), (31, 40, 12), strict=True):
        np.testing.assert_array_equal(crop.numpy(), twin_crop(FRAME, cx, cy, side, 31))


@pytest.mark.parametrize(
    ("centre", "side", "corner"),
    [(50.0, 31, 34), (50.0, 30, 35), (50.5, 31, 35), (50.5, 30, 35), (0.0, 3, -2)],
)
def test_convention_corner_is_the_floor_of_centre_less_half_the_side(
    centre: float, side: int, corner: int
) -> None:
    centres = torch.tensor([[centre, centre + 7]], dtype=torch.float64)
    assert pysot_corners(centres, torch.tensor([float(side)])).tolist() == [[corner + 7, corner]]


def test_convention_border_colour_is_truncated() -> None:
    frame = np.zeros((1, 2, 3), np.uint8)
    frame[0, 0] = (1, 3, 255)  # means 0.5, 1.5, 127.5
    assert truncated_mean_colour(frame).tolist() == [0, 1, 127]
