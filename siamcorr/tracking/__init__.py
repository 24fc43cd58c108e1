"""Trackers: N targets per frame in one pass, state apart from the model."""

from __future__ import annotations

from siamcorr.tracking.base import BaseTracker
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.box_tracker import BoxTracker
from siamcorr.tracking.cf import CFTracker
from siamcorr.tracking.cf_state import CFState
from siamcorr.tracking.factory import load_tracker, tracker_names
from siamcorr.tracking.fixed_filters import FixedFiltersTracker
from siamcorr.tracking.longterm import LongTermTracker
from siamcorr.tracking.loop import track
from siamcorr.tracking.mask import MaskTracker
from siamcorr.tracking.point import PointTracker
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.rpn import RPNTracker
from siamcorr.tracking.siamese_state import SiameseState
from siamcorr.tracking.siamfc import SiamFCTracker
from siamcorr.tracking.state import TrackState

__all__ = [
    "TRACKERS",
    "BaseTracker",
    "BoxState",
    "BoxTracker",
    "CFState",
    "CFTracker",
    "FixedFiltersTracker",
    "LongTermTracker",
    "MaskTracker",
    "PointTracker",
    "RPNTracker",
    "SiamFCTracker",
    "SiameseState",
    "TrackState",
    "load_tracker",
    "track",
    "tracker_names",
]
