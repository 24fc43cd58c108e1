"""The table of heads by name."""

from __future__ import annotations

from torch import nn

from siamcorr.registry import Registry

__all__ = ["HEADS"]

HEADS: Registry[type[nn.Module]] = Registry("head")
"""A head maps search features (B, C, Hx, Wx) and template features (B, C, Hz, Wz), in this order,
to what its tracker reads."""
