"""SiamRPN and SiamRPN++: the best of the anchors, moved and resized by the head.

Source: Li et al. 2018 (SiamRPN) and 2019 (SiamRPN++); numbers and rounding as in PySOT.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.geometry.anchors import anchor_grid, anchor_sizes, decode_anchors
from siamcorr.models.network import Network
from siamcorr.tracking.box_tracker import BoxTracker, BoxTrackerSettings
from siamcorr.tracking.number_types import Positive
from siamcorr.tracking.registry import TRACKERS

__all__ = ["AnchorSettings", "AnchorTracker", "RPNSettings", "RPNTracker"]


class AnchorSettings(BoxTrackerSettings):
    """Settings of trackers with anchors.

    Attributes:
        anchor_ratios: height over width of the anchors.
        anchor_scales: sizes of the anchors in multiples of the stride.
    """

    anchor_ratios: Annotated[tuple[Positive, ...], Field(min_length=1)]
    anchor_scales: Annotated[tuple[Positive, ...], Field(min_length=1)]


class AnchorTracker(BoxTracker):
    """Trackers whose head predicts offsets of anchors."""

    settings: AnchorSettings

    def __init__(self, model: Network, settings: AnchorSettings) -> None:
        super().__init__(model, settings)
        ratios, scales = settings.anchor_ratios, settings.anchor_scales
        self.anchor_sizes = anchor_sizes(model.stride, ratios, scales)  # (K, 2)

    def decode(self, loc: Tensor) -> Tensor:
        """Offsets (N, 4K, S, S) to boxes (N, M, 4)."""
        anchors = anchor_grid(self.anchor_sizes, loc.shape[-1], self.model.stride)
        return decode_anchors(loc.float().cpu().reshape(len(loc), 4, -1), anchors)


class RPNSettings(AnchorSettings):
    """Settings of `kind: rpn`."""

    kind: Literal["rpn"]


@TRACKERS.register("rpn")
class RPNTracker(AnchorTracker):
    """SiamRPN and SiamRPN++ for N targets in one forward pass a frame.

    Convention:
        As `BoxTracker`.
    """

    settings_type: ClassVar[type[Settings]] = RPNSettings
