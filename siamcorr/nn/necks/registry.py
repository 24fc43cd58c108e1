"""The table of necks by name."""

from __future__ import annotations

from torch import nn

from siamcorr.registry import Registry

__all__ = ["NECKS"]

NECKS: Registry[type[nn.Module]] = Registry("neck")
"""A neck is called as `neck(features, template=...)` with what the backbone gives, one map or one
a level; `template` says which of the two crops they belong to."""
