"""Parts of NanoTrack's heads: projections, the two correlations, towers.

Source: NanoTrack (HonglinChu/SiamTrackers).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from siamcorr import ops
from siamcorr.nn.pooled import dense

__all__ = [
    "ChannelAttention",
    "DepthwiseCorrelation",
    "PixelwiseCorrelation",
    "activated_tower",
    "centre_cells",
    "projection",
    "separable_tower",
]


class ChannelAttention(nn.Module):
    """Weight every channel by a function of all channels' means; in the range 0 ... 1.

    Args:
        channels: in and out.

    Example:
        >>> import torch
        >>> ChannelAttention(64)(torch.ones(2, 64, 16, 16)).shape
        torch.Size([2, 64, 16, 16])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels, 1)
        self.fc2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        hidden = _on_one_cell(self.fc1, x.mean((2, 3))).relu()  # (B, C)
        weights = _on_one_cell(self.fc2, hidden).sigmoid()
        return x * weights[:, :, None, None]


def _on_one_cell(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1x1 convolution with bias on maps of one cell, (B, C) to (B, O)."""
    assert layer.bias is not None
    return dense(x, layer.weight.flatten(1), layer.bias)


class PixelwiseCorrelation(nn.Module):
    """Projected pixel-wise correlation with attention over the template's cells.

    y = attention(xcorr_pixelwise(search(x), template(z)))

    Args:
        channels: of both feature maps.
        cells: of the template map, rows times columns; channels of the result.
        backend: backend of the correlation; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> layer = PixelwiseCorrelation(48, 64).eval()
        >>> layer(torch.ones(2, 48, 16, 16), torch.ones(2, 48, 8, 8)).shape
        torch.Size([2, 64, 16, 16])
    """

    def __init__(self, channels: int, cells: int, *, backend: str | None = None) -> None:
        super().__init__()
        self.backend = backend
        self.template = projection(channels)
        self.search = projection(channels)
        self.attention = ChannelAttention(cells)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, Hz * Wz, Hx, Wx)."""
        x, z = self.search(search), self.template(template)
        weighted: Tensor = self.attention(ops.xcorr_pixelwise(x, z, backend=self.backend))
        return weighted


class DepthwiseCorrelation(nn.Module):
    """Projected depth-wise correlation with the middle 4x4 cells of the template, padded by 1.

    y = xcorr_depthwise(search(x), template(middle(z)), padding=1)

    Args:
        channels: of both feature maps and of the result.
        backend: backend of the correlation; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> layer = DepthwiseCorrelation(96).eval()
        >>> layer(torch.ones(2, 96, 16, 16), torch.ones(2, 96, 8, 8)).shape
        torch.Size([2, 96, 15, 15])
    """

    def __init__(self, channels: int, *, backend: str | None = None) -> None:
        super().__init__()
        self.backend = backend
        self.template = projection(channels)
        self.search = projection(channels)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, C, Hx - 1, Wx - 1)."""
        x, z = self.search(search), self.template(centre_cells(template, 4))
        return ops.xcorr_depthwise(x, z, padding=1, backend=self.backend)


def centre_cells(features: Tensor, size: int) -> Tensor:
    """The middle `size` x `size` cells; rows and columns from (side - size) // 2 on.

    Example:
        >>> import torch
        >>> centre_cells(torch.arange(8.0).expand(1, 1, 8, 8), 4)[0, 0, 0]
        tensor([2., 3., 4., 5.])
    """
    top, left = ((side - size) // 2 for side in features.shape[-2:])
    return features[..., top : top + size, left : left + size]


def projection(channels: int) -> nn.Sequential:
    """1x1 convolution with bias, then batch norm."""
    return nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))


def activated_tower(inputs: int, width: int, kernel_sizes: Sequence[int]) -> nn.Sequential:
    """Units of v1 and v2: depth-wise kxk and 1x1 with nothing between, BN, ReLU6."""
    layers: list[nn.Module] = []
    for index, size in enumerate(kernel_sizes):
        channels = width if index else inputs
        layers += [
            nn.Conv2d(channels, channels, size, padding=size // 2, groups=channels, bias=False),
            nn.Conv2d(channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(),
        ]
    return nn.Sequential(*layers)


def separable_tower(channels: int, units: int) -> nn.Sequential:
    """Units of v3: depth-wise 3x3, BN, ReLU6, 1x1, BN and no activation."""
    layers: list[nn.Module] = []
    for _ in range(units):
        layers += [
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU6(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        ]
    return nn.Sequential(*layers)
