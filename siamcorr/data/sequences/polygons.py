"""Rotated annotations: the upright box that stands for four corners in the VOT protocols."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["area_equivalent_boxes"]


def area_equivalent_boxes(corners_xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Upright boxes with the centre and about the area of rotated rectangles.

    The centre is the mean of the corners; the bounding box is shrunk in both directions by
    f = sqrt(|c0 c1| |c1 c2| / (W H)) and then widened by one pixel:
    w = f W + 1, h = f H + 1.

    Args:
        corners_xy: (..., 4, 2), 0-based; NaN where there is no annotation.

    Returns:
        (..., 4) `x, y, w, h` with x + w/2 and y + h/2 at the mean of the corners; NaN stays NaN.

    Convention:
        Corners on one line have no bounding box to shrink (W H = 0): f is 1 then.

    Source:
        The rule by which PySOT's benchmark scripts start a tracker on VOT polygons; the pixel that
        is added is theirs.

    Example:
        >>> square = np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [9.0, 0.0]])
        >>> area_equivalent_boxes(square)
        array([-0.5, -0.5, 10. , 10. ])
    """
    extent = corners_xy.max(axis=-2) - corners_xy.min(axis=-2)  # (..., 2) W, H
    sides = np.linalg.norm(corners_xy[..., 1:3, :] - corners_xy[..., 0:2, :], axis=-1)  # (..., 2)
    bounding = extent.prod(axis=-1)
    flat = bounding == 0
    shrink = np.sqrt(np.where(flat, 1.0, sides.prod(axis=-1)) / np.where(flat, 1.0, bounding))
    size = shrink[..., None] * extent + 1.0
    return np.concatenate((corners_xy.mean(axis=-2) - size / 2, size), axis=-1)
