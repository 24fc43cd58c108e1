"""Box formats: the check that every box of the API passes, and conversions between formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError

__all__ = ["as_boxes_xywh", "cxcywh_to_xywh", "xywh_to_cxcywh", "xywh_to_xyxy", "xyxy_to_xywh"]


def as_boxes_xywh(boxes: Any, name: str = "boxes_xywh") -> Tensor:
    """Check boxes and bring them to one form.

    Args:
        boxes: one box of 4 numbers or (N, 4) with N >= 1; list, tuple, numpy or tensor. Left, top,
            width, height; width and height > 0. A box may reach outside the frame.
        name: how the caller calls it, for the error.

    Returns:
        (N, 4) float64 on CPU; never shares memory with the input.

    Convention:
        0-based continuous pixels: the box of a whole W x H frame is (0, 0, W, H).

    Raises:
        ShapeError: another shape than (4,) or (N, 4), or no box at all.
        InvalidArgument: not numbers, NaN or infinite, width or height <= 0.

    Example:
        >>> as_boxes_xywh([10, 20, 30, 40]).shape
        torch.Size([1, 4])
    """
    result = _as_numbers(boxes, name)
    shape = tuple(result.shape)
    if result.ndim == 1 and shape != (0,):
        result = result[None]  # (1, 4)
    if result.ndim != 2 or result.shape[1] != 4 or result.shape[0] == 0:
        raise ShapeError(
            f"{name}: expected one box of 4 numbers (x, y, w, h) or N >= 1 boxes as (N, 4), "
            f"got shape {shape}"
        )
    for i, box in enumerate(result.tolist()):
        if not np.isfinite(box).all():
            raise InvalidArgument(f"{name}: box {i} has a number that is not finite: {box}")
        if box[2] <= 0 or box[3] <= 0:
            raise InvalidArgument(
                f"{name}: box {i} needs width > 0 and height > 0, got {box}"
                "\n  boxes are x, y, width, height; not two corners"
            )
    return result


def _as_numbers(boxes: Any, name: str) -> Tensor:
    """Any nest of real numbers as a new float64 tensor on CPU."""
    if isinstance(boxes, Tensor):
        boxes = boxes.detach().cpu()
        boxes = (boxes.double() if boxes.is_floating_point() else boxes).numpy()
    try:
        array = np.asarray(boxes)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"{name}: the boxes are not all of 4 numbers: {boxes!r}") from error
    if array.dtype.kind not in "iuf":
        if isinstance(boxes, (list, tuple)) and not boxes:
            return torch.empty(0, dtype=torch.float64)
        raise InvalidArgument(
            f"{name}: expected real numbers x, y, w, h, "
            f"got {type(boxes).__name__} of dtype {array.dtype}: {boxes!r}"
        )
    return torch.from_numpy(array.astype(np.float64, copy=True))


def xywh_to_xyxy(boxes_xywh: Tensor) -> Tensor:
    """Left, top, width, height (..., 4) to left, top, right, bottom (..., 4)."""
    x, y, w, h = boxes_xywh.unbind(-1)
    return torch.stack((x, y, x + w, y + h), dim=-1)


def xyxy_to_xywh(boxes_xyxy: Tensor) -> Tensor:
    """Left, top, right, bottom (..., 4) to left, top, width, height (..., 4)."""
    x1, y1, x2, y2 = boxes_xyxy.unbind(-1)
    return torch.stack((x1, y1, x2 - x1, y2 - y1), dim=-1)


def xywh_to_cxcywh(boxes_xywh: Tensor) -> Tensor:
    """Left, top, width, height (..., 4) to centre x, centre y, width, height (..., 4).

    Convention:
        The centre is continuous: x + w / 2.
    """
    x, y, w, h = boxes_xywh.unbind(-1)
    return torch.stack((x + w / 2, y + h / 2, w, h), dim=-1)


def cxcywh_to_xywh(boxes_cxcywh: Tensor) -> Tensor:
    """Centre x, centre y, width, height (..., 4) to left, top, width, height (..., 4)."""
    cx, cy, w, h = boxes_cxcywh.unbind(-1)
    return torch.stack((cx - w / 2, cy - h / 2, w, h), dim=-1)
