"""Necks: backbone features to what the head compares, chosen by name from `NECKS`."""

from __future__ import annotations

from siamcorr.nn.necks.adjust import AdjustNeck
from siamcorr.nn.necks.registry import NECKS

__all__ = ["NECKS", "AdjustNeck"]
