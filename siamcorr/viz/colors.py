"""Colours: one per target id, and a perceptual heat map for responses."""

from __future__ import annotations

import colorsys
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["LOST_COLOR", "Color", "heat_colors", "id_color", "ink_on"]

Color: TypeAlias = tuple[int, int, int]
"""RGB, 0 ... 255."""

LOST_COLOR: Color = (150, 150, 150)
_PALETTE: tuple[Color, ...] = (
    (255, 190, 11),
    (58, 190, 255),
    (255, 60, 130),
    (80, 220, 100),
    (170, 120, 255),
    (255, 122, 40),
    (0, 215, 195),
    (240, 140, 230),
    (190, 225, 60),
    (110, 140, 255),
)
_GOLDEN_RATIO = 0.618033988749895


def id_color(target_id: int) -> Color:
    """Colour of a target for life: ten chosen ones, then hues a golden ratio apart.

    Example:
        >>> id_color(0) != id_color(1)
        True
    """
    if 0 <= target_id < len(_PALETTE):
        return _PALETTE[target_id]
    red, green, blue = colorsys.hsv_to_rgb(target_id * _GOLDEN_RATIO % 1.0, 0.65, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def ink_on(background: Color) -> Color:
    """Black or white, whichever is easier to read on a background."""
    red, green, blue = background
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (20, 20, 20) if luma > 120 else (255, 255, 255)


def heat_colors(heat: npt.NDArray[np.float32]) -> FrameArray:
    """Colour a map of 0 ... 1 with OpenCV's `inferno`, dark for 0 and bright for 1.

    Args:
        heat: (H, W), finite, 0 ... 1.

    Returns:
        (H, W, 3) RGB uint8.
    """
    cv2 = load_cv2()
    levels = np.round(np.clip(heat, 0.0, 1.0) * 255).astype(np.uint8)
    bgr: FrameArray = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(bgr[:, :, ::-1])
