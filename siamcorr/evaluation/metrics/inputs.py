"""Checks of what the metrics are given: boxes of a prediction beside those of the ground truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.results import FloatArray

__all__ = ["check_boxes", "check_flags", "check_pair", "check_values"]


def check_boxes(who: str, name: str, boxes_xywh: npt.ArrayLike) -> FloatArray:
    """A new (T, 4) float64 array with T >= 1; NaN and boxes without area are allowed.

    Raises:
        InvalidArgument: not real numbers.
        ShapeError: another shape.
    """
    boxes = _numbers(who, name, boxes_xywh)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) == 0:
        raise ShapeError(
            f"{who}: {name} must be (T, 4) with T >= 1, a box x, y, w, h a frame; got {boxes.shape}"
        )
    return boxes


def check_pair(
    who: str, predicted_xywh: npt.ArrayLike, truth_xywh: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Prediction and ground truth of one length as new arrays.

    Raises:
        InvalidArgument: not real numbers, or an infinity in the ground truth.
        ShapeError: not (T, 4) both, with one T.
    """
    predicted = check_boxes(who, "predicted_xywh", predicted_xywh)
    truth = check_boxes(who, "truth_xywh", truth_xywh)
    if len(predicted) != len(truth):
        raise ShapeError(
            f"{who}: prediction and ground truth differ in length: "
            f"{len(predicted)} and {len(truth)} frames"
            "\n  hint: a frame without a prediction is a row of NaN; the first frame counts too"
        )
    if np.isinf(truth).any():
        frame = int(np.flatnonzero(np.isinf(truth).any(1))[0])
        raise InvalidArgument(
            f"{who}: the ground truth of frame {frame} is infinite: {truth[frame].tolist()}"
            "\n  hint: a frame without an annotation is a row of NaN"
        )
    return predicted, truth


def check_flags(who: str, name: str, flags: npt.ArrayLike, frames: int) -> npt.NDArray[np.bool_]:
    """(T,) bool, one flag a frame; numbers are refused because 1 means absent in some files only.

    Raises:
        InvalidArgument: not bool.
        ShapeError: not (T,).
    """
    array = np.asarray(flags)
    if array.dtype != np.bool_:
        raise InvalidArgument(f"{who}: {name} must be bool, True where absent; got {array.dtype}")
    if array.shape != (frames,):
        raise ShapeError(f"{who}: {name} must be ({frames},), a flag a frame; got {array.shape}")
    return array


def check_values(who: str, name: str, values: npt.ArrayLike) -> FloatArray:
    """(S,) float64 with S >= 1 and no NaN or infinity.

    Raises:
        ShapeError: another shape.
        InvalidArgument: not real numbers, or not finite.
    """
    array = _numbers(who, name, values)
    if array.ndim != 1 or len(array) == 0:
        raise ShapeError(f"{who}: {name} must be (S,) with S >= 1, got {array.shape}")
    if not np.isfinite(array).all():
        place = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InvalidArgument(f"{who}: {name}[{place}] is {array[place]}; all must be finite")
    return array


def _numbers(who: str, name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{who}: {name} has rows of different lengths") from error
    if array.dtype.kind not in "iuf":
        raise InvalidArgument(f"{who}: {name} must be real numbers, got dtype {array.dtype}")
    return array.astype(np.float64, copy=True)
