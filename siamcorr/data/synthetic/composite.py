"""Laying patches into a frame: overlap, opacity, soft shadows, motion blur."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic.curves import FloatArray
from siamcorr.data.synthetic.layer import Patch
from siamcorr.data.synthetic.recipe import Shadow
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["cast_shadow", "is_long", "lay_over", "line_kernel", "overlap", "smeared"]

_SHORTEST_BLUR = 0.5  # pixels; shorter motion during the exposure is not drawn


def overlap(
    frame: tuple[int, ...], patch: tuple[int, ...], left: int, top: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]] | None:
    """Where a patch lies in the frame: slices of the frame and of the patch, None if nowhere.

    Args:
        frame: (H, W).
        patch: (h, w).
        left: column of the patch in the frame, possibly negative.
        top: row of the patch in the frame.
    """
    first_row, first_column = max(top, 0), max(left, 0)
    last_row, last_column = min(top + patch[0], frame[0]), min(left + patch[1], frame[1])
    if last_row <= first_row or last_column <= first_column:
        return None
    in_frame = (slice(first_row, last_row), slice(first_column, last_column))
    in_patch = (
        slice(first_row - top, last_row - top),
        slice(first_column - left, last_column - left),
    )
    return in_frame, in_patch


def line_kernel(path_xy: FloatArray) -> npt.NDArray[np.float32]:
    """Blur of a motion in a straight line at constant speed.

    Args:
        path_xy: (2,), the way during the exposure in pixels.

    Returns:
        (K, K) float32 of sum 1, K odd, centred on the middle of the way.
    """
    radius = int(np.ceil(np.abs(path_xy).max() / 2))
    steps = 8 * radius + 1
    points = np.linspace(-0.5, 0.5, steps)[:, None] * path_xy + radius  # (steps, 2)
    kernel = np.zeros((2 * radius + 2, 2 * radius + 2))
    whole = np.floor(points).astype(int)
    share = points - whole
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight_x = share[:, 0] if dx else 1 - share[:, 0]
        weight_y = share[:, 1] if dy else 1 - share[:, 1]
        np.add.at(kernel, (whole[:, 1] + dy, whole[:, 0] + dx), weight_x * weight_y)
    return (kernel[:-1, :-1] / steps).astype(np.float32)


def is_long(smear: FloatArray) -> bool:
    """Whether a motion during the exposure is long enough to be drawn."""
    return bool(np.hypot(*smear) >= _SHORTEST_BLUR)


def smeared(pixels: npt.NDArray[np.uint8], smear: FloatArray) -> npt.NDArray[np.uint8]:
    """Blur pixels along a motion; (H, W, C) -> (H, W, C)."""
    if not is_long(smear):
        return pixels
    return np.asarray(load_cv2().filter2D(pixels, -1, line_kernel(smear)))


def lay_over(
    under: FrameArray, opacity: npt.NDArray[np.uint8], colours: npt.NDArray[np.uint8]
) -> None:
    """Lay colours, already times their opacity, over `under`, in place."""
    cv2 = load_cv2()
    through = cv2.merge([cv2.bitwise_not(np.ascontiguousarray(opacity))] * 3)
    under[:] = cv2.add(cv2.multiply(under, through, scale=1 / 255), colours)


def cast_shadow(image: FrameArray, opacity: Patch, shadow: Shadow) -> None:
    """Darken the image where the shadow of an object falls."""
    cv2 = load_cv2()
    pad = side = 2 * round((np.sqrt(6 * shadow.softness**2 + 1) - 1) / 2) + 1
    left, top = (
        start + offset - pad
        for start, offset in zip((opacity.left, opacity.top), shadow.offset_xy, strict=True)
    )
    soft = cv2.copyMakeBorder(opacity.pixels, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    where = overlap(image.shape[:2], soft.shape, left, top)
    if where is None:
        return
    in_frame, in_patch = where
    soft = cv2.blur(cv2.blur(soft, (side, side)), (side, side))  # variance 2 (side^2 - 1) / 12
    through = cv2.convertScaleAbs(soft[in_patch], alpha=-shadow.strength, beta=255)
    image[in_frame] = cv2.multiply(image[in_frame], cv2.merge([through] * 3), scale=1 / 255)
