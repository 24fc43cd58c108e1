"""Square crops around targets, padded with a colour and resized with OpenCV."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from siamcorr.errors import ShapeError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["context_side", "crop_squares", "mean_colour"]


def context_side(sizes: Tensor, context_amount: float) -> Tensor:
    """Side of the square that holds a target and its context.

    side = sqrt((h + c) * (w + c)),  c = context_amount * (h + w)

    Args:
        sizes: (..., 2) height and width (or width and height) in pixels.
        context_amount: share of h + w added to each side; 0.5 in the Siamese literature.

    Returns:
        (...) of the dtype of `sizes`.
    """
    context = context_amount * sizes.sum(-1, keepdim=True)
    return (sizes + context).prod(-1).sqrt()


def mean_colour(frame: FrameArray) -> Tensor:
    """Mean of each channel over the whole frame: (3,) float64."""
    return torch.from_numpy(frame.mean(axis=(0, 1), dtype=np.float64))


def crop_squares(
    frame: FrameArray, corners_yx: Tensor, sides: Tensor, border_colours: Tensor, size: int
) -> Tensor:
    """Cut squares out of a frame and resize them to one size.

    Args:
        frame: (H, W, 3) uint8.
        corners_yx: (M, 2) integer pixel index of each square's first row and column.
        sides: (M,) integer sides in pixels, >= 1.
        border_colours: (M, 3) uint8, what stands where a square leaves the frame.
        size: side of the result in pixels.

    Returns:
        (M, size, size, 3) uint8 on CPU, channels in the order of the frame.

    Convention:
        The colour is filled in before the resize, so that the frame's border is interpolated with
        it; OpenCV's bilinear resize of uint8 (half-pixel centres, fixed-point weights) as in the
        reference trackers. Only the part inside the frame is copied, the frame is never padded.

    Raises:
        ShapeError: the number of corners, sides and colours differ.
    """
    if not len(corners_yx) == len(sides) == len(border_colours):
        raise ShapeError(
            "crop_squares: corners_yx, sides and border_colours disagree on M: "
            f"{len(corners_yx)}, {len(sides)} and {len(border_colours)}"
        )
    cv2 = load_cv2()
    crops = np.empty((len(sides), size, size, 3), dtype=np.uint8)
    squares = zip(corners_yx.tolist(), sides.tolist(), border_colours.tolist(), strict=True)
    for i, ((top, left), side, colour) in enumerate(squares):
        square = _cut(frame, int(top), int(left), int(side), colour)
        crops[i] = cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(crops)


def _cut(frame: FrameArray, top: int, left: int, side: int, colour: list[int]) -> FrameArray:
    """One square of the frame; a view where it lies inside."""
    height, width = frame.shape[:2]
    y1, y2 = max(top, 0), min(top + side, height)
    x1, x2 = max(left, 0), min(left + side, width)
    if (y2 - y1, x2 - x1) == (side, side):
        return frame[y1:y2, x1:x2]
    if y2 <= y1 or x2 <= x1:
        return np.full((side, side, 3), colour, dtype=np.uint8)
    margins = (y1 - top, top + side - y2, x1 - left, left + side - x2)
    cv2 = load_cv2()
    filled: FrameArray = cv2.copyMakeBorder(
        frame[y1:y2, x1:x2], *margins, cv2.BORDER_CONSTANT, value=colour
    )
    return filled
