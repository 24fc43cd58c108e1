"""Layers written as plain functions over a state dict, for twins of networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = dict[str, Tensor]


def randomised(network: nn.Module) -> nn.Module:
    """Parameters and statistics drawn anew, so that no layer is an identity; evaluation mode."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            low, high = (0.5, 1.5) if name.endswith(("running_var", ".1.weight")) else (-0.5, 0.5)
            scale = max(1, tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 1
            tensor.copy_(torch.empty_like(tensor).uniform_(low, high) / scale)
    return network.eval()


def conv(x: Tensor, state: State, name: str, **settings: int) -> Tensor:
    """A convolution with or without bias."""
    return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), **settings)


def norm(x: Tensor, state: State, name: str) -> Tensor:
    """Batch norm in evaluation mode, as its formula."""

    def column(part: str) -> Tensor:
        return state[f"{name}.{part}"][:, None, None]

    scaled = (x - column("running_mean")) / (column("running_var") + 1e-5).sqrt()
    return scaled * column("weight") + column("bias")


def depthwise(x: Tensor, z: Tensor, padding: int = 0) -> Tensor:
    """Depth-wise correlation, channel by channel of sample by sample."""
    return torch.stack(
        [
            torch.stack(
                [
                    F.conv2d(x[b, c][None, None], z[b, c][None, None], padding=padding)[0, 0]
                    for c in range(x.shape[1])
                ]
            )
            for b in range(len(x))
        ]
    )


def pixelwise(x: Tensor, z: Tensor) -> Tensor:
    """Pixel-wise correlation: channel 8 v + u is the product with the template's cell (v, u)."""
    cells = [z[:, :, v, u] for v in range(z.shape[2]) for u in range(z.shape[3])]
    return torch.stack([(x * cell[:, :, None, None]).sum(1) for cell in cells], dim=1)
