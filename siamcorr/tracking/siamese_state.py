"""State of the scale-pyramid trackers: SiamFC and the fixed filters."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from siamcorr.tracking.state import TrackState
from siamcorr.tracking.watch import Watch

__all__ = ["SiameseState"]


@dataclass(frozen=True)
class SiameseState(TrackState):
    """State of the scale-pyramid trackers (SiamFC, fixed filters).

    Attributes:
        centre_yx: (N, 2) float32, pixel-index coordinates: 0 is the middle of the first pixel.
        size_hw: (N, 2) float32, pixels.
        search_side: (N,) float64, side of the search square in frame pixels at scale 1.
        border_colour: (N, 3) uint8 RGB, fills crops where they leave the frame.
        template: (N, C, Hz, Wz) features of the template crops, on the model's device.
        watch: memory of the lost signal.
    """

    centre_yx: Tensor
    size_hw: Tensor
    search_side: Tensor
    border_colour: Tensor
    template: Tensor
    watch: Watch
