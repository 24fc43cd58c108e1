"""Trackers with a point head (NanoTrack, SiamBAN): boxes from distances to their four sides.

Source: NanoTrack's tracker (HonglinChu/SiamTrackers); Chen et al., "Siamese Box Adaptive Network
for Visual Tracking", 2020.
"""

from __future__ import annotations

import functools
from typing import ClassVar, Literal

from torch import Tensor

from siamcorr.config import Settings
from siamcorr.geometry.points import decode_points, point_grid
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.tracking.box_tracker import BoxTracker, BoxTrackerSettings
from siamcorr.tracking.registry import TRACKERS

__all__ = ["PointSettings", "PointTracker"]


class PointSettings(BoxTrackerSettings):
    """Settings of `kind: point`."""

    kind: Literal["point"]


@TRACKERS.register("point")
class PointTracker(BoxTracker):
    """NanoTrack and other point heads for N targets in one forward pass a frame.

    Convention:
        As `BoxTracker`, with one candidate a cell.
    """

    settings_type: ClassVar[type[Settings]] = PointSettings

    def score(self, output: BoxOutput) -> Tensor:
        """Probability of the target at every cell, times the centreness where the head has one."""
        scores = super().score(output)
        if output.centreness is None:
            return scores
        return scores * output.centreness.float().cpu().sigmoid().flatten(1)

    def decode(self, loc: Tensor) -> Tensor:
        """Distances (N, 4, S, S) to boxes (N, M, 4)."""
        points = _points(loc.shape[-1], self.model.stride)
        return decode_points(loc.float().cpu().reshape(len(loc), 4, -1), points)


@functools.lru_cache(maxsize=64)
def _points(cells: int, stride: int) -> Tensor:
    """The grid of points, the same in every frame."""
    return point_grid(cells, stride)
