"""Text on frames: sized by the frame, on a filled ground, kept inside the picture."""

from __future__ import annotations

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray
from siamcorr.viz.colors import Color, ink_on

__all__ = ["draw_label", "draw_text", "line_width", "text_height", "text_size"]


def text_height(height: int, width: int) -> int:
    """Height of capitals in pixels that is readable on a frame of this size."""
    return max(8, round(min(height, width) / 36))


def line_width(height: int, width: int) -> int:
    """Width of box outlines in pixels for a frame of this size."""
    return max(1, round(min(height, width) / 240))


def _font_scale(pixels: int) -> float:
    """OpenCV's scale at which capitals are this high; its fonts differ between versions 4 and 5."""
    cv2 = load_cv2()
    (_, unit_height), _ = cv2.getTextSize("A", cv2.FONT_HERSHEY_DUPLEX, 1.0, 1)
    return float(pixels / unit_height)


def text_size(text: str, pixels: int) -> tuple[int, int]:
    """Width and height in pixels that a text takes."""
    cv2 = load_cv2()
    size, _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, _font_scale(pixels), 1)
    return int(size[0]), int(size[1])


def draw_text(
    canvas: FrameArray, text: str, left_bottom: tuple[int, int], pixels: int, color: Color
) -> None:
    """Write text whose base line starts at `left_bottom` (x, y); changes `canvas`."""
    cv2 = load_cv2()
    font = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(canvas, text, left_bottom, font, _font_scale(pixels), color, 1, cv2.LINE_AA)


def draw_label(
    canvas: FrameArray, text: str, corner_xy: tuple[float, float], pixels: int, color: Color
) -> None:
    """Write text on a filled ground that stands on a point; moved inside the canvas if need be.

    Args:
        canvas: (H, W, 3) RGB uint8; changed.
        text: what to write.
        corner_xy: where the ground's lower left corner goes, such as a box's upper left.
        pixels: height of capitals.
        color: of the ground; the ink is black or white by contrast.
    """
    height, width = canvas.shape[:2]
    pad = max(2, pixels // 3)
    text_width, _ = text_size(text, pixels)
    ground_width, ground_height = text_width + 2 * pad, pixels + 2 * pad
    left = int(min(max(corner_xy[0], 0), max(width - ground_width, 0)))
    top = int(min(max(corner_xy[1] - ground_height, 0), max(height - ground_height, 0)))
    canvas[top : top + ground_height, left : left + ground_width] = color
    draw_text(canvas, text, (left + pad, top + ground_height - pad), pixels, ink_on(color))
