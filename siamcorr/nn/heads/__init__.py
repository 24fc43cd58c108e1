"""Heads: search and template features to responses, chosen by name from `HEADS`."""

from __future__ import annotations

from siamcorr.nn.heads.ncc import NCCHead
from siamcorr.nn.heads.registry import HEADS
from siamcorr.nn.heads.siamfc import SiamFCHead

__all__ = ["HEADS", "NCCHead", "SiamFCHead"]
