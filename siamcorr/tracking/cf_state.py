"""State of the correlation-filter tracker: place, filter, colours and running means per target."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from siamcorr.tracking.state import TrackState

__all__ = ["CFState"]


@dataclass(frozen=True)
class CFState(TrackState):
    """State of N targets that are followed by a correlation filter.

    A window has S cells a side. Running means are NaN until the first frame after the start.

    Attributes:
        centre_xy: (N, 2) float64, continuous pixels; while lost, where the target was last.
        first_wh: (N, 2) float64, size in the first frame; the aspect never changes.
        scale: (N,) float64, present over first size.
        grey: (N,) bool, whether the first frame showed no colour.
        gain: (N,), brings the first frame's features to a mean energy of 1 per cell.
        kernel: (N, C, S, S) filters on the whole window, zero outside the target's support.
        foreground: (N, 4096) float32, colours of the target.
        background: (N, 4096) float32, colours around it.
        mean_peak: (N,) running mean of the filter response's peak, over all frames in sight.
        trusted: (N, 3) running means of peak, APCE and PSR over the frames that were learned from.
        age: (N,) int64, frames since the target's first.
        low_for: (N,) int64, frames in a row with a low confidence.
        lost_for: (N,) int64, frames since the target was lost; 0 while it is in sight.
    """

    centre_xy: Tensor
    first_wh: Tensor
    scale: Tensor
    grey: Tensor
    gain: Tensor
    kernel: Tensor
    foreground: Tensor
    background: Tensor
    mean_peak: Tensor
    trusted: Tensor
    age: Tensor
    low_for: Tensor
    lost_for: Tensor

    @property
    def size_wh(self) -> Tensor:
        """(N, 2) float64, present size in pixels."""
        return self.first_wh * self.scale[:, None]
