"""What backbones and necks hand on: one feature map, or one a level."""

from __future__ import annotations

from typing import TypeAlias

from torch import Tensor

from siamcorr.errors import ShapeError

__all__ = ["Features", "as_levels", "as_map"]

Features: TypeAlias = Tensor | tuple[Tensor, ...]
"""(B, C, H, W), or a tuple of such maps from the shallowest to the deepest."""


def as_levels(who: str, name: str, features: Features, count: int) -> tuple[Tensor, ...]:
    """The maps as a tuple of `count`.

    Raises:
        ShapeError: another number of maps.
    """
    levels = (features,) if isinstance(features, Tensor) else features
    if len(levels) != count:
        raise ShapeError(f"{who}: {name} must have {count} feature maps, got {len(levels)}")
    return levels


def as_map(who: str, name: str, features: Features) -> Tensor:
    """The only map.

    Raises:
        ShapeError: several maps.
    """
    return as_levels(who, name, features, 1)[0]
