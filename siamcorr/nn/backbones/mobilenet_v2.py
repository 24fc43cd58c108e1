"""MobileNetV2 as SiamRPN++ uses it: stride 8, dilated beyond, less padding at the strides.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018; strides,
padding and the names of the weights as in PySOT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from siamcorr.errors import InvalidArgument
from siamcorr.nn.backbones.outputs import check_outputs, pack_maps
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.features import Features

__all__ = ["DilatedMobileNetV2"]

_STEM = 32


class _Stage(NamedTuple):
    """Inverted residuals of one width; the first has a stride, padding and dilation of its own."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    padding: int
    first_dilation: int
    dilation: int


_STAGES = {
    "layer1": _Stage(1, 16, 1, 1, 1, 1, 1),
    "layer2": _Stage(6, 24, 2, 2, 0, 1, 1),
    "layer3": _Stage(6, 32, 3, 2, 0, 1, 1),
    "layer4": _Stage(6, 64, 4, 1, 1, 1, 2),
    "layer5": _Stage(6, 96, 3, 1, 2, 2, 2),
    "layer6": _Stage(6, 160, 3, 1, 2, 2, 4),
    "layer7": _Stage(6, 320, 1, 1, 4, 4, 4),
}


@BACKBONES.register("mobilenet_v2")
class DilatedMobileNetV2(nn.Module):
    """MobileNetV2 whose layers from layer3 on all have stride 8; 127 -> 15, 255 -> 31.

    Args:
        width: factor on all numbers of channels, fractions cut off; 1.4 gives 44, 134 and 448
            channels at layer3, layer5 and layer7.
        outputs: names of the maps to hand on, shallow to deep, of layer3 ... layer7; layers beyond
            the last are not built.

    Raises:
        InvalidArgument: a width below 0.1, unknown names or another order.

    Example:
        >>> import torch
        >>> backbone = DilatedMobileNetV2(outputs=["layer3", "layer5"]).eval()
        >>> [tuple(level.shape) for level in backbone(torch.zeros(1, 3, 127, 127))]
        [(1, 44, 15, 15), (1, 134, 15, 15)]
    """

    stride = 8

    def __init__(
        self, width: float = 1.4, outputs: Sequence[str] = ("layer3", "layer5", "layer7")
    ) -> None:
        super().__init__()
        if width < 0.1:
            raise InvalidArgument(f"DilatedMobileNetV2: width must be at least 0.1, got {width}")
        self.outputs = check_outputs("DilatedMobileNetV2", outputs, tuple(_STAGES)[2:])
        inputs = int(_STEM * width)
        self.layer0 = nn.Sequential(
            nn.Conv2d(3, inputs, 3, 2, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(inplace=True)
        )
        self.stages = tuple(_STAGES)[: tuple(_STAGES).index(self.outputs[-1]) + 1]
        channels = {}
        for name in self.stages:
            channels[name] = int(_STAGES[name].channels * width)
            self.add_module(name, _stage_of(inputs, channels[name], _STAGES[name]))
            inputs = channels[name]
        self.out_channels = tuple(channels[name] for name in self.outputs)

    def forward(self, image: Tensor) -> Features:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) BGR in 0 ... 255.

        Returns:
            The maps named by `outputs`: one as (B, C, Hf, Wf), several as a tuple.
        """
        x = self.layer0(image)
        maps = {}
        for name in self.stages:
            x = self.get_submodule(name)(x)
            maps[name] = x
        return pack_maps([maps[name] for name in self.outputs])


def _stage_of(inputs: int, outputs: int, stage: _Stage) -> nn.Sequential:
    spatial = (3, stage.stride, stage.padding, stage.first_dilation)
    first = _InvertedResidual(inputs, outputs, stage.expansion, spatial)
    spatial = (3, 1, stage.dilation, stage.dilation)
    count = stage.blocks - 1
    others = (_InvertedResidual(outputs, outputs, stage.expansion, spatial) for _ in range(count))
    return nn.Sequential(first, *others)


class _InvertedResidual(nn.Module):
    """Expand, filter each channel, project; plus the input where it fits.

    Args:
        inputs: channels in.
        outputs: channels out.
        expansion: ratio of the channels between to those in.
        spatial: kernel size, stride, padding and dilation of the filter.
    """

    def __init__(
        self, inputs: int, outputs: int, expansion: int, spatial: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        self.is_residual = spatial[1] == 1 and inputs == outputs
        width = inputs * expansion
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(inplace=True),
            nn.Conv2d(width, width, *spatial, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(inplace=True),
            nn.Conv2d(width, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.conv(x)
        return x + projected if self.is_residual else projected
