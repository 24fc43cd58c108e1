"""Grid of points over a crop, and boxes from distances to their four sides."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError

__all__ = ["decode_points", "grid_line", "point_grid"]


def grid_line(size: int, stride: int) -> Tensor:
    """Positions of the cells of a response along one axis, about the centre of the crop.

    p_i = (i - size // 2) * stride,  i = 0 ... size - 1

    Args:
        size: cells of the response, >= 1.
        stride: pixels of the crop per cell, >= 1.

    Returns:
        (size,) float32, in pixels of the crop.

    Convention:
        An even grid is not symmetric: its middle cell `size // 2` stands on the crop's centre, and
        there is one cell more before it than after it.

    Raises:
        InvalidArgument: size or stride below 1.

    Example:
        >>> grid_line(4, 16)
        tensor([-32., -16.,   0.,  16.])
    """
    if size < 1 or stride < 1:
        raise InvalidArgument(f"grid_line: size and stride must be >= 1, got {size} and {stride}")
    return (torch.arange(size, dtype=torch.float32) - size // 2) * stride


def point_grid(size: int, stride: int) -> Tensor:
    """Points at the cells of a square response.

    Args:
        size: rows and columns of the response.
        stride: pixels of the crop per cell.

    Returns:
        (size * size, 2) float32: x and y about the centre of the crop, row by row.

    Source:
        The point heads of NanoTrack and SiamBAN.

    Example:
        >>> point_grid(15, 16)[0]
        tensor([-112., -112.])
    """
    line = grid_line(size, stride)
    return torch.stack(
        (line.repeat(size), line.repeat_interleave(size)), dim=-1
    )  # (size * size, 2)


def decode_points(distances: Tensor, points: Tensor) -> Tensor:
    """Boxes from the distances of points to their sides.

    x1, y1, x2, y2 = px - left, py - top, px + right, py + bottom

    Args:
        distances: (..., 4, M) left, top, right, bottom in pixels of the crop.
        points: (M, 2) from `point_grid`.

    Returns:
        (..., M, 4) centre x, centre y, width, height about the centre of the crop.

    Raises:
        ShapeError: there are not 4 distances for each point.

    Example:
        >>> decode_points(torch.tensor([[2.0], [1.0], [4.0], [3.0]]), torch.zeros(1, 2))
        tensor([[1., 1., 6., 4.]])
    """
    if distances.ndim < 2 or distances.shape[-2:] != (4, len(points)):
        raise ShapeError(
            f"decode_points: expected distances (..., 4, {len(points)}) for {len(points)} points, "
            f"got {tuple(distances.shape)}"
        )
    left, top, right, bottom = distances.unbind(-2)
    x, y = points.to(distances).unbind(-1)
    x1, y1, x2, y2 = x - left, y - top, x + right, y + bottom
    return torch.stack(((x1 + x2) * 0.5, (y1 + y2) * 0.5, x2 - x1, y2 - y1), dim=-1)
