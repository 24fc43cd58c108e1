"""The table of objectives by the `kind` of their settings."""

from __future__ import annotations

from siamcorr.registry import Registry
from siamcorr.training.objectives.base import BaseObjective

__all__ = ["OBJECTIVES"]

OBJECTIVES: Registry[type[BaseObjective]] = Registry("objective")
"""`kind:` of a training config's `objective` to the class that it configures."""
