"""Anchor boxes over a crop, and boxes from the offsets that an anchor head predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.points import grid_line

__all__ = ["anchor_grid", "anchor_sizes", "decode_anchors"]


def anchor_sizes(stride: int, ratios: Sequence[float], scales: Sequence[float]) -> Tensor:
    """Widths and heights of the anchors of one cell.

    w = floor(stride / sqrt(ratio)) * scale,  h = floor(floor(stride / sqrt(ratio)) * ratio) * scale

    Args:
        stride: pixels of the crop per cell.
        ratios: height over width, > 0.
        scales: multiples of the stride, > 0.

    Returns:
        (K, 2) float32 width and height in pixels of the crop, K = ratios times scales, all scales
        of the first ratio first.

    Convention:
        Both floors come before the scale, and the height's floor starts from the floored width:
        ratio and its inverse give other anchors than each other's transpose (40 x 80, not 40 x 88).

    Raises:
        InvalidArgument: nothing, or something not positive; an anchor that is rounded to nothing.

    Source:
        PySOT's anchors, on which the published SiamRPN weights were trained.

    Example:
        >>> anchor_sizes(8, [0.33, 1, 3], [8]).tolist()
        [[104.0, 32.0], [64.0, 64.0], [32.0, 96.0]]
    """
    if not ratios or not scales or min((stride, *ratios, *scales)) <= 0:
        raise InvalidArgument(
            "anchor_sizes: stride, ratios and scales must be positive and not empty, got "
            f"{stride}, {list(ratios)} and {list(scales)}"
        )
    sizes = []
    for ratio in ratios:
        width = int(math.sqrt(stride * stride / ratio))
        height = int(width * ratio)
        sizes += [(width * scale, height * scale) for scale in scales]
    if not all(width and height for width, height in sizes):
        raise InvalidArgument(
            f"anchor_sizes: an anchor of stride {stride} and ratios {list(ratios)} has no area: "
            f"{sizes}; use ratios nearer to 1"
        )
    return torch.tensor(sizes, dtype=torch.float32)


def anchor_grid(sizes_wh: Tensor, size: int, stride: int) -> Tensor:
    """The anchors of all cells of a square response.

    Args:
        sizes_wh: (K, 2) from `anchor_sizes`.
        size: rows and columns of the response.
        stride: pixels of the crop per cell.

    Returns:
        (K * size * size, 4) float32 centre x, centre y, width, height about the centre of the crop;
        number k * size^2 + y * size + x is anchor k of cell (y, x).

    Example:
        >>> anchor_grid(anchor_sizes(8, [1], [8]), 25, 8)[0]
        tensor([-96., -96.,  64.,  64.])
    """
    line = grid_line(size, stride)
    grid = torch.empty(len(sizes_wh), size, size, 4)
    grid[..., 0] = line
    grid[..., 1] = line[:, None]
    grid[..., 2:] = sizes_wh[:, None, None]
    return grid.view(-1, 4)


def decode_anchors(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Boxes from the offsets of anchors.

    cx = d0 * w_a + x_a,  cy = d1 * h_a + y_a,  w = exp(d2) * w_a,  h = exp(d3) * h_a

    Args:
        offsets: (..., 4, M) d0 ... d3.
        anchors: (M, 4) from `anchor_grid`.

    Returns:
        (..., M, 4) centre x, centre y, width, height about the centre of the crop.

    Raises:
        ShapeError: there are not 4 offsets for each anchor.

    Source:
        Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018.

    Example:
        >>> decode_anchors(torch.zeros(4, 1), torch.tensor([[8.0, 0.0, 64.0, 64.0]]))
        tensor([[ 8.,  0., 64., 64.]])
    """
    if offsets.ndim < 2 or offsets.shape[-2:] != (4, len(anchors)):
        raise ShapeError(
            f"decode_anchors: expected offsets (..., 4, {len(anchors)}) for {len(anchors)} "
            f"anchors, got {tuple(offsets.shape)}"
        )
    moved = offsets.transpose(-2, -1)  # (..., M, 4)
    anchors = anchors.to(offsets)
    centres = moved[..., :2] * anchors[:, 2:] + anchors[:, :2]
    return torch.cat((centres, moved[..., 2:].exp() * anchors[:, 2:]), dim=-1)
