"""Windows around real-valued centres: against loops, and where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.warps import crop_windows

Array = npt.NDArray[np.float64]


def smooth_frame(height: int = 60, width: int = 84) -> npt.NDArray[np.uint8]:
    """Waves of over 20 pixels: the 1/32 pixel of OpenCV's fixed-point tables is about a level."""
    ys, xs = np.mgrid[:height, :width]
    waves = [np.sin(xs / 4.1), np.cos(ys / 5.3), np.sin((xs + ys) / 6.7)]
    return np.round(127 + 120 * np.stack(waves, -1)).astype(np.uint8)


FRAME = smooth_frame()
NOISE = np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)


def twin_block_means(frame: npt.NDArray[np.uint8], block: int) -> Array:
    """Mean of each block of pixels; blocks beyond the border repeat its last row and column."""
    height, width = frame.shape[:2]
    rows, columns = math.ceil(height / block), math.ceil(width / block)
    means = np.zeros((rows, columns, 3))
    for i in range(rows):
        for j in range(columns):
            ys = np.minimum(np.arange(i * block, (i + 1) * block), height - 1)
            xs = np.minimum(np.arange(j * block, (j + 1) * block), width - 1)
            means[i, j] = frame[np.ix_(ys, xs)].astype(float).mean((0, 1))
    return means


def twin_bilinear(image: Array, y: float, x: float) -> Array:
    """Value at continuous coordinates, the middle of the first pixel at (1/2, 1/2)."""
    y, x = y - 0.5, x - 0.5
    top, left = math.floor(y), math.floor(x)
    value = np.zeros(3)
    for i, share_y in ((top, top + 1 - y), (top + 1, y - top)):
        for j, share_x in ((left, left + 1 - x), (left + 1, x - left)):
            row = min(max(i, 0), image.shape[0] - 1)
            column = min(max(j, 0), image.shape[1] - 1)
            value += share_y * share_x * image[row, column]
    return value


def twin_crop(
    frame: npt.NDArray[np.uint8], centre: tuple[float, float], side: float, size: int, block: int
) -> Array:
    image = twin_block_means(frame, block)
    crop = np.zeros((size, size, 3))
    for v in range(size):
        for u in range(size):
            x = centre[0] + (u + 0.5 - size / 2) * side / size
            y = centre[1] + (v + 0.5 - size / 2) * side / size
            crop[v, u] = twin_bilinear(image, y / block, x / block)
    return crop


@given(
    st.floats(-30, 110),
    st.floats(-30, 90),
    st.floats(2, 100),
    st.sampled_from([8, 13]),
)
@settings(max_examples=40, deadline=None)
def test_equals_the_loops(x: float, y: float, side: float, size: int) -> None:
    crop = crop_windows(
        FRAME, torch.tensor([[x, y]]).double(), torch.tensor([[side]]).double(), size
    )
    block = 1
    while side / size / block > 1.5:
        block *= 2
    expected = twin_crop(FRAME, (x, y), side, size, block)
    assert crop.dtype == torch.uint8
    # each halving rounds to half a level, the interpolation to half, positions to 1/32 pixel
    np.testing.assert_allclose(crop[0, 0].numpy(), expected, rtol=0, atol=2.5)


def test_a_window_on_the_pixel_grid_is_cut_out() -> None:
    """A 10 x 10 window at scale 1 around (20, 15) is columns 15 ... 24 and rows 10 ... 19."""
    crop = crop_windows(NOISE, torch.tensor([[20.0, 15.0]]), torch.tensor([[10.0]]), 10)
    np.testing.assert_array_equal(crop[0, 0].numpy(), NOISE[10:20, 15:25])


@pytest.mark.parametrize("block", [2, 4])
def test_a_shrunk_window_on_the_block_grid_is_block_means(block: int) -> None:
    side = 8 * block
    centre = torch.tensor([[float(side), float(side) / 2 + block]])
    crop = crop_windows(NOISE, centre, torch.tensor([[float(side)]]), 8)[0, 0]
    expected = twin_block_means(NOISE, block)[1:9, 4 : 4 + 8]
    np.testing.assert_allclose(crop.numpy(), expected, rtol=0, atol=1.01)


def test_convention_centres_are_continuous_and_borders_repeat() -> None:
    """A one-pixel window in the middle of pixel (2, 3) is that pixel; outside, the nearest."""
    centres = torch.tensor([[3.5, 2.5], [-40.0, 2.5], [99.0, 99.0]])
    crops = crop_windows(NOISE, centres, torch.ones(3, 1), 1)[:, 0, 0, 0].numpy()
    np.testing.assert_array_equal(crops, NOISE[[2, 2, -1], [3, 0, -1]])


def test_shrinking_averages() -> None:
    """Columns of black and white, 8 times smaller: grey everywhere, without moire."""
    stripes = np.zeros((160, 160, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    crop = crop_windows(stripes, torch.tensor([[80.3, 79.1]]), torch.tensor([[128.0]]), 16)
    assert (crop.float() - 127.5).abs().max() <= 2


def test_scales_of_a_target_are_equally_sharp() -> None:
    """1.45 ... 1.55 around 1.5: the geometric mean decides for all three."""
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    sides = 16 * torch.tensor([[1.44, 1.49, 1.54], [1.47, 1.52, 1.57]])
    spread = crop_windows(stripes, torch.full((2, 2), 32.0), sides, 16).float().std((2, 3, 4))
    assert (spread[0] > 50).all()  # interpolated: stripes remain
    assert (spread[1] < 2).all()  # averaged: no stripe remains


def test_each_target_is_cropped_by_itself_and_the_frame_stays() -> None:
    before = NOISE.copy()
    centres = torch.tensor([[10.2, 20.7], [30.9, 5.5], [500.0, -3.0]])
    sides = torch.tensor([[9.3, 12.1], [40.0, 33.3], [80.0, 100.0]])
    together = crop_windows(NOISE, centres, sides, 12)
    assert together.shape == (3, 2, 12, 12, 3)
    for i in range(3):
        alone = crop_windows(NOISE, centres[i : i + 1], sides[i : i + 1], 12)
        assert torch.equal(together[i], alone[0])
    np.testing.assert_array_equal(NOISE, before)
    assert crop_windows(NOISE, centres[:0], sides[:0], 12).shape == (0, 2, 12, 12, 3)


def test_a_view_of_a_frame_is_cropped_as_its_copy() -> None:
    view = NOISE[2:30, ::-1]
    centres, sides = torch.tensor([[20.4, 11.2]]), torch.tensor([[17.7, 44.0]])
    expected = crop_windows(np.ascontiguousarray(view), centres, sides, 16)
    assert torch.equal(crop_windows(view, centres, sides, 16), expected)


@pytest.mark.parametrize(
    ("centres", "sides", "size", "error", "sentence"),
    [
        (torch.zeros(2), torch.ones(1, 1), 8, ShapeError, r"\(N, 2\) and sides \(N, S\)"),
        (torch.zeros(2, 2), torch.ones(1, 3), 8, ShapeError, "disagree on N"),
        (torch.zeros(1, 2), torch.ones(1, 0), 8, ShapeError, "or S is 0"),
        (torch.zeros(1, 2), torch.zeros(1, 1), 8, InvalidArgument, "must be positive, got 8"),
        (torch.zeros(1, 2), torch.ones(1, 1), 0, InvalidArgument, "must be positive, got 0"),
        (torch.full((1, 2), math.nan), torch.ones(1, 1), 8, InvalidArgument, "must be finite"),
        (torch.zeros(1, 2), torch.full((1, 1), math.inf), 8, InvalidArgument, "must be finite"),
    ],
)
def test_bad_windows(
    centres: torch.Tensor, sides: torch.Tensor, size: int, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=f"crop_windows: .*{sentence}"):
        crop_windows(NOISE, centres, sides, size)
