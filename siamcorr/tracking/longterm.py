"""SiamRPN++ for long videos: a wide search as soon as the score falls, until it is high again.

Source: Li et al. 2019 (SiamRPN++), long-term setting; numbers as in PySOT.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

import torch
from pydantic import field_validator, model_validator
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.tracking import box_steps as steps
from siamcorr.tracking.base import result_of
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.box_tracker import Look
from siamcorr.tracking.number_types import Count, Share
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.rpn import AnchorSettings, AnchorTracker
from siamcorr.tracking.state import select
from siamcorr.types import FrameArray, ResponseMap, TrackResult

__all__ = ["LongTermSettings", "LongTermTracker", "switch_search"]


class LongTermSettings(AnchorSettings):
    """Settings of `kind: longterm`.

    Attributes:
        wide_search_size: side of the search crop of a lost target, pixels.
        wide_window_influence: share of the Hann window while the target is lost.
        lost_below: a score below it starts the wide search and leaves the box where it is.
        found_above: a score above it ends the wide search.
    """

    kind: Literal["longterm"]
    wide_search_size: Count
    wide_window_influence: Share
    lost_below: Share
    found_above: Share

    @field_validator("lost")
    @classmethod
    def _own_rule(cls, value: object) -> None:
        if value is not None:
            raise ValueError("this kind has its own rule: set lost_below and found_above instead")

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.lost_below > self.found_above:
            raise ValueError(
                f"lost_below {self.lost_below} must not be above found_above {self.found_above}"
            )
        if self.search_size > self.wide_search_size:
            raise ValueError(
                f"search_size {self.search_size} must not be larger than "
                f"wide_search_size {self.wide_search_size}"
            )
        return self


@TRACKERS.register("longterm")
class LongTermTracker(AnchorTracker):
    """SiamRPN++ that searches a wide crop for the targets that it has lost.

    A frame takes one forward pass for the targets in sight and one for the lost ones.

    Convention:
        `lost` says what the next frame will do: True is a wide search. The state is not cut at the
        frame's border, the returned boxes are. `scores` as in `RPNTracker`.
    """

    settings_type: ClassVar[type[Settings]] = LongTermSettings
    no_graphs: ClassVar[str | None] = "it searches crops of two sizes, and a graph takes one"
    settings: LongTermSettings

    def update_targets(
        self, state: BoxState, image: FrameArray, *, responses: bool
    ) -> tuple[BoxState, TrackResult]:
        """Look near or wide, move where the score is high, switch the search by the score."""
        scores = torch.empty(len(state.ids))
        centre, size = state.centre_xy.clone(), state.size_wh.clone()
        maps: dict[int, ResponseMap] = {}
        for rows, look in self.looks(state, image):
            scores[rows] = look.scores
            seen = look.scores >= self.settings.lost_below
            centre[rows[seen]] = look.moved.centre_xy[seen]
            size[rows[seen]] = look.moved.size_wh[seen]
            if responses:
                maps |= zip(rows.tolist(), self.maps(look), strict=True)
        lost = switch_search(
            state.lost, scores, self.settings.lost_below, self.settings.found_above
        )
        moved = replace(state, centre_xy=centre, size_wh=size, lost=lost)
        boxes = steps.boxes_xywh(steps.clip_to_frame(moved, image.shape))
        in_order = [maps[row] for row in range(len(scores))] if responses else None
        return moved, replace(result_of(moved, image, boxes, scores, in_order), lost=lost)

    def looks(self, state: BoxState, image: FrameArray) -> list[tuple[Tensor, Look]]:
        """Rows and looks of the targets in sight and of the lost ones, if there are any."""
        s = self.settings
        near, wide = ~state.lost, state.lost
        found = []
        for mask, size, influence in (
            (near, s.search_size, s.window_influence),
            (wide, s.wide_search_size, s.wide_window_influence),
        ):
            if mask.any():
                look = self.look(select(state, mask), image, size, influence)
                found.append((mask.nonzero()[:, 0], look))
        return found


def switch_search(lost: Tensor, scores: Tensor, lost_below: float, found_above: float) -> Tensor:
    """Whether each target is searched widely in the next frame.

    A score below `lost_below` starts the wide search, one above `found_above` ends it; between
    them everything stays.

    Args:
        lost: (N,) bool, in this frame.
        scores: (N,) float32.
        lost_below: threshold in 0 ... 1.
        found_above: threshold in 0 ... 1, not below the other.

    Returns:
        (N,) bool.

    Example:
        >>> was = torch.tensor([False, True, True])
        >>> switch_search(was, torch.tensor([0.7, 0.9, 0.999]), 0.8, 0.998)
        tensor([ True,  True, False])
    """
    return (lost & (scores <= found_above)) | (scores < lost_below)
