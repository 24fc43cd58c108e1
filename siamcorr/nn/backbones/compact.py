"""A small plain network of siamcorr's own making, which learns in minutes on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from siamcorr.errors import InvalidArgument
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.checks import check_levels

__all__ = ["Compact"]

_STRIDED = 3


@BACKBONES.register("compact")
class Compact(nn.Module):
    """3x3 convolutions without padding, each with batch norm; the first three have stride 2.

    | layer | channels | stride | 64 | 128 | 127 | 255 |
    |---|---|---|---|---|---|---|
    | conv1 | 24 | 2 | 31 | 63 | 63 | 127 |
    | conv2 | 48 | 4 | 15 | 31 | 31 | 63 |
    | conv3 | 64 | 8 | 7 | 15 | 15 | 31 |
    | conv4 | 64 | 8 | 5 | 13 | 13 | 29 |

    Args:
        channels: of the layers, three or more; all but the last end in a ReLU.

    Raises:
        InvalidArgument: fewer than three layers, or a number of channels below 1.

    Example:
        >>> import torch
        >>> Compact().eval()(torch.zeros(1, 3, 128, 128)).shape
        torch.Size([1, 64, 13, 13])
    """

    stride = 2**_STRIDED

    def __init__(self, channels: Sequence[int] = (24, 48, 64, 64)) -> None:
        super().__init__()
        check_levels("Compact", "channels", channels)
        if len(channels) < _STRIDED:
            raise InvalidArgument(
                f"Compact: channels must have {_STRIDED} or more numbers, got {tuple(channels)}"
            )
        self.out_channels = channels[-1]
        inputs = 3
        for i, outputs in enumerate(channels):
            layers: list[nn.Module] = [
                nn.Conv2d(inputs, outputs, 3, 2 if i < _STRIDED else 1, bias=False),
                nn.BatchNorm2d(outputs),
            ]
            if i < len(channels) - 1:
                layers.append(nn.ReLU(inplace=True))
            self.add_module(f"conv{i + 1}", nn.Sequential(*layers))
            inputs = outputs

    def forward(self, image: Tensor) -> Tensor:
        """Features of prepared crops, (B, 3, H, W) to (B, C, Hf, Wf)."""
        for layer in self.children():
            image = layer(image)
        return image
