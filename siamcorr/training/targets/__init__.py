"""Targets: what each cell of a response should say, for all pairs of a batch at once."""

from __future__ import annotations

from siamcorr.training.targets.anchors import AnchorLabels, AnchorTargets, anchor_targets
from siamcorr.training.targets.masks import mask_windows
from siamcorr.training.targets.places import Places, places_of
from siamcorr.training.targets.points import PointLabels, PointTargets, point_targets
from siamcorr.training.targets.responses import gaussian_responses, response_labels
from siamcorr.training.targets.sampling import draw

__all__ = [
    "AnchorLabels",
    "AnchorTargets",
    "Places",
    "PointLabels",
    "PointTargets",
    "anchor_targets",
    "draw",
    "gaussian_responses",
    "mask_windows",
    "places_of",
    "point_targets",
    "response_labels",
]
