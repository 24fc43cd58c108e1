"""State of the trackers that predict a box: SiamRPN, its relatives, and the point heads."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from siamcorr.nn.features import Features
from siamcorr.tracking.state import TrackState
from siamcorr.tracking.watch import Watch

__all__ = ["BoxState"]


@dataclass(frozen=True)
class BoxState(TrackState):
    """State of the box-predicting trackers.

    Attributes:
        centre_xy: (N, 2) float64, continuous pixels: x + w / 2 of the box.
        size_wh: (N, 2) float64, pixels.
        border_colour: (N, 3) uint8 RGB of the first frame, fills crops where they leave the frame.
        lost: (N,) bool, what the last result said; these are searched widely.
        watch: memory of the lost signal; the long-term tracker has its own and leaves it.
        template: features of the template crops, on the model's device.
    """

    centre_xy: Tensor
    size_wh: Tensor
    border_colour: Tensor
    lost: Tensor
    watch: Watch
    template: Features
