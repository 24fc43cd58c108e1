"""The point heads of NanoTrack v1, v2 and v3.

Source: NanoTrack (HonglinChu/SiamTrackers).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.nn.heads.nanotrack_parts import (
    ChannelAttention,
    DepthwiseCorrelation,
    PixelwiseCorrelation,
    activated_tower,
    separable_tower,
)
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.registry import HEADS
from siamcorr.nn.initialise import normal_by_fan_out_

__all__ = ["NanoTrackV1Head", "NanoTrackV2Head", "NanoTrackV3Head"]

_TEMPLATE_CELLS = 64
"""Cells of the 8 x 8 template map: the channels of the pixel-wise correlation."""
_WIDTH = 96
"""Channels of the towers."""


@HEADS.register("nanotrack_v1")
class NanoTrackV1Head(nn.Module):
    """One pixel-wise correlation of the bare features, then a tower for each of cls and loc.

    Args:
        backend: backend of the correlation; None chooses by shape, batch size included.

    Convention:
        The template map is 8 x 8, from a crop of 127; loc are distances in pixels of the search
        crop, of any size.

    Example:
        >>> head = NanoTrackV1Head().eval()
        >>> head(torch.zeros(2, 48, 16, 16), torch.zeros(2, 48, 8, 8)).loc.shape
        torch.Size([2, 4, 16, 16])
    """

    def __init__(self, backend: str | None = None) -> None:
        super().__init__()
        self.backend = backend
        self.attention = ChannelAttention(_TEMPLATE_CELLS)
        self.cls = _TowerBranch(128, (5, 5, 3), outputs=2)
        self.loc = _TowerBranch(_WIDTH, (3, 3, 5, 5), outputs=4)
        normal_by_fan_out_(self.cls)
        normal_by_fan_out_(self.loc)

    def forward(self, search: Tensor, template: Tensor) -> BoxOutput:
        """(B, C, Hx, Wx), (B, C, 8, 8) to maps of Hx x Wx cells."""
        response = self.attention(ops.xcorr_pixelwise(search, template, backend=self.backend))
        return BoxOutput(self.cls(response), self.loc(response).exp())


@HEADS.register("nanotrack_v2")
class NanoTrackV2Head(nn.Module):
    """A projected pixel-wise correlation and a tower for each of cls and loc.

    Args:
        channels: of the backbone's features.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Convention:
        As in `NanoTrackV1Head`.

    Example:
        >>> head = NanoTrackV2Head().eval()
        >>> head(torch.zeros(2, 48, 16, 16), torch.zeros(2, 48, 8, 8)).cls.shape
        torch.Size([2, 2, 16, 16])
    """

    def __init__(self, channels: int = 48, backend: str | None = None) -> None:
        super().__init__()
        self.cls = _ProjectedBranch(channels, outputs=2, backend=backend)
        self.loc = _ProjectedBranch(channels, outputs=4, backend=backend)
        normal_by_fan_out_(self)

    def forward(self, search: Tensor, template: Tensor) -> BoxOutput:
        """(B, C, Hx, Wx), (B, C, 8, 8) to maps of Hx x Wx cells."""
        return BoxOutput(self.cls(search, template), self.loc(search, template).exp())


@HEADS.register("nanotrack_v3")
class NanoTrackV3Head(nn.Module):
    """Pixel-wise and depth-wise correlation side by side, merged, and a tower, for cls and loc.

    Args:
        channels: of the backbone's features.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Convention:
        As in `NanoTrackV1Head`, but the maps are one row and one column smaller than the search
        features.

    Example:
        >>> head = NanoTrackV3Head().eval()
        >>> head(torch.zeros(2, 96, 16, 16), torch.zeros(2, 96, 8, 8)).cls.shape
        torch.Size([2, 2, 15, 15])
    """

    def __init__(self, channels: int = 96, backend: str | None = None) -> None:
        super().__init__()
        self.cls = _MergedBranch(channels, outputs=2, backend=backend)
        self.loc = _MergedBranch(channels, outputs=4, backend=backend)

    def forward(self, search: Tensor, template: Tensor) -> BoxOutput:
        """(B, C, Hx, Wx), (B, C, 8, 8) to maps of (Hx - 1) x (Wx - 1) cells."""
        return BoxOutput(self.cls(search, template), self.loc(search, template).exp())


class _TowerBranch(nn.Module):
    """Tower and prediction on a finished correlation."""

    def __init__(self, width: int, kernel_sizes: tuple[int, ...], *, outputs: int) -> None:
        super().__init__()
        self.tower = activated_tower(_TEMPLATE_CELLS, width, kernel_sizes)
        self.predict = nn.Conv2d(width, outputs, 1)

    def forward(self, response: Tensor) -> Tensor:
        predicted: Tensor = self.predict(self.tower(response))
        return predicted


class _ProjectedBranch(nn.Module):
    """Correlation, tower and prediction of v2."""

    def __init__(self, channels: int, *, outputs: int, backend: str | None) -> None:
        super().__init__()
        self.pixelwise = PixelwiseCorrelation(channels, _TEMPLATE_CELLS, backend=backend)
        self.tower = activated_tower(_TEMPLATE_CELLS, _WIDTH, (3,) * 6)
        self.predict = nn.Conv2d(_WIDTH, outputs, 1)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        predicted: Tensor = self.predict(self.tower(self.pixelwise(search, template)))
        return predicted


class _MergedBranch(nn.Module):
    """Both correlations, their merging, tower and prediction of v3."""

    def __init__(self, channels: int, *, outputs: int, backend: str | None) -> None:
        super().__init__()
        self.pixelwise = PixelwiseCorrelation(channels, _TEMPLATE_CELLS, backend=backend)
        self.shrink = nn.Sequential(
            nn.Conv2d(_TEMPLATE_CELLS, _TEMPLATE_CELLS, 2, groups=_TEMPLATE_CELLS, bias=False),
            nn.BatchNorm2d(_TEMPLATE_CELLS),
            nn.ReLU6(),
            nn.Conv2d(_TEMPLATE_CELLS, _TEMPLATE_CELLS, 1),
            nn.BatchNorm2d(_TEMPLATE_CELLS),
        )
        self.depthwise = DepthwiseCorrelation(channels, backend=backend)
        self.merge = nn.Conv2d(_TEMPLATE_CELLS + channels, _WIDTH, 1)
        self.tower = separable_tower(_WIDTH, 6)
        self.predict = nn.Conv2d(_WIDTH, outputs, 1)
        drawn = (self.pixelwise.template, self.pixelwise.search, self.shrink, self.depthwise)
        for part in (*drawn, self.tower, self.predict):
            normal_by_fan_out_(part)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        pixelwise = self.shrink(self.pixelwise(search, template))  # (B, 64, Hx - 1, Wx - 1)
        depthwise = self.depthwise(search, template)  # (B, C, Hx - 1, Wx - 1)
        merged = self.merge(torch.cat((pixelwise, depthwise), dim=1))
        predicted: Tensor = self.predict(self.tower(merged))
        return predicted
