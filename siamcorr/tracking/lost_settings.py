"""Settings of the lost signal, the same for every method."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siamcorr.config import Settings
from siamcorr.tracking.number_types import Count, NotNegative, Positive, Share

__all__ = ["LostSettings", "WatchSettings"]


class LostSettings(Settings):
    """When a target counts as lost, and how it is searched.

    Attributes:
        signal: what the confidence is made of: the peak of the scores, the sharpness of the
            response, or both; see `siamcorr.tracking.lost.confidence`.
        below: a confidence below it is low.
        after: frames in a row with a low confidence after which the target is lost.
        found_above: a confidence above it ends the search.
        windows: number of windows searched for a lost target in a frame.
        spacing: of their centres, as a share of a window's side.
        growth: by how many spacings the reach grows a frame.
    """

    signal: Literal["score", "response", "both"]
    below: NotNegative
    after: Count
    found_above: NotNegative
    windows: Count
    spacing: Positive
    growth: NotNegative

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.below > self.found_above:
            raise ValueError(f"below {self.below} must not be above found_above {self.found_above}")
        return self


class WatchSettings(LostSettings):
    """The same for methods that keep no running means of their own.

    Attributes:
        usual_rate: share of a new frame in what is usual.
        warm_up: frames after a target's first in which it is never lost, as nothing is usual yet.
    """

    usual_rate: Share
    warm_up: Annotated[int, Field(ge=0)]
