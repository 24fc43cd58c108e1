"""Numbers as text that give the same float64 when they are read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument

__all__ = ["as_boxes", "format_row"]


def as_boxes(boxes_xywh: npt.ArrayLike | None, who: str) -> npt.NDArray[np.float64]:
    """Check boxes that shall be written.

    Returns:
        (T, 4) float64 with T >= 1; NaN is allowed.

    Raises:
        InvalidArgument: another shape, no numbers, or an infinite one.
    """
    try:
        boxes = np.asarray(boxes_xywh, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{who}: boxes_xywh is no array of numbers: {error}") from error
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise InvalidArgument(f"{who}: expected boxes_xywh of shape (T, 4), got {boxes.shape}")
    if np.isinf(boxes).any():
        frame = int(np.isinf(boxes).any(axis=1).argmax())
        raise InvalidArgument(f"{who}: the box of frame {frame} is infinite: {boxes[frame]}")
    return boxes


def format_row(numbers: Sequence[float], who: str) -> str:
    """One line, comma separated, with the shortest digits that read back equal; NaN is `nan`."""
    if any(map(math.isinf, numbers)):
        raise InvalidArgument(f"{who}: a number is infinite: {list(numbers)}")
    return ",".join(map(repr, numbers)) + "\n"
