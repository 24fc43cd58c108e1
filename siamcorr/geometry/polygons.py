"""Overlap of convex polygons by their exact areas: no raster, no rounding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument
from siamcorr.geometry.rasters import box_corners

__all__ = ["polygon_area", "polygon_overlap"]

FloatArray = npt.NDArray[np.float64]

_STRAIGHT = 1e-6
"""Radians by which a corner may turn the wrong way: rounding, not shape."""


def polygon_area(corners_xy: FloatArray) -> float:
    """Area of a polygon that does not cross itself.

    |sum of x_i y_(i+1) - x_(i+1) y_i| / 2

    Args:
        corners_xy: (n, 2) in order around the polygon; fewer than three have no area.

    Returns:
        The area, >= 0, whichever way the corners go round.

    Example:
        >>> polygon_area(np.array([[0.0, 0], [4, 0], [0, 3]]))
        6.0
    """
    return abs(_signed_area(corners_xy))


def polygon_overlap(
    polygon_a: npt.ArrayLike,
    polygon_b: npt.ArrayLike,
    bounds: tuple[float, float] | None = None,
) -> float:
    """Intersection over union of two convex polygons.

    overlap = |a and b| / |a or b|

    Args:
        polygon_a: (4,) a box x, y, w, h, or (2n,) the corners of a convex polygon with n >= 3.
        polygon_b: likewise.
        bounds: (W, H); both polygons are cut to 0 ... W, 0 ... H first. None cuts nothing.

    Returns:
        0 ... 1; 0 where both have no area, NaN where a corner is NaN.

    Convention:
        Exact areas in continuous pixels, as got10k-toolkit scores VOT. The result differs from
        `siamcorr.geometry.rasters.raster_overlap`, which PySOT and VOT use.

    Raises:
        ShapeError: a region has another shape.
        InvalidArgument: a polygon is not convex, or holds an infinite number.

    Example:
        >>> round(polygon_overlap([0, 0, 2, 2], [1, 0, 2, 2]), 4)  # 2 of 6
        0.3333
    """
    a, b = _convex(polygon_a), _convex(polygon_b)
    if np.isnan(a).any() or np.isnan(b).any():
        return float("nan")
    if bounds is not None:
        frame = box_corners([0, 0, *bounds])
        a, b = _clip(a, frame), _clip(b, frame)
    common = polygon_area(_clip(a, b))
    union = polygon_area(a) + polygon_area(b) - common
    return min(common / union, 1.0) if union > 0 else 0.0


def _signed_area(corners: FloatArray) -> float:
    if len(corners) < 3:
        return 0.0
    x, y = (corners - corners[0]).T  # near the origin, so that no digits cancel
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _convex(region: npt.ArrayLike) -> FloatArray:
    """Corners (n, 2) of a region, checked, in the direction with a positive signed area."""
    corners = box_corners(region)
    if np.isinf(corners).any():
        raise InvalidArgument(f"polygon_overlap: a corner is infinite: {corners.tolist()}")
    corners = corners if _signed_area(corners) >= 0 else corners[::-1]
    edges = np.roll(corners, -1, axis=0) - corners
    x, y = edges[edges.any(axis=1)].T  # repeated corners have no direction
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    turns = np.arctan2(x * next_y - y * next_x, x * next_x + y * next_y)
    turns[turns < _STRAIGHT - np.pi] += 2 * np.pi  # straight back, as a flat polygon turns
    if (turns < -_STRAIGHT).any() or turns.sum() > 2 * np.pi + _STRAIGHT:
        raise InvalidArgument(f"polygon_overlap: the polygon is not convex: {corners.tolist()}")
    return corners


def _clip(subject: FloatArray, window: FloatArray) -> FloatArray:
    """The part of a convex polygon inside a convex window with positive signed area."""
    for start, end in zip(window, np.roll(window, -1, axis=0), strict=True):
        if len(subject) == 0:
            break
        subject = _cut(subject, start, end)
    return subject


def _cut(subject: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """The part of a polygon on the inner side of the line from `start` to `end`."""
    edge, offset = end - start, subject - start
    side = edge[0] * offset[:, 1] - edge[1] * offset[:, 0]  # > 0 is inside
    kept: list[FloatArray] = []
    for i, corner in enumerate(subject):
        before, after = side[i - 1], side[i]
        if before * after < 0:
            kept.append(subject[i - 1] + before / (before - after) * (corner - subject[i - 1]))
        if after >= 0:
            kept.append(corner)
    return np.array(kept).reshape(-1, 2)
