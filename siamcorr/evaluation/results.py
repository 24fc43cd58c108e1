"""What one tracker said about one target over one sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FloatArray", "Trajectory"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The boxes of one target, frame by frame, with what is known besides them.

    Attributes:
        boxes_xywh: (T, 4) float64, 0-based continuous pixels; NaN where the tracker gave none.
        scores: (T,) float64, the tracker's confidence, larger is better; None where it has none.
        lost: (T,) bool, where the tracker said that it does not see the target; None as above.
        corners_xy: (T, 4, 2) float64 corners of rotated boxes, or None.
        seconds: (T,) float64, time of the first frame's init and of every update; None where it
            was not measured. Never enters a report.
        start: frame of the sequence that the first row stands for, 0-based; the rows are
            frames start ... start + T - 1.
    """

    boxes_xywh: FloatArray
    scores: FloatArray | None = None
    lost: npt.NDArray[np.bool_] | None = None
    corners_xy: FloatArray | None = None
    seconds: FloatArray | None = None
    start: int = 0

    def __len__(self) -> int:
        return len(self.boxes_xywh)
