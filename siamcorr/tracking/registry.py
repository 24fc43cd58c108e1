"""The table of tracker classes by the `kind` of their configs."""

from __future__ import annotations

from typing import Any

from siamcorr.registry import Registry
from siamcorr.tracking.base import BaseTracker

__all__ = ["TRACKERS"]

TRACKERS: Registry[type[BaseTracker[Any]]] = Registry("kind of tracker")
"""`kind:` of a config in `configs/trackers` to the class that it configures."""
