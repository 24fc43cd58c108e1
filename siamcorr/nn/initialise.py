"""Fresh weights for networks whose papers train them from another draw than torch's default."""

from __future__ import annotations

import math

from torch import nn

__all__ = ["normal_by_fan_out_", "xavier_uniform_"]


def normal_by_fan_out_(module: nn.Module) -> None:
    """Draw all weights inside a module anew, in place.

    Convolutions get normal(0, sqrt(2 / (k * k * out))) and no bias, linear layers
    normal(0, 0.01), batch norms scale 1 and shift 0.

    Args:
        module: itself and everything in it; `out` counts all channels, groups or not.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            area = layer.kernel_size[0] * layer.kernel_size[1]
            nn.init.normal_(layer.weight, 0, math.sqrt(2 / (area * layer.out_channels)))
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def xavier_uniform_(module: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers anew, in place; biases become 0.

    U(-a, a) with a = sqrt(6 / (fan_in + fan_out))

    Args:
        module: itself and everything in it.

    Source:
        siamfc-pytorch.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
