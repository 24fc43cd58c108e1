"""Backbones: crops to features, chosen by name from `BACKBONES`."""

from __future__ import annotations

from siamcorr.nn.backbones.alexnet_v1 import AlexNetV1
from siamcorr.nn.backbones.fixed_filters import FixedFilters
from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["BACKBONES", "AlexNetV1", "FixedFilters"]
