"""Window over a response map that prefers small displacements."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument

__all__ = ["hann_window_2d"]


def hann_window_2d(size: int) -> Tensor:
    """Outer product of two symmetric Hann windows.

    w[i, j] = hann(i) * hann(j),  hann(i) = (1 - cos(2 pi i / (size - 1))) / 2

    Args:
        size: rows and columns, >= 2.

    Returns:
        (size, size) float64 in 0 ... 1; zero at the border. SiamFC divides it by its sum, the
        SiamRPN family uses it as it is.

    Raises:
        InvalidArgument: size < 2.

    Example:
        >>> hann_window_2d(3)[1]
        tensor([0., 1., 0.], dtype=torch.float64)
    """
    if size < 2:
        raise InvalidArgument(f"hann_window_2d: size must be >= 2, got {size}")
    line = torch.hann_window(size, periodic=False, dtype=torch.float64)
    return torch.outer(line, line)
