"""Features without training: oriented derivatives and opponent colours in cells of 4 pixels."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["FixedFilters"]

_OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (1 / 2, -1 / 2, 0.0), (-1 / 4, -1 / 4, 1 / 2))
"""Rows grey, red - green, blue - yellow; columns red, green, blue."""


@BACKBONES.register("fixed_filters")
class FixedFilters(nn.Module):
    """Explicit kernels in place of learned ones: 10 channels, stride 4, no parameter.

    1. opponent colours: a 1x1 convolution to grey, red - green and blue - yellow;
    2. oriented derivatives of grey: one 3x3 Sobel kernel steered to 8 directions, rectified, so
       that each channel answers to edges of one direction and sign;
    3. cells: an 8x8 triangular kernel with stride 4 averages each channel, which forgives shifts
       of a few pixels;
    4. balance: the orientation channels are divided by the edge energy of the 3x3 cells around,
       which makes them independent of contrast; the two colours are weighted by `colour_gain`.

    Args:
        colour_gain: weight of the colour channels against the orientation channels; 0.3 makes
            both matter on natural video.
        energy_floor: added to the edge energy (in grey levels of 0 ... 1), so that noise in flat
            regions stays small.

    Example:
        >>> import torch
        >>> FixedFilters()(torch.zeros(1, 3, 128, 128)).shape
        torch.Size([1, 10, 32, 32])
    """

    stride = 4
    out_channels = 10
    opponent: Tensor
    oriented: Tensor
    cell: Tensor

    def __init__(self, colour_gain: float = 0.3, energy_floor: float = 0.02) -> None:
        super().__init__()
        self.colour_gain = colour_gain
        self.energy_floor = energy_floor
        opponent = torch.tensor(_OPPONENT)[:, :, None, None]  # (3, 3, 1, 1)
        self.register_buffer("opponent", opponent, persistent=False)
        self.register_buffer("oriented", oriented_derivatives(8), persistent=False)
        self.register_buffer("cell", triangular_kernel(8), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) RGB in 0 ... 255, H and W multiples of 4.

        Returns:
            (B, 10, H/4, W/4): 8 orientations, then red - green and blue - yellow.
        """
        opponent = F.conv2d(image / 255, self.opponent)  # (B, 3, H, W)
        edges = F.conv2d(_pad(opponent[:, :1], 1), self.oriented).relu()  # (B, 8, H, W)
        edges, colours = self._cells(edges), self._cells(opponent[:, 1:])
        energy = F.avg_pool2d(_pad(edges.sum(1, keepdim=True), 1), 3, stride=1)
        balanced = edges / (energy + self.energy_floor)
        return torch.cat((balanced, self.colour_gain * colours), dim=1)

    def _cells(self, channels: Tensor) -> Tensor:
        """Average every channel into cells: (B, C, H, W) to (B, C, H/4, W/4)."""
        overhang = (self.cell.shape[-1] - self.stride) // 2
        maps = _pad(channels, overhang).flatten(0, 1)[:, None]  # (B * C, 1, H + 4, W + 4)
        cells = F.conv2d(maps, self.cell, stride=self.stride)
        return cells.view(*channels.shape[:2], *cells.shape[-2:])


def oriented_derivatives(count: int) -> Tensor:
    """Sobel kernels steered to `count` directions over the full circle.

    k_a = cos(a) * k_x + sin(a) * k_y,  a = 2 pi i / count

    Returns:
        (count, 1, 3, 3); a ramp that rises by 1 per pixel along the direction gives 1.
    """
    k_x = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([-1.0, 0.0, 1.0])) / 8
    angles = [2 * math.pi * i / count for i in range(count)]
    return torch.stack([math.cos(a) * k_x + math.sin(a) * k_x.T for a in angles])[:, None]


def triangular_kernel(size: int) -> Tensor:
    """Weights that fall linearly from the middle, (1, 1, size, size) of sum 1; size is even."""
    rise = torch.arange(1, size // 2 + 1, dtype=torch.float32)
    line = torch.cat((rise, rise.flip(0)))
    line = line / line.sum()
    return torch.outer(line, line)[None, None]


def _pad(x: Tensor, width: int) -> Tensor:
    return F.pad(x, (width, width, width, width), mode="replicate")
