"""The picture that explains a tracker: a frame with boxes beside its responses in the frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from torch.nn import functional as F

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray, TrackResult
from siamcorr.viz.boxes import box_corners, draw_polygon
from siamcorr.viz.colors import Color, heat_colors, id_color
from siamcorr.viz.frames import draw_frame
from siamcorr.viz.panel import response_cell
from siamcorr.viz.responses import heat_in_frame
from siamcorr.viz.text import draw_text, text_size

__all__ = ["response_figure", "scale_result"]

_PAPER: Color = (17, 18, 22)
_INK: Color = (225, 228, 235)

_PICTURE_WIDTH = 800  # of each of the two large pictures
_GAP = 24
_TITLE = 18  # height of capitals


def response_figure(
    frame: FrameArray,
    result: TrackResult,
    *,
    trails: Mapping[int, npt.NDArray[np.float64]] | None = None,
) -> FrameArray:
    """Compose the frame with boxes, its responses in frame coordinates, and a cell a target.

    Args:
        frame: (H, W, 3) RGB uint8.
        result: of this frame, with responses.
        trails: (K, 2) continuous positions by target id, oldest first.

    Returns:
        RGB uint8, about 1670 pixels wide.
    """
    cv2 = load_cv2()
    scale = _PICTURE_WIDTH / frame.shape[1]
    size = (_PICTURE_WIDTH, round(frame.shape[0] * scale))
    large: FrameArray = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
    scaled = scale_result(result, scale, large.shape[:2])
    paths = {key: points * scale for key, points in (trails or {}).items()}
    upper = _beside(
        _titled(
            draw_frame(large, scaled, trails=paths), f"frame {result.frame_index}: boxes and scores"
        ),
        _titled(_heat_picture(large, scaled), "responses of all targets, in frame coordinates"),
    )
    return _stacked(upper, _cells(scaled, upper.shape[1] - 2 * _GAP))


def scale_result(result: TrackResult, scale: float, frame_size: tuple[int, int]) -> TrackResult:
    """The same result on a frame that was resized by `scale`."""
    responses = result.responses and [
        replace(response, crop_to_frame=response.crop_to_frame * scale)
        for response in result.responses
    ]
    masks = result.masks
    if masks is not None:
        masks = F.interpolate(masks[None].float(), size=frame_size)[0] > 0.5
    return replace(
        result,
        frame_size=frame_size,
        masks=masks,
        boxes_xywh=result.boxes_xywh * scale,
        corners_xy=None if result.corners_xy is None else result.corners_xy * scale,
        responses=responses,
    )


def _heat_picture(frame: FrameArray, result: TrackResult) -> FrameArray:
    """The frame in dim grey with the responses glowing in it, thin boxes and a colour bar."""
    cv2 = load_cv2()
    height, width = frame.shape[:2]
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[:, :, None] * np.float32(0.42)
    heat = heat_in_frame(result.responses or (), height, width)
    share = (np.clip(1.5 * heat, 0, 1) ** 1.5)[:, :, None]
    canvas: FrameArray = np.round(share * heat_colors(heat) + (1 - share) * grey).astype(np.uint8)
    for i, target_id in enumerate(result.ids.tolist()):
        box = box_corners(result.boxes_xywh[i])
        draw_polygon(canvas, box, id_color(target_id), 1, dashed=bool(result.lost[i]))
    _draw_color_bar(canvas)
    return canvas


def _draw_color_bar(canvas: FrameArray) -> None:
    """A ramp from weak to strong in the lower right corner; changes `canvas`."""
    height, width = canvas.shape[:2]
    long, thick, margin = 140, 10, 14
    bottom, right = height - margin, width - margin - text_size("strong", 11)[0] - 8
    ramp = np.broadcast_to(np.linspace(0, 1, long, dtype=np.float32), (thick, long))
    canvas[bottom - thick : bottom, right - long : right] = heat_colors(np.ascontiguousarray(ramp))
    draw_text(canvas, "strong", (right + 8, bottom), 11, _INK)
    left = right - long - 8 - text_size("weak", 11)[0]
    draw_text(canvas, "weak", (left, bottom), 11, _INK)


def _cells(result: TrackResult, width: int) -> FrameArray:
    """The response maps of all targets, in one row of at most eight."""
    responses = (result.responses or ())[:8]
    size = min((width - _GAP * (len(responses) - 1)) // max(len(responses), 1), 400)
    row = np.full((size, width, 3), _PAPER, np.uint8)
    step = (width - size) / max(len(responses) - 1, 1)
    for i, response in enumerate(responses):
        left = round(i * step)
        row[:, left : left + size] = response_cell(response, result, i, size)
    return row


def _titled(picture: FrameArray, title: str) -> FrameArray:
    band = np.full((2 * _TITLE + _GAP // 2, picture.shape[1], 3), _PAPER, np.uint8)
    draw_text(band, title, (0, band.shape[0] - _TITLE), _TITLE - 4, _INK)
    return np.concatenate((band, picture))


def _beside(left: FrameArray, right: FrameArray) -> FrameArray:
    gap = np.full((left.shape[0], _GAP, 3), _PAPER, np.uint8)
    return np.concatenate((gap, left, gap, right, gap), axis=1)


def _stacked(upper: FrameArray, cells: FrameArray) -> FrameArray:
    title = "response map of each target: its box, and a ring at the peak"
    lower = _titled(cells, title)
    side = np.full((lower.shape[0], _GAP, 3), _PAPER, np.uint8)
    foot = np.full((_GAP, upper.shape[1], 3), _PAPER, np.uint8)
    return np.concatenate((upper, np.concatenate((side, lower, side), axis=1), foot))
