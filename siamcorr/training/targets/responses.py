"""What one response map should be: labels round the target's place, or a bell there.

Source: Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016; labels
as in siamfc-pytorch and in the MatConvNet original.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument

__all__ = ["Distance", "gaussian_responses", "response_labels"]

Distance: TypeAlias = Literal["manhattan", "euclidean"]
"""How far a cell is: |dx| + |dy|, or the root of dx^2 + dy^2."""


def response_labels(
    centres_xy: Tensor, size: int, stride: int, radius: float, distance: Distance = "manhattan"
) -> Tensor:
    """1 in the cells within a radius of the target's centre, 0 elsewhere.

    Args:
        centres_xy: (B, 2) about the centre of the search crop, in pixels; zeros for labels that
            stay in the middle.
        size: rows and columns of the response.
        stride: pixels of the search crop a cell.
        radius: in pixels, the border included; 16 at stride 8 are 13 cells round a centre of 0.
        distance: `manhattan` as in siamfc-pytorch, `euclidean` as in the original.

    Returns:
        (B, 1, size, size) int8; all 0 where the target is further off the map than the radius.

    Convention:
        The response lies symmetrically about the centre of the crop: cell i is at
        (i - (size - 1) / 2) * stride.

    Raises:
        InvalidArgument: another distance.

    Example:
        >>> response_labels(torch.tensor([[0.0, 0.0], [8.0, 0.0]]), 5, 8, 8.0)[:, 0].sum((1, 2))
        tensor([5, 5])
    """
    if distance not in ("manhattan", "euclidean"):
        raise InvalidArgument(
            f"response_labels: distance must be manhattan or euclidean, got {distance!r}"
        )
    dx, dy = _offsets(centres_xy, size, stride)
    far = dx.abs() + dy.abs() if distance == "manhattan" else torch.hypot(dx, dy)
    return (far <= radius).to(torch.int8)[:, None]


def gaussian_responses(centres_xy: Tensor, sigmas: Tensor, size: int, stride: int) -> Tensor:
    """A bell of height 1 at the target's centre.

    y[b, 0, i, j] = exp(-(dx^2 + dy^2) / (2 sigma_b^2))

    Args:
        centres_xy: (B, 2) about the centre of the search crop, in pixels.
        sigmas: (B,) in pixels, > 0.
        size: rows and columns of the response.
        stride: pixels of the search crop a cell.

    Returns:
        (B, 1, size, size) of the centres' dtype.

    Convention:
        As in `response_labels`.

    Example:
        >>> gaussian_responses(torch.zeros(1, 2), torch.tensor([8.0]), 3, 8)[0, 0, 1]
        tensor([0.6065, 1.0000, 0.6065])
    """
    dx, dy = _offsets(centres_xy, size, stride)
    exponents = (dx.square() + dy.square()) / (2 * sigmas[:, None, None].square())
    return (-exponents).exp()[:, None]


def _offsets(centres_xy: Tensor, size: int, stride: int) -> tuple[Tensor, Tensor]:
    """From the target to each cell: (B, 1, size) along x and (B, size, 1) along y, in pixels."""
    cells = torch.arange(size, device=centres_xy.device, dtype=centres_xy.dtype)
    line = (cells - (size - 1) / 2) * stride
    x, y = centres_xy.unbind(1)
    return line - x[:, None, None], line[:, None] - y[:, None, None]
