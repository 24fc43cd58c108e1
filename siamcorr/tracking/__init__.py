"""Trackers: N targets per frame in one pass, state apart from the model."""

from __future__ import annotations

from siamcorr.tracking.base import BaseTracker
from siamcorr.tracking.factory import load_tracker, tracker_names
from siamcorr.tracking.fixed_filters import FixedFiltersTracker
from siamcorr.tracking.loop import track
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.siamfc import SiamFCTracker
from siamcorr.tracking.state import SiameseState, TrackState

__all__ = [
    "TRACKERS",
    "BaseTracker",
    "FixedFiltersTracker",
    "SiamFCTracker",
    "SiameseState",
    "TrackState",
    "load_tracker",
    "track",
    "tracker_names",
]
