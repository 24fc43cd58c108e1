"""Mask refinement of SiamMask: one correlation vector and the shallow maps around it to a mask.

Source: Wang et al., "Fast Online Object Tracking and Segmentation: A Unifying Approach", 2019,
section 3.2; layers as in foolwood/SiamMask and PySOT.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.errors import ShapeError

__all__ = ["MaskRefinement", "windows_at"]

_CELLS = 15
"""Side of the finest grid of the correlation vector, in cells of the stride-8 map."""


class MaskRefinement(nn.Module):
    """Three steps of doubling: correlation, layer2, layer1 and conv1 features to 127 x 127 logits.

    The vector of a cell is spread over 15 x 15 cells; each step adds what a shallower map shows in
    the same window, upsamples (nearest) and convolves.

    Args:
        channels: of the correlation.
        shallow: channels of the maps of stride 2, 4 and 8.

    Example:
        >>> refine = MaskRefinement().eval()
        >>> sides = {64: 125, 256: 63, 512: 31}
        >>> maps = [torch.zeros(2, count, side, side) for count, side in sides.items()]
        >>> refine(torch.zeros(2, 256, 25, 25), maps, torch.tensor([[12, 7], [0, 24]])).shape
        torch.Size([2, 127, 127])
    """

    def __init__(self, channels: int = 256, shallow: tuple[int, int, int] = (64, 256, 512)) -> None:
        super().__init__()
        self.v0 = _two(shallow[0], shallow[0] // 4, 4)
        self.v1 = _two(shallow[1], shallow[1] // 4, 16)
        self.v2 = _two(shallow[2], shallow[2] // 4, 32)
        self.h2 = _two(32, 32, 32)
        self.h1 = _two(16, 16, 16)
        self.h0 = _two(4, 4, 4)
        self.deconv = nn.ConvTranspose2d(channels, 32, _CELLS, _CELLS)
        self.post0 = nn.Conv2d(32, 16, 3, padding=1)
        self.post1 = nn.Conv2d(16, 4, 3, padding=1)
        self.post2 = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, correlation: Tensor, shallow: Sequence[Tensor], cells_yx: Tensor) -> Tensor:
        """Masks at one cell of each sample.

        Args:
            correlation: (B, C, S, S) before the prediction layers.
            shallow: search features of stride 2, 4 and 8: (B, 64, 125, 125), (B, 256, 63, 63) and
                (B, 512, 31, 31) for a search crop of 255.
            cells_yx: (B, 2) int64, row and column of the correlation.

        Returns:
            (B, 127, 127) logits: the mask in the 127 x 127 pixels of the search crop that start at
            8 * (cells_yx - 4).

        Raises:
            ShapeError: batches disagree.
        """
        if not len(correlation) == len(cells_yx) == len(shallow[0]):
            raise ShapeError(
                "MaskRefinement: correlation, shallow maps and cells_yx disagree on B: "
                f"{len(correlation)}, {len(shallow[0])} and {len(cells_yx)}"
            )
        y, x = cells_yx.to(correlation.device).unbind(1)
        sample = torch.arange(len(cells_yx), device=correlation.device)
        vector = correlation[sample, :, y, x][:, :, None, None]  # (B, C, 1, 1)
        conv1, layer1, layer2 = (
            windows_at(features, cells_yx * step, size, padding)
            for features, step, size, padding in zip(
                shallow, (4, 2, 1), (61, 31, 15), (16, 8, 4), strict=True
            )
        )
        mask = self.h2(self.deconv(vector)) + self.v2(layer2)  # (B, 32, 15, 15)
        mask = self.post0(F.interpolate(mask, size=31))
        mask = self.h1(mask) + self.v1(layer1)  # (B, 16, 31, 31)
        mask = self.post1(F.interpolate(mask, size=61))
        mask = self.h0(mask) + self.v0(conv1)  # (B, 4, 61, 61)
        logits: Tensor = self.post2(F.interpolate(mask, size=127))  # (B, 1, 127, 127)
        return logits[:, 0]


def windows_at(features: Tensor, corners_yx: Tensor, size: int, padding: int) -> Tensor:
    """A window of each sample, zeros outside the map.

    Args:
        features: (B, C, H, W).
        corners_yx: (B, 2) int64, top row and left column in the padded map.
        size: side of the windows.
        padding: zeros on each side of the map.

    Returns:
        (B, C, size, size).

    Example:
        >>> features = torch.arange(9.0).view(1, 1, 3, 3)
        >>> windows_at(features, torch.tensor([[0, 1]]), 2, 1)
        tensor([[[[0., 0.],
                  [0., 1.]]]])
    """
    sample = torch.arange(len(features), device=features.device)
    offsets = torch.arange(size, device=features.device)
    rows, columns = (
        corner[:, None] + offsets for corner in corners_yx.to(features.device).unbind(1)
    )
    padded = F.pad(features, (padding,) * 4)
    windows = padded[sample[:, None, None], :, rows[:, :, None], columns[:, None]]
    return windows.permute(0, 3, 1, 2)


def _two(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two 3x3 convolutions with ReLU after each."""
    return nn.Sequential(
        nn.Conv2d(inputs, hidden, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(hidden, outputs, 3, padding=1),
        nn.ReLU(),
    )
