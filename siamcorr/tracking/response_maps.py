"""Response maps of N targets with their way back to the frame."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from siamcorr.types import ResponseMap

__all__ = ["response_maps"]


def response_maps(
    values: Tensor,
    centres_xy: Tensor,
    image_per_cell: Tensor,
    *,
    middle: float,
    kind: Literal["raw", "penalised", "windowed"],
) -> list[ResponseMap]:
    """Response maps with their way back to the frame.

    point in the frame = centre + image_per_cell * (cell - middle)

    Args:
        values: (N, S, S), on any device.
        centres_xy: (N, 2) centres that the crops were cut around, continuous pixels.
        image_per_cell: (N,) frame pixels per cell.
        middle: row and column of no displacement, may lie between cells.
        kind: what the values are.

    Returns:
        N maps, float32 on CPU; a cell stands for the target centre that it would give.
    """
    axes = torch.eye(2, dtype=torch.float64)
    offsets_xy = centres_xy.double() - image_per_cell[:, None] * middle
    maps = []
    for grid, offset, scale in zip(values.float().cpu(), offsets_xy, image_per_cell, strict=True):
        crop_to_frame = torch.cat((scale * axes, offset[:, None]), dim=1)
        maps.append(ResponseMap(grid, crop_to_frame, kind))
    return maps
