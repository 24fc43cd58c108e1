"""Arithmetic over a sequence, as arrays: overlaps, centre distances, curves over thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry.overlap import box_overlap

__all__ = [
    "area_under",
    "box_overlaps",
    "centre_distances",
    "pixel_centres",
    "share_above",
    "share_within",
]

FloatArray = npt.NDArray[np.float64]


def box_overlaps(boxes_xywh_a: npt.ArrayLike, boxes_xywh_b: npt.ArrayLike) -> FloatArray:
    """Intersection over union frame by frame; `box_overlap` for arrays.

    Args:
        boxes_xywh_a: (..., 4) left, top, width, height.
        boxes_xywh_b: (..., 4), of a shape that broadcasts with the first.

    Returns:
        (...) float64 in 0 ... 1; NaN where a box holds NaN.

    Convention:
        As in `box_overlap`: continuous pixels, no +1, a box without area overlaps nothing.
    """
    a, b = (
        torch.from_numpy(np.array(boxes, dtype=np.float64))
        for boxes in (boxes_xywh_a, boxes_xywh_b)
    )
    return np.asarray(box_overlap(a, b).numpy(), dtype=np.float64)


def pixel_centres(boxes_xywh: npt.ArrayLike) -> FloatArray:
    """Index of the middle pixel: (x + (w - 1) / 2, y + (h - 1) / 2).

    Args:
        boxes_xywh: (..., 4).

    Returns:
        (..., 2) float64.

    Convention:
        Half a pixel less than the continuous centre x + w / 2. It is the centre of every published
        precision plot; a distance between two centres is the same in both.
    """
    boxes = np.asarray(boxes_xywh, dtype=np.float64)
    return boxes[..., :2] + (boxes[..., 2:] - 1) / 2


def centre_distances(
    boxes_xywh_a: npt.ArrayLike, boxes_xywh_b: npt.ArrayLike, *, unit: npt.ArrayLike = 1.0
) -> FloatArray:
    """Euclidean distance of the centres, frame by frame.

    distance = |(centre_a - centre_b) / unit|

    Args:
        boxes_xywh_a: (..., 4).
        boxes_xywh_b: (..., 4), of a shape that broadcasts with the first.
        unit: length of one unit along x and y, (..., 2) or a number; pixels by default.

    Returns:
        (...) float64 >= 0; infinite where a box holds NaN or an infinity.
    """
    length = np.asarray(unit, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinities are answered below
        offsets = (pixel_centres(boxes_xywh_a) - pixel_centres(boxes_xywh_b)) / length
        distances = np.hypot(offsets[..., 0], offsets[..., 1])
    return np.where(np.isnan(distances), np.inf, distances)


def share_above(values: npt.ArrayLike, thresholds: npt.ArrayLike, *, of: int) -> FloatArray:
    """Share of values that are greater than each threshold: the success curve of overlaps.

    curve[k] = #(values > thresholds[k]) / of

    Args:
        values: (T,); NaN is above nothing.
        thresholds: (K,).
        of: what the counts are divided by; at least T, more where frames are missed outright.

    Returns:
        (K,) float64 in 0 ... 1.

    Raises:
        ShapeError: values or thresholds are not one-dimensional.
        InvalidArgument: `of` is less than T, or 0.

    Example:
        >>> share_above([0.2, 0.5, 0.8], [0.0, 0.5], of=4).tolist()
        [0.75, 0.25]
    """
    rows, columns = _columns("share_above", values, thresholds, of)
    return np.asarray((rows > columns).sum(0) / of, dtype=np.float64)


def share_within(values: npt.ArrayLike, thresholds: npt.ArrayLike, *, of: int) -> FloatArray:
    """Share of values that are at most each threshold: the precision curve of distances.

    curve[k] = #(values <= thresholds[k]) / of

    Args:
        values: (T,); NaN is within nothing.
        thresholds: (K,).
        of: as in `share_above`.

    Returns:
        (K,) float64 in 0 ... 1.

    Raises:
        ShapeError: values or thresholds are not one-dimensional.
        InvalidArgument: `of` is less than T, or 0.

    Example:
        >>> share_within([3.0, 20.0, 21.0, 60.0], [0, 20, 50], of=4).tolist()
        [0.0, 0.5, 0.75]
    """
    rows, columns = _columns("share_within", values, thresholds, of)
    return np.asarray((rows <= columns).sum(0) / of, dtype=np.float64)


def area_under(values: npt.ArrayLike, thresholds: npt.ArrayLike) -> float:
    """Area under a curve by trapezoids, over the width of its thresholds.

    Args:
        values: (K,) of the curve.
        thresholds: (K,), increasing.

    Returns:
        The mean height of the curve; 1 for a curve that is 1 everywhere.

    Convention:
        The first and the last value weigh half as much as the others; the plain mean over
        thresholds, the usual AUC of success plots, weighs all alike.

    Raises:
        ShapeError: the two are not (K,) both, with K >= 2.

    Example:
        >>> area_under([1.0, 1.0, 0.0], [0.0, 0.5, 1.0])
        0.75
    """
    y, x = np.asarray(values, dtype=np.float64), np.asarray(thresholds, dtype=np.float64)
    if y.ndim != 1 or y.shape != x.shape or len(y) < 2:
        raise ShapeError(
            "area_under: expected values and thresholds (K,) with K >= 2"
            f"\n  values     : {y.shape}\n  thresholds : {x.shape}"
        )
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum() / (x[-1] - x[0]))


def _columns(
    who: str, values: npt.ArrayLike, thresholds: npt.ArrayLike, of: int
) -> tuple[FloatArray, FloatArray]:
    """Values as (T, 1) and thresholds as (1, K)."""
    v, t = np.asarray(values, dtype=np.float64), np.asarray(thresholds, dtype=np.float64)
    if v.ndim != 1 or t.ndim != 1:
        raise ShapeError(
            f"{who}: expected values (T,) and thresholds (K,)"
            f"\n  values     : {v.shape}\n  thresholds : {t.shape}"
        )
    if of < max(1, len(v)):
        raise InvalidArgument(
            f"{who}: counts of {len(v)} values are divided by `of`, which must be at least "
            f"{max(1, len(v))}, got {of}"
        )
    return v[:, None], t[None, :]
