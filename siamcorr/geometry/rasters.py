"""Overlap of polygons counted in pixels, by the rasteriser that VOT and PySOT score with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError

__all__ = ["box_corners", "raster_overlap", "raster_overlaps"]

FloatArray = npt.NDArray[np.float64]

_FRAMES_AT_ONCE = 256
"""Bounds the memory: at most this many frames times rows of the image times corners of floats."""


def raster_overlap(
    polygon_a: npt.ArrayLike, polygon_b: npt.ArrayLike, bounds: tuple[float, float]
) -> float:
    """Intersection over union of two regions, counted in pixels.

    Args:
        polygon_a: (4,) a box x, y, w, h, or (2n,) the corners x1, y1, ..., xn, yn of a polygon
            with n >= 3; pixels.
        polygon_b: likewise; the two need not have the same number of corners.
        bounds: (W, H), the pixels outside of which nothing counts.

    Returns:
        0 ... 1; otherwise as `raster_overlaps`, which also states the rules.

    Raises:
        ShapeError: a region has another shape.
        InvalidArgument: a corner is infinite in float32, or the bounds are not positive.

    Example:
        >>> raster_overlap([0, 0, 2, 2], [0, 0, 2, 2], (10, 10))
        1.0
        >>> raster_overlap([0, 0, 2, 2], [1, 0, 2, 2], (10, 10))  # 6 pixels of 12, not 2 of 6
        0.5
    """
    corners_a, corners_b = box_corners(polygon_a), box_corners(polygon_b)
    return float(raster_overlaps(corners_a[None], corners_b[None], bounds)[0])


def box_corners(region: npt.ArrayLike) -> FloatArray:
    """Corners of a box of four numbers, or of a polygon of 2n numbers.

    Args:
        region: (4,) x, y, w, h, or (2n,) x1, y1, ..., xn, yn with n >= 3.

    Returns:
        (n, 2) float64; of a box (x, y), (x + w, y), (x + w, y + h), (x, y + h).

    Raises:
        ShapeError: another shape.

    Example:
        >>> box_corners([1, 2, 10, 20]).tolist()
        [[1.0, 2.0], [11.0, 2.0], [11.0, 22.0], [1.0, 22.0]]
    """
    numbers = np.asarray(region, dtype=np.float64)
    if numbers.shape == (4,):
        x, y, w, h = numbers
        return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    if numbers.ndim != 1 or numbers.size < 6 or numbers.size % 2:
        raise ShapeError(
            "box_corners: expected a box of 4 numbers or a polygon of 2n >= 6 numbers, "
            f"got shape {numbers.shape}"
        )
    return numbers.reshape(-1, 2)


def raster_overlaps(
    corners_a: FloatArray, corners_b: FloatArray, bounds: tuple[float, float]
) -> FloatArray:
    """Intersection over union of polygons in pixels, frame by frame.

    overlap = |pixels of a and of b| / |pixels of a or of b|

    Args:
        corners_a: (T, N, 2) corners (x, y) in order around each polygon; a corner repeated in
            place changes nothing, so that polygons of fewer corners can be filled up.
        corners_b: (T, M, 2).
        bounds: (W, H), the pixels outside of which nothing counts.

    Returns:
        (T,) float64 in 0 ... 1; NaN where a corner is NaN.

    Convention:
        PySOT's, which is VOT's:

        - The corners are float32. The bounding boxes of both polygons are floored and ceiled and
          cut to 0 ... W, 0 ... H. Where what is left of them has no common area, as for boxes
          that touch, the overlap is 0.
        - The grid starts at the smaller left and top of the two cut boxes and ends at the greater
          right and bottom, both included. Corners relative to its start are rounded, half away
          from zero.
        - A row is crossed by every edge that touches it, end points included, but by no
          horizontal one; crossings are truncated towards 0 and sorted. From the left, two
          different neighbours are a filled span, both ends included; of two equal ones the first
          is left out. So a box of whole numbers covers (w + 1) * (h + 1) pixels.
        - Regions that are too thin to cover any pixel, both of them, have the overlap NaN.

    Raises:
        ShapeError: other shapes, or another number of frames.
        InvalidArgument: a corner is infinite in float32, or the bounds are not positive.

    Source:
        The region code of the VOT toolkit that PySOT compiles. It returns float32; this is
        float64.

    Example:
        >>> square = np.array([[[0.0, 0], [4, 0], [4, 4], [0, 4]]])
        >>> raster_overlaps(square, square + 2, (20, 20)).round(4)
        array([0.2195])
    """
    _check(corners_a, corners_b, bounds)
    a, b = corners_a.astype(np.float32), corners_b.astype(np.float32)
    overlaps = np.full(len(a), np.nan)
    known = np.flatnonzero(~(np.isnan(a).any((1, 2)) | np.isnan(b).any((1, 2))))
    for start in range(0, len(known), _FRAMES_AT_ONCE):
        chunk = known[start : start + _FRAMES_AT_ONCE]
        overlaps[chunk] = _overlaps(a[chunk], b[chunk], np.array(bounds, dtype=np.float32))
    return overlaps


def _check(corners_a: FloatArray, corners_b: FloatArray, bounds: tuple[float, float]) -> None:
    for corners in (corners_a, corners_b):
        if corners.ndim != 3 or corners.shape[2] != 2 or corners.shape[1] < 3:
            raise ShapeError(f"raster_overlaps: expected (T, N >= 3, 2), got {corners.shape}")
        if (np.abs(corners) > np.finfo(np.float32).max).any():
            raise InvalidArgument("raster_overlaps: a corner is infinite in float32")
    if len(corners_a) != len(corners_b):
        raise ShapeError(
            "raster_overlaps: the polygons disagree on the frames T"
            f"\n  corners_a : {corners_a.shape}\n  corners_b : {corners_b.shape}"
        )
    if np.shape(bounds) != (2,) or not (bounds[0] > 0 and bounds[1] > 0):
        raise InvalidArgument(f"raster_overlaps: bounds are (W, H), both > 0; got {bounds}")


def _overlaps(
    a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], bounds: npt.NDArray[np.float32]
) -> FloatArray:
    """Overlaps of (T, N, 2) and (T, M, 2) without NaN."""
    (low_a, high_a), (low_b, high_b) = _cut_box(a, bounds), _cut_box(b, bounds)  # (T, 2) each
    meet = (np.minimum(high_a, high_b) > np.maximum(low_a, low_b)).all(-1)
    origin = np.minimum(low_a, low_b)[meet, None]  # (K, 1, 2) of the K frames where they meet
    end = np.maximum(high_a, high_b)[meet, None]
    columns, rows = (end - origin).astype(np.int64)[:, 0].T + 1  # (K,)
    frame = np.repeat(np.arange(len(rows)), rows)  # (R,): all rows of all grids, one after another
    row = np.arange(len(frame)) - np.repeat(np.cumsum(rows) - rows, rows)
    spans_a = _spans(_crossings(_rounded(a[meet] - origin), frame, row), columns[frame])
    spans_b = _spans(_crossings(_rounded(b[meet] - origin), frame, row), columns[frame])
    pixels = [
        np.bincount(frame, weights=count, minlength=len(rows))
        for count in (_common(spans_a, spans_b), _common(spans_a), _common(spans_b))
    ]
    overlaps = np.zeros(len(a))
    with np.errstate(invalid="ignore"):  # 0 / 0 is meant to be NaN
        overlaps[meet] = pixels[0] / (pixels[1] + pixels[2] - pixels[0])
    return overlaps


def _cut_box(
    corners: npt.NDArray[np.float32], bounds: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Left and top, right and bottom of the bounding boxes, (T, 2) each, cut to the bounds."""
    low, high = np.floor(corners.min(1)), np.ceil(corners.max(1))
    return np.maximum(low, np.float32(0)), np.minimum(high, bounds)


def _rounded(corners: npt.NDArray[np.float32]) -> FloatArray:
    """Half away from zero; in float64, where adding one half is exact."""
    wide = corners.astype(np.float64)
    return np.trunc(wide + np.copysign(0.5, wide))


def _crossings(
    corners: FloatArray, frame: npt.NDArray[np.int64], row: npt.NDArray[np.int64]
) -> FloatArray:
    """Columns in which each row crosses the polygon of its frame: sorted, then inf, (R, N)."""
    x, y = corners[..., 0], corners[..., 1]  # (K, N)
    run, rise = np.roll(x, 1, axis=1) - x, np.roll(y, 1, axis=1) - y
    flat = rise == 0
    first = np.where(flat, np.inf, np.minimum(y, y + rise))  # inf: no row touches it
    last = np.maximum(y, y + rise)
    # The order of these operations decides which crossings fall just below a whole number.
    steps = (row[:, None] - y[frame]) / np.where(flat, 1, rise)[frame]  # (R, N)
    crossings = np.trunc(x[frame] + steps * run[frame])
    touched = (first[frame] <= row[:, None]) & (row[:, None] <= last[frame])
    return np.sort(np.where(touched, crossings, np.inf), axis=1)


def _spans(crossings: FloatArray, columns: npt.NDArray[np.int64]) -> FloatArray:
    """First and last filled column, (R, N - 1, 2): disjoint within a row; last < first is none."""
    rows, corners = crossings.shape
    spans = np.zeros((rows, corners - 1, 2))
    spans[..., 1] = -1
    cursor = np.zeros(rows, dtype=np.int64)  # the crossing at which the next span may start
    filled_to = np.full(rows, -1.0)
    for i in range(corners - 1):
        left, right = crossings[:, i], crossings[:, i + 1]
        here, equal = cursor == i, left == right
        filled = here & ~equal & np.isfinite(right)
        cursor += here * np.where(equal, 1, 2)
        last = np.where(filled, np.minimum(right, columns - 1), -1)
        spans[:, i, 0] = np.where(filled, np.maximum(left, filled_to + 1), 0)
        spans[:, i, 1] = last
        filled_to = np.maximum(filled_to, last)
    return spans


def _common(spans_a: FloatArray, spans_b: FloatArray | None = None) -> FloatArray:
    """Pixels of each row (R,) that lie in both sets of spans, or in one where only one is given."""
    if spans_b is None:
        return np.asarray(np.maximum(spans_a[..., 1] - spans_a[..., 0] + 1, 0).sum(1))
    total = np.zeros(len(spans_a))
    for first_a, last_a in spans_a.transpose(1, 2, 0):
        for first_b, last_b in spans_b.transpose(1, 2, 0):
            total += np.maximum(np.minimum(last_a, last_b) - np.maximum(first_a, first_b) + 1, 0)
    return total
