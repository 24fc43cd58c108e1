"""A strip of response maps beside or below the frame, one labelled cell a target."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray, ResponseMap, TrackResult
from siamcorr.viz.boxes import box_corners, draw_polygon
from siamcorr.viz.colors import LOST_COLOR, heat_colors, id_color
from siamcorr.viz.responses import normalise_response, peak_cell
from siamcorr.viz.text import draw_label, line_width, text_height

__all__ = ["PanelLayout", "attach_panel", "cell_from_frame", "panel_layout", "response_cell"]

_MOST = 0.5  # the strip takes at most this share of the frame's own size
_GROUND = 24  # grey of the strip between cells


class PanelLayout(NamedTuple):
    """Where the strip goes: `lines` rows below or columns at the right, of square cells."""

    side: Literal["right", "below"]
    lines: int
    per_line: int
    cell: int


def panel_layout(height: int, width: int, count: int) -> PanelLayout:
    """Choose the place that gives `count` response maps the largest cells.

    Args:
        height: of the frame in pixels.
        width: of the frame in pixels.
        count: how many targets, at least 1.

    Returns:
        The layout; its cells fill the frame's side as far as half the frame's size allows.

    Example:
        >>> panel_layout(360, 640, 4)
        PanelLayout(side='below', lines=1, per_line=4, cell=160)
    """
    layouts = []
    for lines in range(1, count + 1):
        per_line = -(-count // lines)
        beside = min(height // per_line, int(_MOST * width) // lines)
        below = min(width // per_line, int(_MOST * height) // lines)
        layouts.append(PanelLayout("right", lines, per_line, max(beside, 1)))
        layouts.append(PanelLayout("below", lines, per_line, max(below, 1)))
    return max(layouts, key=lambda layout: layout.cell)


def attach_panel(picture: FrameArray, result: TrackResult) -> FrameArray:
    """Put the strip of response maps beside a frame or below it.

    Args:
        picture: (H, W, 3) RGB uint8, the annotated frame.
        result: with responses, or with None for an empty strip of the same size.

    Returns:
        A new RGB uint8 picture, whose size depends on H, W and N alone.
    """
    height, width = picture.shape[:2]
    layout = panel_layout(height, width, max(len(result.ids), 1))
    thickness = layout.lines * layout.cell
    shape = (height, thickness) if layout.side == "right" else (thickness, width)
    strip = np.full((*shape, 3), _GROUND, np.uint8)
    for i, response in enumerate(result.responses or ()):
        line, place = divmod(i, layout.per_line)
        row, column = (place, line) if layout.side == "right" else (line, place)
        top, left = row * layout.cell, column * layout.cell
        cell = response_cell(response, result, i, layout.cell)
        strip[top : top + layout.cell, left : left + layout.cell] = cell
    return np.concatenate((picture, strip), axis=1 if layout.side == "right" else 0)


def response_cell(response: ResponseMap, result: TrackResult, i: int, size: int) -> FrameArray:
    """Draw one response with its id, the target's box and a ring at its peak.

    Args:
        response: of target number `i` of `result`.
        result: gives id, score, box and whether the target is lost.
        i: position of the target in `result.ids`.
        size: of the square cell in pixels.

    Returns:
        (size, size, 3) RGB uint8.
    """
    cv2 = load_cv2()
    target_id, lost = int(result.ids[i]), bool(result.lost[i])
    color = LOST_COLOR if lost else id_color(target_id)
    cell, to_cell = _heat_square(response, size)
    width = line_width(size, size)
    box = box_corners(result.boxes_xywh[i])
    draw_polygon(cell, _transform(to_cell, box), color, width, dashed=lost)
    column, row = peak_cell(response.values)
    peak = np.asarray(response.crop_to_frame, np.float64) @ np.array([column, row, 1.0])
    centre = np.floor(_transform(to_cell, peak[None])[0]).astype(int).tolist()
    for ink, thickness in (((0, 0, 0), width + 2), ((255, 255, 255), width)):
        cv2.circle(cell, centre, max(3, size // 40), ink, thickness, cv2.LINE_AA)
    cell[[0, -1]] = cell[:, [0, -1]] = _GROUND
    label = f"{target_id}  {response.kind}" + ("  lost" if lost else "")
    draw_label(cell, label, (1, 1), max(8, min(text_height(size * 2, size * 2), 20)), color)
    return cell


def cell_from_frame(response: ResponseMap, size: int) -> npt.NDArray[np.float64]:
    """Mapping (2, 3) from continuous frame positions to continuous pixels of the square cell."""
    rows, columns = response.values.shape
    scale = size / max(rows, columns)
    margin = (size - scale * np.array([columns, rows])) / 2
    mapping = np.asarray(response.crop_to_frame, dtype=np.float64)
    inverse = np.linalg.inv(mapping[:, :2])
    offset = scale * (0.5 - inverse @ mapping[:, 2]) + margin
    return np.concatenate((scale * inverse, offset[:, None]), axis=1)


def _heat_square(response: ResponseMap, size: int) -> tuple[FrameArray, npt.NDArray[np.float64]]:
    """The heat map centred in a square whose longer side it fills, and the mapping onto it."""
    cv2 = load_cv2()
    heat = normalise_response(response.values)
    rows, columns = heat.shape
    scale = size / max(rows, columns)
    wide, high = max(1, round(columns * scale)), max(1, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(heat, (wide, high), interpolation=method)
    square = np.full((size, size, 3), _GROUND, np.uint8)
    top, left = (size - high) // 2, (size - wide) // 2
    square[top : top + high, left : left + wide] = heat_colors(scaled)
    return square, cell_from_frame(response, size)


def _transform(
    mapping: npt.NDArray[np.float64], points_xy: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return points_xy @ mapping[:, :2].T + mapping[:, 2]
