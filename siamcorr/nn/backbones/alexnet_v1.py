"""AlexNet as SiamFC uses it: five convolutions, two of them strided, no padding.

Source: Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016; names
and shapes of the weights as in siamfc-pytorch.
"""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["AlexNetV1"]


@BACKBONES.register("alexnet_v1")
class AlexNetV1(nn.Module):
    """The backbone of SiamFC: 2,336,320 parameters, stride 8.

    | layer | convolution | then | 127 | 255 |
    |---|---|---|---|---|
    | conv1 | 3 -> 96, 11x11, stride 2 | BN, ReLU, max-pool 3x3 stride 2 | 29 | 61 |
    | conv2 | 96 -> 256, 5x5, 2 groups | BN, ReLU, max-pool 3x3 stride 2 | 12 | 28 |
    | conv3 | 256 -> 384, 3x3 | BN, ReLU | 10 | 26 |
    | conv4 | 384 -> 384, 3x3, 2 groups | BN, ReLU | 8 | 24 |
    | conv5 | 384 -> 256, 3x3, 2 groups | - | 6 | 22 |

    Example:
        >>> import torch
        >>> AlexNetV1().eval()(torch.zeros(1, 3, 127, 127)).shape
        torch.Size([1, 256, 6, 6])
    """

    stride = 8
    out_channels = 256

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*_unit(3, 96, 11, stride=2), nn.MaxPool2d(3, 2))
        self.conv2 = nn.Sequential(*_unit(96, 256, 5, groups=2), nn.MaxPool2d(3, 2))
        self.conv3 = nn.Sequential(*_unit(256, 384, 3))
        self.conv4 = nn.Sequential(*_unit(384, 384, 3, groups=2))
        self.conv5 = nn.Sequential(nn.Conv2d(384, 256, 3, groups=2))

    def forward(self, image: Tensor) -> Tensor:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) RGB in 0 ... 255.

        Returns:
            (B, 256, Hf, Wf); 127 -> 6, 239 -> 20, 255 -> 22.
        """
        features: Tensor = self.conv5(self.conv4(self.conv3(self.conv2(self.conv1(image)))))
        return features


def _unit(
    inputs: int, outputs: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, ...]:
    """Convolution with bias, batch norm, ReLU."""
    return (
        nn.Conv2d(inputs, outputs, kernel_size, stride, groups=groups),
        nn.BatchNorm2d(outputs, eps=1e-6, momentum=0.05),
        nn.ReLU(inplace=True),
    )
