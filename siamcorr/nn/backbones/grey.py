"""Grey level of cells: luma, cell means, and whether a video shows colour at all."""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.types import FrameArray

__all__ = ["CELL", "Grey", "cell_means", "check_image", "grey_level", "is_grey", "luma"]

CELL = 4
"""Side of a cell in pixels: the stride of all features of the correlation filter."""

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114  # luma of BT.601, as every image library converts


def luma(image: Tensor) -> Tensor:
    """Grey of RGB: (B, 3, H, W) to (B, H, W), in the range of the image.

    grey = 0.299 R + 0.587 G + 0.114 B
    """
    red, green, blue = image.unbind(1)
    return torch.add(torch.add(red * _RED, green, alpha=_GREEN), blue, alpha=_BLUE)


def cell_means(image: Tensor) -> Tensor:
    """Mean of each channel in cells of 4 x 4 pixels: (B, C, H, W) to (B, C, H/4, W/4)."""
    rows = reduce(torch.add, (image[:, :, i::CELL] for i in range(CELL)))  # (B, C, h, W)
    total = reduce(torch.add, (rows[..., i::CELL] for i in range(CELL)))  # (B, C, h, w)
    return total / CELL**2  # slices take half the time of avg_pool2d


def grey_level(colours: Tensor) -> Tensor:
    """The feature `grey`: cell-mean colours (B, 3, h, w) in 0 ... 255 to (B, 1, h, w).

    g = luma / 255 - 1/2
    """
    return (luma(colours) / 255 - 0.5)[:, None]


def check_image(who: str, image: Tensor) -> None:
    """An image of whole cells in single or double precision, outside of any gradient.

    Raises:
        ShapeError: not (B, 3, H, W), or H or W is no positive multiple of 4.
        InvalidArgument: a dtype other than float32 and float64, or a gradient is asked for.
    """
    shape = tuple(image.shape)
    if len(shape) != 4 or shape[1] != 3:
        raise ShapeError(f"{who}: image must be (B, 3, H, W), got {shape}")
    if not all(side >= CELL and side % CELL == 0 for side in shape[2:]):
        raise ShapeError(
            f"{who}: H and W must be multiples of the cell of {CELL} pixels, got {shape}"
        )
    if image.dtype not in (torch.float32, torch.float64):
        raise InvalidArgument(
            f"{who}: image must be float32 or float64 in 0 ... 255, got {image.dtype}; "
            "convert uint8 crops with .float()"
        )
    if image.requires_grad and torch.is_grad_enabled():
        raise InvalidArgument(
            f"{who}: image requires a gradient, and these features have none with respect to "
            "pixels; pass image.detach()"
        )


def is_grey(frame: FrameArray, tolerance: float = 1.0) -> bool:
    """Whether a frame shows no colour: mean |B - R| + mean |B - G| <= tolerance.

    Args:
        frame: (H, W, 3) uint8 RGB, the whole frame; every target of a frame gets one answer.
        tolerance: in grey levels; compression leaves traces of colour in grey video.
    """
    red, green, blue = np.moveaxis(frame.astype(np.int16), -1, 0)
    return bool(np.abs(blue - red).mean() + np.abs(blue - green).mean() <= tolerance)


@BACKBONES.register("grey")
class Grey(nn.Module):
    """Mean grey of 4 x 4-pixel cells, around zero: 1 channel, stride 4, no parameter.

    g = luma / 255 - 1/2

    Example:
        >>> import torch
        >>> Grey()(torch.full((1, 3, 8, 8), 255.0))
        tensor([[[[0.5000, 0.5000],
                  [0.5000, 0.5000]]]])
    """

    stride = CELL
    out_channels = 1

    def forward(self, image: Tensor) -> Tensor:
        """Features (B, 1, H/4, W/4) of crops (B, 3, H, W), RGB in 0 ... 255."""
        check_image("Grey", image)
        return grey_level(cell_means(image))
