"""Hann window and scale factors against NumPy and hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr.errors import InvalidArgument
from siamcorr.geometry import hann_window_2d, scale_pyramid


@pytest.mark.parametrize("size", [2, 3, 16, 17, 272])
def test_window_equals_numpy(size: int) -> None:
    window = hann_window_2d(size)
    expected = np.outer(np.hanning(size), np.hanning(size))
    np.testing.assert_allclose(window.numpy(), expected, rtol=0, atol=1e-14)


def test_scales_of_siamfc() -> None:
    factors = scale_pyramid(3, 1.0375)
    assert factors.dtype == torch.float64
    assert factors.tolist() == pytest.approx([1 / 1.0375, 1.0, 1.0375], rel=1e-15)
    assert factors[1] == 1


def test_scales_are_powers_of_the_step() -> None:
    assert scale_pyramid(5, 2.0).tolist() == [0.25, 0.5, 1, 2, 4]
    assert scale_pyramid(1, 1.5).tolist() == [1]


def test_bad_windows_and_scales() -> None:
    with pytest.raises(InvalidArgument, match="hann_window_2d: size must be >= 2, got 1"):
        hann_window_2d(1)
    for count in (0, 2, -1):
        with pytest.raises(InvalidArgument, match=f"count must be odd and >= 1, got {count}"):
            scale_pyramid(count, 1.1)
    for step in (1.0, 0.5, float("nan")):
        with pytest.raises(InvalidArgument, match="step must be > 1"):
            scale_pyramid(3, step)
