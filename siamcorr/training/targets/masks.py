"""What the masks of cells should be: windows of the search crop's mask.

Source: foolwood/SiamMask.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import ShapeError

__all__ = ["mask_windows"]


def mask_windows(masks: Tensor, cells: Tensor, side: int, stride: int) -> Tensor:
    """The window of each chosen cell: 1 on the target, -1 off it, 0 outside the crop.

    Args:
        masks: (B, Sx, Sx) bool, of the search crops.
        cells: (B, S, S) bool, N of them true.
        side: of the windows in pixels; the template's, 127.
        stride: pixels from window to window.

    Returns:
        (N, side, side) float32, pair by pair and row by row.

    Convention:
        The middle windows stand in the middle of the crop: that of cell (y, x) starts at pixel
        (y * stride - p, x * stride - p) with p = ((S - 1) * stride + side - Sx) / 2, 32 for 25
        cells on 255 pixels and 0 for 3 cells on 143.

    Raises:
        ShapeError: batches differ, or p is no integer >= 0.

    Example:
        >>> cells = torch.zeros(1, 25, 25, dtype=torch.bool)
        >>> cells[0, 12, 12] = True
        >>> mask_windows(torch.ones(1, 255, 255, dtype=torch.bool), cells, 127, 8).shape
        torch.Size([1, 127, 127])
    """
    twice = (cells.shape[-1] - 1) * stride + side - masks.shape[-1]
    if len(masks) != len(cells) or twice < 0 or twice % 2:
        raise ShapeError(
            "mask_windows: masks and cells do not fit: windows of "
            f"{side} pixels every {stride} need a border of {twice / 2} pixels"
            f"\n  masks : {tuple(masks.shape)}  as (B, Sx, Sx)"
            f"\n  cells : {tuple(cells.shape)}  as (B, S, S)"
        )
    signs = masks.to(torch.int8) * 2 - 1
    padded = F.pad(signs, (twice // 2,) * 4)
    windows = padded.unfold(1, side, stride).unfold(2, side, stride)  # (B, S, S, side, side)
    return windows[cells].float()
