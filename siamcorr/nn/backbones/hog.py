"""Histograms of oriented gradients with 31 channels in cells of 4 pixels.

Source: Felzenszwalb, Girshick, McAllester and Ramanan, "Object Detection with Discriminatively
Trained Part-Based Models", 2010, section 6. What differs: grey instead of the strongest colour
channel; soft instead of nearest orientation bins; magnitudes are summed in blocks of 2 x 2 pixels
before they are shared among cells; the grid keeps its outermost cells.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.nn.backbones.grey import CELL, check_image, luma
from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["Hog", "block_factors", "fold_bins", "gradients", "normalise", "orientation_histograms"]

ORIENTATIONS = 18
"""Signed orientations, 20 degrees apart."""

_BINS = ORIENTATIONS + 2
"""Bins while counting: -180 ... 200 degrees. The last two are the first two again; keeping them
apart saves a modulo per pixel."""

_CLIP = 0.2
_TEXTURE_GAIN = 0.2357
_FLOOR = 1e-4
"""Added to a block's energy (grey levels squared), so that flat blocks stay finite."""


@BACKBONES.register("hog")
class Hog(nn.Module):
    """31-channel HOG of grey, stride 4, without a parameter.

    1. central differences of grey, their magnitude and direction;
    2. the magnitude goes to the two nearest of 18 signed orientations, linearly by angle, is summed
       in sub-cells of 2 pixels, and from there to cells of 4 pixels with the weights
       [1/4 3/4 3/4 1/4] per axis, the nearest two sub-cells within the cell and one on each side;
    3. energy of a cell: squared norm of its 9 unsigned orientations (opposite ones added); each of
       the four 2 x 2 blocks around a cell gives a factor 1 / sqrt(energy of the block + 1e-4);
    4. each histogram times each factor, clipped at 0.2. Channels 0 ... 17: half the sum over the
       factors, channel c for edges that brighten towards 20 c degrees (x right, y down); 18 ... 26:
       the same of the unsigned orientations; 27 ... 30: per factor (block up-left, up-right,
       down-left, down-right) 0.2357 times the sum over the 18 signed orientations.

    Convention:
        A crop has no neighbours: its edge pixels are repeated for the differences, sub-cells
        outside it are empty, and cells outside it have the energy of the nearest cell inside.

    Example:
        >>> import torch
        >>> Hog()(torch.zeros(1, 3, 128, 128)).shape
        torch.Size([1, 31, 32, 32])
    """

    stride = CELL
    out_channels = 31
    cell: Tensor

    def __init__(self) -> None:
        super().__init__()
        share = torch.tensor([0.25, 0.75, 0.75, 0.25])
        kernel = torch.outer(share, share).expand(_BINS, 1, 4, 4).contiguous()
        self.register_buffer("cell", kernel, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Features of crops.

        Args:
            image: (B, 3, H, W) RGB in 0 ... 255, float32 or float64, H and W multiples of 4.

        Returns:
            (B, 31, H/4, W/4) of the image's dtype, in 0 ... 0.4 but for the texture channels,
            which reach 0.85.
        """
        check_image("Hog", image)
        return self.of_grey(luma(image))

    def of_grey(self, grey: Tensor) -> Tensor:
        """The same on grey crops (B, H, W)."""
        sub_cells = orientation_histograms(*gradients(grey))  # (B, H/2, W/2, 20)
        cells = F.conv2d(
            sub_cells.permute(0, 3, 1, 2),  # channels last in memory: each tap is 20 wide
            self.cell.to(sub_cells.dtype),
            stride=2,
            padding=1,
            groups=_BINS,
        )  # (B, 20, H/4, W/4)
        return normalise(fold_bins(cells))


def gradients(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences, not halved: grey (B, H, W) to (dx, dy), each (B, H, W)."""
    padded = F.pad(grey[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    dx = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    dy = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    return dx, dy


def orientation_histograms(dx: Tensor, dy: Tensor) -> Tensor:
    """Gradient magnitudes by orientation in sub-cells of 2 x 2 pixels.

    Two scattered additions per pixel; dense soft binning would touch all 18 bins of each pixel.

    Args:
        dx: (B, H, W) derivative to the right, H and W even.
        dy: (B, H, W) derivative downwards.

    Returns:
        (B, H/2, W/2, 20); bin j counts the direction 20 j - 180 degrees.
    """
    batch, height, width = dx.shape
    magnitude = (dx * dx).addcmul_(dy, dy).sqrt_()
    position = torch.atan2(dy, dx).mul_(ORIENTATIONS / (2 * math.pi)).add_(ORIENTATIONS / 2)
    upper = magnitude * position.frac()  # frac and long() cut towards zero alike
    lower = magnitude.sub_(upper)

    rows = (torch.arange(height, device=dx.device) >> 1).mul_(width // 2 * _BINS)
    columns = (torch.arange(width, device=dx.device) >> 1).mul_(_BINS)
    index = position.long().add_(rows[:, None] + columns).flatten(1)  # (B, H * W)
    counts = dx.new_zeros(batch, height * width // 4 * _BINS)
    counts.scatter_add_(1, index, lower.flatten(1))
    counts[:, 1:].scatter_add_(1, index, upper.flatten(1))  # the next bin
    return counts.view(batch, height // 2, width // 2, _BINS)


def fold_bins(cells: Tensor) -> Tensor:
    """Signed and unsigned orientations of cells.

    Args:
        cells: (B, 20, h, w) of any memory format; bin j is the direction 20 j - 180 degrees.

    Returns:
        (B, 27, h, w) contiguous: 18 directions of 0 ... 340 degrees, then the 9 sums of opposites.
    """
    half = ORIENTATIONS // 2
    both = cells.new_empty(len(cells), ORIENTATIONS + half, *cells.shape[2:])
    both[:, :half] = cells[:, half:ORIENTATIONS]
    both[:, half : half + 2] = cells[:, ORIENTATIONS:] + cells[:, :2]  # 180 and 200 degrees
    both[:, half + 2 : ORIENTATIONS] = cells[:, 2:half]
    both[:, ORIENTATIONS:] = both[:, :half] + both[:, half:ORIENTATIONS]
    return both


def block_factors(energy: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Reciprocal norms of the four 2 x 2 blocks around each cell.

    Args:
        energy: (B, h, w) energies of the cells; beyond the border the nearest one counts.

    Returns:
        Four of (B, 1, h, w): the block up-left, up-right, down-left and down-right of each cell.
    """
    padded = F.pad(energy[:, None], (1, 1, 1, 1), mode="replicate")  # (B, 1, h + 2, w + 2)
    rows = padded[:, :, 1:] + padded[:, :, :-1]
    factors = (rows[..., 1:] + rows[..., :-1]).add_(_FLOOR).rsqrt_()  # (B, 1, h + 1, w + 1)
    upper, lower = factors[:, :, :-1], factors[:, :, 1:]
    return upper[..., :-1], upper[..., 1:], lower[..., :-1], lower[..., 1:]


def normalise(both: Tensor) -> Tensor:
    """Steps 3 and 4 of `Hog`: signed and unsigned histograms (B, 27, h, w) to (B, 31, h, w)."""
    factors = block_factors(both[:, ORIENTATIONS:].square().sum(1))
    features = both.new_empty(len(both), Hog.out_channels, *both.shape[2:])
    count = both.shape[1]
    orientations, textures = features[:, :count].zero_(), features[:, count:]
    clipped = torch.empty_like(both)
    for i, factor in enumerate(factors):  # one buffer that stays in the cache, not four
        torch.mul(both, factor, out=clipped).clamp_max_(_CLIP)
        orientations.add_(clipped, alpha=0.5)
        torch.sum(clipped[:, :ORIENTATIONS], 1, out=textures[:, i])
    textures.mul_(_TEXTURE_GAIN)
    return features
