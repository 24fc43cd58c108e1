"""The table of backbones by name."""

from __future__ import annotations

from torch import nn

from siamcorr.registry import Registry

__all__ = ["BACKBONES"]

BACKBONES: Registry[type[nn.Module]] = Registry("backbone")
"""A backbone maps crops (B, 3, H, W) to features (B, C, Hf, Wf) and names its `stride` in pixels
and its `out_channels` C."""
