"""COCO segmentations as masks: polygons, and run-length codes with and without compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument

__all__ = ["Segmentation", "decode_counts", "decode_segmentation", "polygon_mask"]

Segmentation: TypeAlias = Sequence[npt.NDArray[np.float64]] | Mapping[str, Any]
"""Polygons `x1, y1, x2, y2, ...`, or `{"size": [H, W], "counts": [...] or "..."}`."""

_BITS, _MORE, _SIGN, _ZERO = 5, 0x20, 0x10, 48  # a character: 5 bits, "more follow", from "0" on


def decode_segmentation(
    segmentation: Segmentation, size: tuple[int, int], where: str
) -> npt.NDArray[np.bool_]:
    """Decode one `segmentation` entry.

    Args:
        segmentation: polygons or a run-length code.
        size: (height, width) of the image.
        where: the annotation in words, for the error.

    Returns:
        (H, W) bool.

    Raises:
        InvalidArgument: malformed, or of another size than the image.
    """
    if isinstance(segmentation, Mapping):
        if tuple(segmentation.get("size", ())) != size:
            raise InvalidArgument(
                f"{where}: a run-length code of size {segmentation.get('size')} for an image of "
                f"height and width {size}"
            )
        return _from_runs(segmentation.get("counts"), size, where)
    mask = np.zeros(size, dtype=np.bool_)
    for polygon in segmentation:
        if polygon.ndim != 1 or polygon.size < 6 or polygon.size % 2:
            raise InvalidArgument(f"{where}: a polygon of {polygon.size} numbers")
        mask |= polygon_mask(polygon.reshape(-1, 2), size)
    return mask


def polygon_mask(
    corners_xy: npt.NDArray[np.float64], size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Pixels whose centre lies inside a polygon.

    Each edge flips every pixel to the right of where it crosses the line of a row's centres; a
    pixel that is flipped an odd number of times is inside.

    Args:
        corners_xy: (K, 2) in continuous pixels; the last is joined to the first.
        size: (height, width).

    Returns:
        (H, W) bool.

    Convention:
        Pixel (row, column) has its centre at (column + 0.5, row + 0.5). pycocotools rounds the
        outline on a grid five times as fine instead, so masks differ in single border pixels.

    Example:
        >>> polygon_mask(np.array([[1.0, 0.0], [3.0, 0.0], [3.0, 1.0], [1.0, 1.0]]), (2, 4)) * 1
        array([[0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    height, width = size
    flips = np.zeros((height, width + 1), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners_xy, np.roll(corners_xy, -1, axis=0), strict=True):
        (top, x_top), (bottom, x_bottom) = sorted(((y1, x1), (y2, x2)))
        first, end = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in (top, bottom))
        rows = np.arange(first, end)  # rows whose centre is in top <= y < bottom
        if rows.size:
            crossing = x_top + (rows + 0.5 - top) * (x_bottom - x_top) / (bottom - top)
            columns = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
            flips[rows, columns] ^= True
    inside: npt.NDArray[np.bool_] = np.logical_xor.accumulate(flips, axis=1)[:, :width]
    return inside


def decode_counts(text: str) -> list[int]:
    """Run lengths out of COCO's compressed text.

    A number is written in characters of 5 bits, lowest first, with a bit for "more follow" and the
    sign in the last; from the fourth number on it is the difference to the one two before.

    Raises:
        InvalidArgument: a character that does not occur in such a text, or its end is missing.

    Example:
        >>> decode_counts("61X13mN000`0")
        [6, 1, 40, 4, 5, 4, 5, 4, 21]
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - _ZERO
        if not 0 <= code < 2 * _MORE:
            raise InvalidArgument(f"run-length code: {character!r} is no character of it")
        value |= (code & (_MORE - 1)) << shift
        shift += _BITS
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise InvalidArgument(f"run-length code: ends within a number: {text[-20:]!r}")
    return counts


def _from_runs(counts: Any, size: tuple[int, int], where: str) -> npt.NDArray[np.bool_]:
    """Runs of 0 and 1 in turn, starting with 0, down the columns."""
    if isinstance(counts, str):
        counts = decode_counts(counts)
    height, width = size
    if not isinstance(counts, list) or any(type(run) is not int or run < 0 for run in counts):
        raise InvalidArgument(f"{where}: `counts` is neither a text nor a list of run lengths")
    if sum(counts) != height * width:
        raise InvalidArgument(
            f"{where}: runs of {sum(counts)} pixels in all for {height} x {width} pixels"
        )
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T
