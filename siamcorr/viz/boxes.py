"""Boxes and trails on frames: anti-aliased, to an eighth of a pixel."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray
from siamcorr.viz.colors import Color

__all__ = ["box_corners", "draw_polygon", "draw_trail"]

Points: TypeAlias = npt.NDArray[np.float64]
_SHIFT = 3  # OpenCV takes coordinates in units of 2**-3 pixel


def box_corners(box_xywh: npt.ArrayLike) -> Points:
    """Corners of an upright box, clockwise from the upper left, (4, 2) in continuous pixels."""
    x, y, w, h = np.asarray(box_xywh, dtype=np.float64)
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def draw_polygon(
    canvas: FrameArray, corners_xy: Points, color: Color, width: int, *, dashed: bool = False
) -> None:
    """Outline a closed polygon.

    Args:
        canvas: (H, W, 3) RGB uint8; changed.
        corners_xy: (K, 2) continuous pixels, may reach outside the canvas; NaN draws nothing.
        color: RGB.
        width: of the line in pixels.
        dashed: draw dashes of six line widths and gaps of four.
    """
    if not np.isfinite(corners_xy).all():
        return
    cv2 = load_cv2()
    corners = _near(corners_xy, canvas)
    pieces = _dashes(corners, 6.0 * width, 4.0 * width) if dashed else [corners]
    fixed = [_fixed_point(piece) for piece in pieces]
    cv2.polylines(canvas, fixed, not dashed, color, width, cv2.LINE_AA, _SHIFT)


def draw_trail(canvas: FrameArray, points_xy: Points, color: Color, width: int) -> None:
    """Draw the path of a target, fading from its newest point to its oldest.

    Args:
        canvas: (H, W, 3) RGB uint8; changed, and only along the path.
        points_xy: (K, 2) continuous pixels, oldest first; the path breaks at NaN.
        color: RGB.
        width: of the line at the newest point in pixels.
    """
    finite = np.isfinite(points_xy.sum(axis=1))
    if finite.sum() < 2:
        return
    cv2 = load_cv2()
    points = _near(points_xy, canvas)
    corner = np.maximum(np.floor(points[finite].min(0)) - width - 2, 0).astype(int)
    end = np.maximum(np.ceil(points[finite].max(0)) + width + 2, 0).astype(int)
    part = canvas[corner[1] : end[1], corner[0] : end[0]]  # the path and a margin
    if part.size == 0:
        return
    opacity = np.zeros(part.shape[:2], np.uint8)
    for i in range(1, len(points)):
        if finite[i - 1] and finite[i]:
            age = i / (len(points) - 1)  # 1 is the newest
            segment = [_fixed_point(points[i - 1 : i + 1] - corner)]
            thickness = max(1, round(width * age))
            cv2.polylines(opacity, segment, False, round(230 * age), thickness, cv2.LINE_AA, _SHIFT)
    share = opacity[:, :, None].astype(np.float32) / 255
    part[:] = np.round(share * np.array(color, np.float32) + (1 - share) * part)


def _near(points_xy: Points, canvas: FrameArray) -> Points:
    """Pull points that lie far outside the canvas nearer, so that they fit OpenCV's integers."""
    height, width = canvas.shape[:2]
    reach = 4.0 * max(height, width)
    return np.clip(points_xy, -reach, [width + reach, height + reach])


def _fixed_point(points_xy: Points) -> npt.NDArray[np.int32]:
    """Continuous pixels to OpenCV's, whose integers are pixel centres, in units of 2**-3."""
    fixed: npt.NDArray[np.int32] = np.round((points_xy - 0.5) * 2**_SHIFT).astype(np.int32)
    return fixed


def _dashes(corners: Points, dash: float, gap: float) -> list[Points]:
    """Cut the edges of a closed polygon into dashes; each edge starts and ends with one."""
    pieces = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = float(np.hypot(*(end - start)))
        count = max(1, round((length + gap) / (dash + gap)))
        period = (length + gap) / count
        for i in range(count):
            at = np.array([i * period, i * period + period - gap]) / max(length, 1e-9)
            pieces.append(start + np.clip(at, 0, 1)[:, None] * (end - start))
    return pieces
