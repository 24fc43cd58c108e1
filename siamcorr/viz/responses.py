"""Response maps as pictures: as a heat in the frame, and one by one beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray, ResponseMap
from siamcorr.viz.colors import heat_colors

__all__ = [
    "heat_in_frame",
    "normalise_response",
    "overlay_responses",
    "peak_cell",
]

Heat = npt.NDArray[np.float32]


def normalise_response(values: npt.ArrayLike) -> Heat:
    """Stretch a response to 0 ... 1 by its own smallest and largest value; a flat one is 0.

    NaN and infinities become 0.
    """
    array = np.asarray(values, dtype=np.float32)
    finite = np.isfinite(array)
    if not finite.any():
        return np.zeros_like(array)
    low, high = float(array[finite].min()), float(array[finite].max())
    if high - low <= 1e-12:
        return np.zeros_like(array)
    return np.where(finite, (array - low) / (high - low), 0).astype(np.float32)


def peak_cell(values: npt.ArrayLike) -> tuple[int, int]:
    """Column and row of the largest value."""
    array = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=-np.inf)
    row, column = np.unravel_index(int(array.argmax()), array.shape)
    return int(column), int(row)


def heat_in_frame(responses: Sequence[ResponseMap], height: int, width: int) -> Heat:
    """Normalise each response and lay all of them on the pixels of the frame, largest on top.

    It agrees with `TrackResult.response_in_frame`, but works only where the maps are.

    Args:
        responses: N maps, each with its own mapping to the frame.
        height: of the frame in pixels.
        width: of the frame in pixels.

    Returns:
        (height, width) float32, 0 ... 1, 0 outside every map.
    """
    cv2 = load_cv2()
    heat = np.zeros((height, width), np.float32)
    for response in responses:
        values = normalise_response(response.values)
        mapping = np.asarray(response.crop_to_frame, dtype=np.float64)
        rows, columns = _window(values.shape, mapping, height, width)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        xs, ys = np.meshgrid(
            np.arange(columns.start, columns.stop) + 0.5, np.arange(rows.start, rows.stop) + 0.5
        )  # pixel centres in continuous frame coordinates
        offsets = np.stack((xs, ys), -1) - mapping[:, 2]
        cells = (offsets @ np.linalg.inv(mapping[:, :2]).T).astype(np.float32)
        sampled = cv2.remap(values, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        limits = np.array(values.shape[::-1], np.float32) - 0.5
        inside = ((cells > -0.5) & (cells < limits)).all(-1)
        heat[rows, columns] = np.maximum(heat[rows, columns], np.where(inside, sampled, 0))
    return heat


def overlay_responses(
    frame: FrameArray, responses: Sequence[ResponseMap], *, opacity: float = 0.8
) -> FrameArray:
    """Blend the responses into the frame in place; weak response stays see-through.

    Args:
        frame: (H, W, 3) RGB uint8.
        responses: N maps.
        opacity: of the strongest response, 0 ... 1.

    Returns:
        A new (H, W, 3) RGB uint8 picture.
    """
    heat = heat_in_frame(responses, frame.shape[0], frame.shape[1])
    picture = frame.copy()
    rows, columns = np.flatnonzero(heat.any(1)), np.flatnonzero(heat.any(0))
    if len(rows) == 0:
        return picture
    touched = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    part = heat[touched]
    share = (opacity * part)[:, :, None]
    blend = share * heat_colors(part) + (1 - share) * frame[touched]
    picture[touched] = np.round(blend).astype(np.uint8)
    return picture


def _window(
    shape: tuple[int, ...], mapping: npt.NDArray[np.float64], height: int, width: int
) -> tuple[slice, slice]:
    """Rows and columns of the frame that the bounding box of a map covers."""
    bottom, right = shape[0] - 0.5, shape[1] - 0.5
    corners = np.array([[-0.5, -0.5, 1], [right, -0.5, 1], [right, bottom, 1], [-0.5, bottom, 1]])
    low, high = (corners @ mapping.T).min(0), (corners @ mapping.T).max(0)
    first = np.clip(np.floor(low), 0, [width, height]).astype(int)
    last = np.clip(np.ceil(high), 0, [width, height]).astype(int)
    return slice(int(first[1]), int(last[1])), slice(int(first[0]), int(last[0]))
