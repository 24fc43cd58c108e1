"""One tracked frame as a picture: responses, masks, trails, boxes and labels, in this order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from siamcorr.types import FrameArray, TrackResult
from siamcorr.viz.boxes import box_corners, draw_polygon, draw_trail
from siamcorr.viz.colors import LOST_COLOR, id_color
from siamcorr.viz.masks import draw_masks
from siamcorr.viz.responses import overlay_responses
from siamcorr.viz.text import draw_label, line_width, text_height

__all__ = ["draw_frame", "draw_targets", "target_label"]


def draw_frame(
    frame: FrameArray,
    result: TrackResult,
    *,
    trails: Mapping[int, npt.NDArray[np.float64]] | None = None,
    overlay: bool = False,
) -> FrameArray:
    """Draw a result on its frame.

    Args:
        frame: (H, W, 3) RGB uint8; not changed.
        result: of this frame.
        trails: (K, 2) continuous positions by target id, oldest first.
        overlay: blend the responses of `result` in.

    Returns:
        A new (H, W, 3) RGB uint8 picture.
    """
    canvas = overlay_responses(frame, result.responses or ()) if overlay else frame.copy()
    draw_masks(canvas, result)
    width = 1 + line_width(*canvas.shape[:2])
    for target_id, points in (trails or {}).items():
        draw_trail(canvas, points, id_color(target_id), width)
    draw_targets(canvas, result)
    return canvas


def draw_targets(canvas: FrameArray, result: TrackResult) -> None:
    """Outline and label every target; a lost one is grey and dashed; changes `canvas`."""
    width, pixels = line_width(*canvas.shape[:2]), text_height(*canvas.shape[:2])
    outlines = []
    for i in range(len(result.ids)):
        box = box_corners(result.boxes_xywh[i])
        outlines.append(box if result.corners_xy is None else np.asarray(result.corners_xy[i]))
    for i, outline in enumerate(outlines):
        lost = bool(result.lost[i])
        color = LOST_COLOR if lost else id_color(int(result.ids[i]))
        draw_polygon(canvas, outline, color, width, dashed=lost)
    for i, outline in enumerate(outlines):
        if np.isfinite(outline).all():
            color = LOST_COLOR if result.lost[i] else id_color(int(result.ids[i]))
            corner = tuple((outline.min(0) - width / 2).tolist())
            draw_label(canvas, target_label(result, i), corner, pixels, color)


def target_label(result: TrackResult, i: int) -> str:
    """What stands over a box: the id and its score, or the word lost."""
    state = "lost" if result.lost[i] else f"{float(result.scores[i]):.2f}"
    return f"{int(result.ids[i])}  {state}"
