"""Crops of the SiamRPN family: PySOT's corner rule and its colour beyond the border."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.geometry.crops import crop_squares, mean_colour
from siamcorr.types import FrameArray

__all__ = ["pysot_corners", "pysot_crops", "truncated_mean_colour"]


def pysot_corners(centres_xy: Tensor, sides: Tensor) -> Tensor:
    """First row and column of squares around centres.

    corner = floor(centre - (side + 1) / 2 + 1/2)

    Args:
        centres_xy: (N, 2) float64 x and y.
        sides: (N,) whole numbers.

    Returns:
        (N, 2) int64 row and column; may be negative.

    Example:
        >>> pysot_corners(torch.tensor([[10.0, 20.5]]), torch.tensor([5.0]))
        tensor([[18,  7]])
    """
    corners = centres_xy - ((sides + 1) / 2)[:, None] + 0.5
    return corners.floor().long().flip(-1)


def truncated_mean_colour(frame: FrameArray) -> Tensor:
    """Mean of each channel over the frame, truncated: (3,) uint8.

    Convention:
        Truncated, as where PySOT stores the mean in its uint8 canvas; SiamFC rounds it.
    """
    return mean_colour(frame).to(torch.uint8)


def pysot_crops(
    frame: FrameArray, centres_xy: Tensor, sides: Tensor, border_colours: Tensor, size: int
) -> Tensor:
    """Cut one square around each of N centres and resize them to one size.

    Args:
        frame: (H, W, 3) uint8.
        centres_xy: (N, 2) float64 x and y in pixels of the frame.
        sides: (N,) sides in pixels of the frame, whole numbers >= 1.
        border_colours: (N, 3) uint8.
        size: side of the crops in pixels.

    Returns:
        (N, size, size, 3) uint8 on CPU, channels in the order of the frame.

    Source:
        PySOT's `get_subwindow`, which NanoTrack shares; section 3 of Bertinetto et al. 2016 for the
        idea. Resized while uint8, by OpenCV's bilinear interpolation, as there.

    Example:
        >>> import numpy as np
        >>> frame = np.zeros((40, 60, 3), np.uint8)
        >>> centres = torch.tensor([[30.0, 20.0]], dtype=torch.float64)
        >>> colour = truncated_mean_colour(frame)[None]
        >>> pysot_crops(frame, centres, torch.tensor([32.0]), colour, 127).shape
        torch.Size([1, 127, 127, 3])
    """
    corners_yx = pysot_corners(centres_xy, sides)
    return crop_squares(frame, corners_yx, sides.long(), border_colours, size)
