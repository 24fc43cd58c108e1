"""Predictions of several levels into one.

Source: Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019,
section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument

__all__ = ["Fusion", "LevelFusion"]

Fusion: TypeAlias = Literal["weighted", "mean"]


class LevelFusion(nn.Module):
    """Weighted sum of maps of one shape.

    y = sum_l softmax(weight)_l * x_l, or the mean, which has no parameter

    Args:
        levels: number of maps.
        fusion: `weighted` by a learned number a level, from equal shares on, or `mean`.

    Raises:
        InvalidArgument: another fusion.

    Example:
        >>> LevelFusion(2)([torch.zeros(1, 10, 25, 25), torch.ones(1, 10, 25, 25)]).mean().item()
        0.5
    """

    weight: nn.Parameter | None

    def __init__(self, levels: int, fusion: Fusion = "weighted") -> None:
        super().__init__()
        if fusion not in ("weighted", "mean"):
            raise InvalidArgument(f"LevelFusion: fusion must be weighted or mean, got {fusion!r}")
        self.levels = levels
        weight = nn.Parameter(torch.ones(levels)) if fusion == "weighted" else None
        self.register_parameter("weight", weight)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (B, C, H, W), one a level, to one of them."""
        stacked = torch.stack(tuple(maps))  # (L, B, C, H, W)
        if self.weight is None:
            return stacked.mean(0)
        shares = self.weight.softmax(0).to(stacked.dtype)  # autocast would leave it in float32
        fused: Tensor = torch.tensordot(shares, stacked, dims=1)
        return fused
