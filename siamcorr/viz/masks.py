"""Masks on a frame: each target's pixels tinted in its colour."""

from __future__ import annotations

import numpy as np

from siamcorr.errors import ShapeError
from siamcorr.types import FrameArray, TrackResult
from siamcorr.viz.colors import LOST_COLOR, id_color

__all__ = ["draw_masks"]


def draw_masks(canvas: FrameArray, result: TrackResult, *, opacity: float = 0.45) -> None:
    """Tint the pixels of every target's mask; changes `canvas`.

    Args:
        canvas: (H, W, 3) RGB uint8.
        result: without masks nothing is drawn.
        opacity: share of the target's colour, 0 ... 1.

    Raises:
        ShapeError: the masks are of another size than the canvas.
    """
    if result.masks is None:
        return
    if tuple(result.masks.shape[1:]) != canvas.shape[:2]:
        raise ShapeError(
            f"draw_masks: masks {tuple(result.masks.shape)} do not cover a canvas of "
            f"{canvas.shape[0]} x {canvas.shape[1]} pixels"
        )
    for i, mask in enumerate(result.masks.cpu().numpy()):
        color = LOST_COLOR if result.lost[i] else id_color(int(result.ids[i]))
        tinted = (1 - opacity) * canvas[mask] + opacity * np.array(color)
        canvas[mask] = np.round(tinted).astype(np.uint8)
