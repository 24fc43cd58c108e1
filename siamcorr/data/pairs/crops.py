"""Windows round targets, straight from the whole frame to the crop in one warp."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.data.pairs.augment import CropAugmentation, Interpolation
from siamcorr.data.pairs.shape import PairShape
from siamcorr.geometry.crops import context_side
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["CropWindow", "box_in_crop", "cut_frame", "cut_mask", "random_window"]

Box = npt.NDArray[np.float64]

_FLAGS = {
    "linear": "INTER_LINEAR",
    "cubic": "INTER_CUBIC",
    "nearest": "INTER_NEAREST",
    "lanczos": "INTER_LANCZOS4",
}


class CropWindow(NamedTuple):
    """The part of a frame that becomes a square crop, in continuous pixels of the frame.

    Attributes:
        left: x of the left edge.
        top: y of the upper edge.
        width: in pixels.
        height: in pixels.
        mirrored: whether the crop shows it mirrored along x.
    """

    left: float
    top: float
    width: float
    height: float
    mirrored: bool = False

    def to_frame(self, size: int) -> Box:
        """(2, 3) map from continuous pixels of a crop of this size to those of the frame."""
        x_scale, y_scale = self.width / size, self.height / size
        if self.mirrored:
            return np.array([[-x_scale, 0, self.left + self.width], [0, y_scale, self.top]])
        return np.array([[x_scale, 0, self.left], [0, y_scale, self.top]])


def random_window(
    box_xywh: Box,
    size: int,
    shape: PairShape,
    settings: CropAugmentation,
    rng: np.random.Generator,
    *,
    mirrored: bool = False,
) -> CropWindow:
    """The window round a target, shifted, stretched and mirrored as drawn.

    side = size / template_size * sqrt((w + c) * (h + c)),  c = context_amount * (w + h)

    Args:
        box_xywh: (4,) the target in the frame.
        size: of the crop, `shape.template_size` or `shape.search_size`.
        shape: gives the scale: the target with its context fills the template crop.
        settings: how far to shift and stretch, how often to mirror.
        rng: random numbers; the same count of them is drawn whatever the settings.
        mirrored: whether the pair is mirrored already; mirroring the crop undoes it.

    Returns:
        The window. It may leave the frame: no shift or stretch is cut short, as the edge of a
        stored crop would.

    Convention:
        The shift is in pixels of the crop before it is stretched. Without augmentation the middle
        of the box, x + w/2, comes to the middle of the crop, size/2.

    Example:
        >>> box, rng = np.array([90.0, 40.0, 20.0, 20.0]), np.random.default_rng(0)
        >>> random_window(box, 254, PairShape(search_size=254), CropAugmentation(), rng)
        CropWindow(left=60.0, top=10.0, width=80.0, height=80.0, mirrored=False)
    """
    x, y, w, h = box_xywh.tolist()
    context = context_side(torch.tensor((w, h), dtype=torch.float64), shape.context_amount)
    scale = float(context) / shape.template_size  # frame pixels per crop pixel
    stretch_x, stretch_y, shift_x, shift_y = rng.uniform(-1, 1, 4).tolist()
    mirrored ^= bool(rng.random() < settings.flip)
    if settings.isotropic:
        stretch_y = stretch_x
    width = size * scale * (1 + settings.scale * stretch_x)
    height = size * scale * (1 + settings.scale * stretch_y)
    left = x + w / 2 + settings.shift * shift_x * scale - width / 2
    top = y + h / 2 + settings.shift * shift_y * scale - height / 2
    return CropWindow(left, top, width, height, mirrored)


def box_in_crop(box_xywh: Box, window: CropWindow, size: int) -> Box:
    """Where a box of the frame lies in the crop, (4,) continuous pixels; it may reach outside."""
    x, y, w, h = box_xywh.tolist()
    x_scale, y_scale = size / window.width, size / window.height
    left = window.left + window.width - x - w if window.mirrored else x - window.left
    return np.array([left * x_scale, (y - window.top) * y_scale, w * x_scale, h * y_scale])


def cut_frame(
    frame: FrameArray,
    window: CropWindow,
    size: int,
    border: Literal["mean", "black"],
    interpolation: Interpolation = "linear",
) -> FrameArray:
    """Resample a window of a frame.

    crop[v, u] = frame at left + (u + 1/2) * width/size, top + (v + 1/2) * height/size

    Args:
        frame: (H, W, 3) uint8.
        window: may leave the frame.
        size: side of the crop in pixels.
        border: what stands beyond the frame: its mean colour, rounded, or black.
        interpolation: between the pixels of the frame.

    Returns:
        (size, size, 3) uint8.

    Convention:
        - Without a filter before it, however much the window shrinks, as in the crops of the
          reference trackers that the network will see; all but `area`.
        - `area` is the mean of k x k bilinear samples a pixel, k the frame pixels a crop pixel
          covers, rounded up; so it is `linear` where the window grows.
    """
    colour = load_cv2().mean(frame)[:3] if border == "mean" and _leaves(frame, window) else (0,) * 3
    if interpolation != "area":
        return _warp(frame, window, size, colour, interpolation)
    finer = max(math.ceil(max(window.width, window.height) / size), 1)
    cv2, samples = load_cv2(), _warp(frame, window, size * finer, colour)
    means: FrameArray = cv2.resize(samples, (size, size), interpolation=cv2.INTER_AREA)
    return means


def cut_mask(mask: npt.NDArray[np.bool_], window: CropWindow, size: int) -> npt.NDArray[np.bool_]:
    """Resample a window of a mask (H, W): bilinear, more than one half; outside nothing."""
    shares = _warp(mask.astype(np.float32), window, size, (0,))
    inside: npt.NDArray[np.bool_] = shares > 0.5
    return inside


def _leaves(frame: FrameArray, window: CropWindow) -> bool:
    height, width = frame.shape[:2]
    right, bottom = window.left + window.width, window.top + window.height
    return min(window.left, window.top) < 0 or right > width or bottom > height


def _warp(
    image: npt.NDArray[np.generic],
    window: CropWindow,
    size: int,
    colour: object,
    interpolation: str = "linear",
) -> FrameArray:
    cv2 = load_cv2()
    to_frame = window.to_frame(size)
    # OpenCV counts from the middle of the first pixel: index = continuous position - 1/2.
    to_frame[:, 2] += 0.5 * to_frame[:, :2].sum(axis=1) - 0.5
    crop: FrameArray = cv2.warpAffine(
        image,
        to_frame,
        (size, size),
        flags=getattr(cv2, _FLAGS[interpolation]) | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=colour,
    )
    return crop
