"""Overlap of boxes (intersection over union)."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.errors import ShapeError

__all__ = ["box_overlap"]


def box_overlap(boxes_xywh_a: Tensor, boxes_xywh_b: Tensor) -> Tensor:
    """Intersection over union of boxes, pair by pair.

    overlap = |a and b| / |a or b|

    Args:
        boxes_xywh_a: (..., 4); a box with width or height <= 0 is empty.
        boxes_xywh_b: (..., 4), of a shape that broadcasts with the first; use a[:, None] and
            b[None] for all pairs.

    Returns:
        (...) float64 in 0 ... 1; 0 where both boxes are empty, NaN where a box holds NaN.

    Convention:
        Continuous pixels: the area of a box is w * h, without the +1 of pixel-index boxes.

    Raises:
        ShapeError: the last axis is not 4 or the shapes do not broadcast.

    Example:
        >>> a, b = torch.tensor([0.0, 0, 2, 2]), torch.tensor([1.0, 0, 2, 2])
        >>> round(box_overlap(a, b).item(), 4)
        0.3333
    """
    shape_a, shape_b = tuple(boxes_xywh_a.shape), tuple(boxes_xywh_b.shape)
    if shape_a[-1:] != (4,) or shape_b[-1:] != (4,) or not _broadcasts(shape_a, shape_b):
        raise ShapeError(
            "box_overlap: expected two arrays of boxes (..., 4) that broadcast"
            f"\n  boxes_xywh_a : {shape_a}\n  boxes_xywh_b : {shape_b}"
        )
    a, b = boxes_xywh_a.double(), boxes_xywh_b.double()
    size_a, size_b = a[..., 2:].clamp(min=0), b[..., 2:].clamp(min=0)
    top_left = torch.maximum(a[..., :2], b[..., :2])
    bottom_right = torch.minimum(a[..., :2] + size_a, b[..., :2] + size_b)
    intersection = (bottom_right - top_left).clamp(min=0).prod(-1)
    union = size_a.prod(-1) + size_b.prod(-1) - intersection
    return torch.where(union == 0, torch.zeros_like(union), intersection / union)


def _broadcasts(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> bool:
    pairs = zip(reversed(shape_a), reversed(shape_b), strict=False)
    return all(a == b or 1 in (a, b) for a, b in pairs)
