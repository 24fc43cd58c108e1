"""Square windows around real-valued centres, resampled to one size with OpenCV."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["crop_windows"]

_MAX_SHRINK = 1.5
"""Frame pixels per crop pixel that bilinear interpolation takes without visible aliasing."""


def crop_windows(frame: FrameArray, centres_xy: Tensor, sides: Tensor, size: int) -> Tensor:
    """Resample S concentric square windows around each of N centres.

    crop[v, u] = frame at (x, y) = centre + ((u, v) + 1/2 - size/2) * side/size

    Args:
        frame: (H, W, 3) uint8.
        centres_xy: (N, 2) real-valued x and y in continuous pixels: the first pixel is 0 ... 1.
        sides: (N, S) real-valued sides in frame pixels, > 0.
        size: side of the crops in pixels.

    Returns:
        (N, S, size, size, 3) uint8 on CPU, channels in the order of the frame.

    Convention:
        Bilinear, and beyond the border the nearest pixel counts. Windows that shrink more than 1.5
        times are read from the frame averaged in blocks of 2, 4, 8 ... pixels, counted from the
        frame's corner, until at most 1.5 remains. The geometric mean of a target's S sides decides
        for all of them, so that scales are compared at equal sharpness.

    Raises:
        ShapeError: centres or sides of another shape.
        InvalidArgument: a side that is not positive, a centre or side that is not finite, or a
            size below 1.

    Example:
        >>> frame = np.zeros((48, 64, 3), np.uint8)
        >>> crop_windows(frame, torch.tensor([[32.5, 20.0]]), torch.tensor([[10.0, 12.0]]), 8).shape
        torch.Size([1, 2, 8, 8, 3])
    """
    _check(centres_xy, sides, size)
    crops = np.empty((*sides.shape, size, size, 3), dtype=np.uint8)
    for target, (x, y), target_sides in zip(
        crops, centres_xy.tolist(), sides.tolist(), strict=True
    ):
        _crop_target(frame, (x, y), target_sides, target)
    return torch.from_numpy(crops)


def _crop_target(
    frame: FrameArray, centre_xy: tuple[float, float], sides: list[float], crops: FrameArray
) -> None:
    """Fill the crops (S, size, size, 3) of one target."""
    cv2 = load_cv2()
    size = crops.shape[1]
    shrink = math.exp(sum(math.log(side / size) for side in sides) / len(sides))
    halvings = max(0, math.ceil(math.log2(shrink / _MAX_SHRINK)))
    block = 2**halvings
    patch, corner_xy = frame, (0, 0)
    if halvings:
        patch, corner_xy = _averaged(frame, centre_xy, max(sides), halvings)
    for crop, side in zip(crops, sides, strict=True):
        scale = side / size / block
        # In index coordinates, where the middle of the first pixel is 0.
        x, y = (
            (centre - corner) / block - 0.5 + scale * (0.5 - size / 2)
            for centre, corner in zip(centre_xy, corner_xy, strict=True)
        )
        cv2.warpAffine(
            patch,
            np.array([[scale, 0, x], [0, scale, y]]),
            (size, size),
            dst=crop,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


def _averaged(
    frame: FrameArray, centre_xy: tuple[float, float], side: float, halvings: int
) -> tuple[FrameArray, tuple[int, int]]:
    """The part of the block-averaged frame that a window needs.

    Returns:
        The part, and x and y of its corner in pixels of the frame.
    """
    cv2 = load_cv2()
    block = 2**halvings
    starts, stops = [], []
    for centre, length in zip(centre_xy, frame.shape[1::-1], strict=True):
        blocks = -(-length // block)
        first = math.floor((centre - side / 2) / block) - 1  # one more on each side to interpolate
        last = math.ceil((centre + side / 2) / block) + 1
        start = min(max(first, 0), blocks - 1)
        starts.append(start * block)
        stops.append(min(max(last, start + 1), blocks) * block)
    (x1, y1), (x2, y2) = starts, stops
    patch = frame[y1:y2, x1:x2]
    missing = (y2 - y1 - patch.shape[0], x2 - x1 - patch.shape[1])
    if any(missing):
        patch = cv2.copyMakeBorder(patch, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    for _ in range(halvings):
        half = (patch.shape[1] // 2, patch.shape[0] // 2)
        patch = cv2.resize(patch, half, interpolation=cv2.INTER_AREA)
    return patch, (x1, y1)


def _check(centres_xy: Tensor, sides: Tensor, size: int) -> None:
    if centres_xy.ndim != 2 or centres_xy.shape[1] != 2 or sides.ndim != 2:
        raise ShapeError(
            "crop_windows: centres_xy must be (N, 2) and sides (N, S), got "
            f"{tuple(centres_xy.shape)} and {tuple(sides.shape)}"
        )
    if len(centres_xy) != len(sides) or not sides.shape[1]:
        raise ShapeError(
            "crop_windows: centres_xy and sides disagree on N, or S is 0: "
            f"{tuple(centres_xy.shape)} and {tuple(sides.shape)}"
        )
    if not (bool(centres_xy.isfinite().all()) and bool(sides.isfinite().all())):
        raise InvalidArgument(
            f"crop_windows: centres and sides must be finite, got {centres_xy.tolist()} and "
            f"{sides.tolist()}"
        )
    if size < 1 or bool((sides <= 0).any()):
        raise InvalidArgument(
            f"crop_windows: size and sides must be positive, got {size} and {sides.tolist()}"
        )
