"""ResNet-50 as SiamRPN++ uses it: stride 8, dilated beyond, less padding at the entrance.

Source: Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019;
names and shapes of the weights as in PySOT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from siamcorr.nn.backbones.outputs import check_outputs, pack_maps
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.features import Features
from siamcorr.nn.initialise import normal_by_fan_out_

__all__ = ["DilatedResNet50"]


class _Filter(NamedTuple):
    """A convolution: kernel size, stride, padding, dilation."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class _Stage(NamedTuple):
    """Blocks of one resolution; the first filters and shortcuts in its own way."""

    blocks: int
    width: int
    first: _Filter
    shortcut: _Filter
    other: _Filter


_STAGES = {
    "layer1": _Stage(3, 64, _Filter(3, 1, 1), _Filter(1), _Filter(3, 1, 1)),
    "layer2": _Stage(4, 128, _Filter(3, 2, 0), _Filter(3, 2, 0), _Filter(3, 1, 1)),
    "layer3": _Stage(6, 256, _Filter(3, 1, 1), _Filter(3, 1, 1), _Filter(3, 1, 2, 2)),
    "layer4": _Stage(3, 512, _Filter(3, 1, 2, 2), _Filter(3, 1, 2, 2), _Filter(3, 1, 4, 4)),
}
_EXPANSION = 4


@BACKBONES.register("resnet50")
class DilatedResNet50(nn.Module):
    """ResNet-50 whose layer2, layer3 and layer4 all have stride 8.

    | map | channels | 127 | 255 | 831 |
    |---|---|---|---|---|
    | conv1 (after BN and ReLU, before the pool) | 64 | 61 | 125 | 413 |
    | layer1 | 256 | 31 | 63 | 207 |
    | layer2 | 512 | 15 | 31 | 103 |
    | layer3 | 1024 | 15 | 31 | 103 |
    | layer4 | 2048 | 15 | 31 | 103 |

    Args:
        outputs: names of the maps to hand on, shallow to deep; stages beyond the last are not
            built.

    Raises:
        InvalidArgument: unknown names or another order.

    Example:
        >>> import torch
        >>> backbone = DilatedResNet50(["layer2", "layer3"]).eval()
        >>> [tuple(level.shape) for level in backbone(torch.zeros(1, 3, 127, 127))]
        [(1, 512, 15, 15), (1, 1024, 15, 15)]
    """

    stride = 8

    def __init__(self, outputs: Sequence[str] = ("layer2", "layer3", "layer4")) -> None:
        super().__init__()
        self.outputs = check_outputs("DilatedResNet50", outputs, ("conv1", *_STAGES))
        self.conv1 = nn.Conv2d(3, 64, 7, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = {"conv1": 64}
        inputs = 64
        self.stages: list[str] = []
        for name, stage in _STAGES.items():
            if set(self.outputs) <= set(channels):
                break
            self.add_module(name, _stage_of(inputs, stage))
            self.stages.append(name)
            channels[name] = inputs = stage.width * _EXPANSION
        self.out_channels = tuple(channels[name] for name in self.outputs)
        normal_by_fan_out_(self)

    def forward(self, image: Tensor) -> Features:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) BGR in 0 ... 255.

        Returns:
            The maps named by `outputs`: one as (B, C, Hf, Wf), several as a tuple.
        """
        x = self.relu(self.bn1(self.conv1(image)))
        maps = {"conv1": x}
        x = self.maxpool(x)
        for name in self.stages:
            x = self.get_submodule(name)(x)
            maps[name] = x
        return pack_maps([maps[name] for name in self.outputs])


def _stage_of(inputs: int, stage: _Stage) -> nn.Sequential:
    outputs = stage.width * _EXPANSION
    first = _Bottleneck(inputs, stage.width, stage.first, stage.shortcut)
    others = (_Bottleneck(outputs, stage.width, stage.other) for _ in range(stage.blocks - 1))
    return nn.Sequential(first, *others)


class _Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions and a shortcut, which is a convolution in the first block."""

    def __init__(
        self, inputs: int, width: int, spatial: _Filter, shortcut: _Filter | None = None
    ) -> None:
        super().__init__()
        outputs = width * _EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, *spatial, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if shortcut is not None:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, *shortcut, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
        added: Tensor = self.relu(y + self.downsample(x))
        return added
