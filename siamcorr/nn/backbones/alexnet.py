"""AlexNet as SiamRPN uses it: five convolutions without groups, no padding.

Source: Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018;
names and shapes of the weights as in PySOT.
"""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["AlexNet"]


@BACKBONES.register("alexnet")
class AlexNet(nn.Module):
    """The backbone of SiamRPN with AlexNet, stride 8.

    | layer | convolution | then | 127 | 255 | 287 |
    |---|---|---|---|---|---|
    | layer1 | 3 -> 96, 11x11, stride 2 | BN, max-pool 3x3 stride 2, ReLU | 29 | 61 | 69 |
    | layer2 | 96 -> 256, 5x5 | BN, max-pool 3x3 stride 2, ReLU | 12 | 28 | 32 |
    | layer3 | 256 -> 384, 3x3 | BN, ReLU | 10 | 26 | 30 |
    | layer4 | 384 -> 384, 3x3 | BN, ReLU | 8 | 24 | 28 |
    | layer5 | 384 -> 256, 3x3 | BN | 6 | 22 | 26 |

    PySOT's `alexnetlegacy` is this network under other names of the weights.

    Example:
        >>> import torch
        >>> AlexNet().eval()(torch.zeros(1, 3, 127, 127)).shape
        torch.Size([1, 256, 6, 6])
    """

    stride = 8
    out_channels = 256

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(*_unit(3, 96, 11, stride=2), nn.MaxPool2d(3, 2), nn.ReLU())
        self.layer2 = nn.Sequential(*_unit(96, 256, 5), nn.MaxPool2d(3, 2), nn.ReLU())
        self.layer3 = nn.Sequential(*_unit(256, 384, 3), nn.ReLU())
        self.layer4 = nn.Sequential(*_unit(384, 384, 3), nn.ReLU())
        self.layer5 = nn.Sequential(*_unit(384, 256, 3))

    def forward(self, image: Tensor) -> Tensor:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) BGR in 0 ... 255.

        Returns:
            (B, 256, Hf, Wf); 127 -> 6, 255 -> 22, 287 -> 26.
        """
        x = self.layer3(self.layer2(self.layer1(image)))
        features: Tensor = self.layer5(self.layer4(x))
        return features


def _unit(
    inputs: int, outputs: int, kernel_size: int, stride: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Convolution with bias, batch norm."""
    return nn.Conv2d(inputs, outputs, kernel_size, stride), nn.BatchNorm2d(outputs)
