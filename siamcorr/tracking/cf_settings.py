"""Settings of the correlation-filter tracker."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from siamcorr.config import Settings
from siamcorr.nn.backbones.grey import CELL
from siamcorr.tracking.lost_settings import LostSettings
from siamcorr.tracking.number_types import Count, NotNegative, Positive, Share

__all__ = ["CFSettings"]


class CFSettings(Settings):
    """Settings of `kind: cf`; the shipped config comments each.

    Attributes:
        features: parts of `FilterFeatures`.
        padding: the window's side is (1 + padding) * sqrt(w h).
        window_size: side of the resampled window in pixels, a multiple of 8.
        sigma: of the wanted response, as a share of sqrt(w h).
        support: where the filter may differ from 0: in the target's box, or in all the window.
        penalty: on the filter's cells inside the support.
        temporal: strength with which the last frame's filter holds.
        first_steps: ADMM steps in the first frame.
        steps: ADMM steps in every other frame.
        num_scales: number of scales, odd, in each look at a frame; every look starts from where
            the one before ended.
        scale_step: ratio of neighbouring scales.
        colour_weight: share of the colour histogram in the response.
        colour_rate: share of a new frame in the histograms.
        peak_rate: share of a new frame in the running mean of the filter's peak.
        update_above: a frame is learned from if peak and APCE exceed this share of what is usual.
        trust_rate: share of a new frame in what is usual.
        warm_up: frames after a target's first in which it is always learned from and never lost,
            as nothing is usual yet.
        lost: when a target counts as lost.
    """

    kind: Literal["cf"]
    features: tuple[str, ...]
    padding: Positive
    window_size: Annotated[int, Field(ge=64, multiple_of=2 * CELL)]
    sigma: Positive
    support: Literal["box", "window"]
    penalty: Positive
    temporal: NotNegative
    first_steps: Count
    steps: Count
    num_scales: Annotated[tuple[Count, ...], Field(min_length=1)]
    scale_step: Annotated[float, Field(gt=1)]
    colour_weight: Share
    colour_rate: Share
    peak_rate: Share
    update_above: NotNegative
    trust_rate: Share
    warm_up: Annotated[int, Field(ge=0)]
    lost: LostSettings

    @field_validator("num_scales")
    @classmethod
    def _odd(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(count % 2 == 0 for count in value):
            raise ValueError(f"must all be odd, got {list(value)}")
        return value
