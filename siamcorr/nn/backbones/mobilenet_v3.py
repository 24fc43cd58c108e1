"""The truncated MobileNetV3-small of NanoTrack: stride 16, 48 or 96 channels.

Source: Howard et al., "Searching for MobileNetV3", 2019; the cut, the place of squeeze-and-excite
and the names of the weights as in NanoTrack (HonglinChu/SiamTrackers).
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from siamcorr.errors import InvalidArgument
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.initialise import normal_by_fan_out_
from siamcorr.nn.pooled import PooledLinear

__all__ = ["NanoMobileNetV3"]

_STEM = 16


class _Block(NamedTuple):
    kernel_size: int
    expanded: int
    outputs: int
    squeeze: int
    """Hidden channels of squeeze-and-excite; 0 for none."""
    activation: type[nn.ReLU] | type[nn.Hardswish]
    stride: int


_BLOCKS = (
    _Block(3, 16, 16, 8, nn.ReLU, 2),
    _Block(3, 72, 24, 0, nn.ReLU, 2),
    _Block(3, 88, 24, 0, nn.ReLU, 1),
    _Block(5, 96, 40, 24, nn.Hardswish, 2),
    _Block(5, 240, 40, 64, nn.Hardswish, 1),
    _Block(5, 240, 40, 64, nn.Hardswish, 1),
    _Block(5, 120, 48, 32, nn.Hardswish, 1),
    _Block(5, 144, 48, 40, nn.Hardswish, 1),
    _Block(5, 288, 96, 72, nn.Hardswish, 1),
)


@BACKBONES.register("nano_mobilenet_v3")
class NanoMobileNetV3(nn.Module):
    """Stem and the first inverted residuals of MobileNetV3-small; 127 -> 8, 255 -> 16.

    Args:
        num_blocks: inverted residuals after the stem, 4 ... 9: 8 for NanoTrack v1 and v2 (48
            channels), 9 for v3 (96 channels).

    Raises:
        InvalidArgument: another number of blocks.

    Source:
        Squeeze-and-excite stands before the second activation, unlike torchvision's, except in
        the block without expansion.

    Example:
        >>> import torch
        >>> NanoMobileNetV3(num_blocks=9).eval()(torch.zeros(1, 3, 255, 255)).shape
        torch.Size([1, 96, 16, 16])
    """

    stride = 16

    def __init__(self, num_blocks: int = 8) -> None:
        super().__init__()
        if num_blocks not in range(4, len(_BLOCKS) + 1):
            raise InvalidArgument(
                f"NanoMobileNetV3: num_blocks must be an int in 4 ... {len(_BLOCKS)}, "
                f"got {num_blocks!r}"
            )
        stem = nn.Sequential(
            nn.Conv2d(3, _STEM, 3, 2, 1, bias=False), nn.BatchNorm2d(_STEM), nn.Hardswish()
        )
        blocks = _BLOCKS[:num_blocks]
        inputs = [_STEM, *(block.outputs for block in blocks)]
        residuals = (_InvertedResidual(c, block) for c, block in zip(inputs, blocks, strict=False))
        self.features = nn.Sequential(stem, *residuals)
        self.out_channels = inputs[-1]
        normal_by_fan_out_(self)

    def forward(self, image: Tensor) -> Tensor:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) BGR in 0 ... 255.

        Returns:
            (B, 48 or 96, Hf, Wf), Hf = ceil(H / 16).
        """
        features: Tensor = self.features(image)
        return features


class _InvertedResidual(nn.Module):
    """Expand, filter each channel, squeeze-and-excite, project; plus the input where it fits."""

    def __init__(self, inputs: int, block: _Block) -> None:
        super().__init__()
        self.is_residual = block.stride == 1 and inputs == block.outputs
        width, act = block.expanded, block.activation
        scale = _SqueezeExcite(width, block.squeeze) if block.squeeze else nn.Identity()
        filtered = (
            nn.Conv2d(
                width,
                width,
                block.kernel_size,
                block.stride,
                block.kernel_size // 2,
                groups=width,
                bias=False,
            ),
            nn.BatchNorm2d(width),
        )
        projected = (nn.Conv2d(width, block.outputs, 1, bias=False), nn.BatchNorm2d(block.outputs))
        if width == inputs:
            self.conv = nn.Sequential(*filtered, act(), scale, *projected)
        else:
            expanded = (nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), act())
            self.conv = nn.Sequential(*expanded, *filtered, scale, act(), *projected)

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.conv(x)
        return x + projected if self.is_residual else projected


class _SqueezeExcite(nn.Module):
    """Weight every channel by a function of all channels' means."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            PooledLinear(channels, hidden),
            nn.ReLU(),
            PooledLinear(hidden, channels),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.fc(x.mean((2, 3)))  # (B, C)
        return x * weights[:, :, None, None]
