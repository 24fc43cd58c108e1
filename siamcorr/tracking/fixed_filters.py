"""A tracker without training: normalised correlation of fixed features over a scale pyramid."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.crops import context_side
from siamcorr.models.factory import build_model
from siamcorr.models.weights import WeightsPath
from siamcorr.tracking.number_types import Share
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.siamese_state import SiameseState
from siamcorr.tracking.siamfc import ScalePyramidSettings, SiamFCTracker
from siamcorr.types import FrameArray, TrackResult

__all__ = ["FixedFiltersSettings", "FixedFiltersTracker"]


class FixedFiltersSettings(ScalePyramidSettings):
    """Settings of `kind: fixed_filters`.

    Attributes:
        template_lr: share of the new frame's features in the template, each frame.
    """

    kind: Literal["fixed_filters"]
    template_lr: Share


@TRACKERS.register("fixed_filters")
class FixedFiltersTracker(SiamFCTracker):
    """SiamFC's steps on features that need no weights, with a template that follows slowly.

    Convention:
        `scores` are normalised correlations in -1 ... 1: the largest of the chosen scale, before
        penalty and window. With `lost` in the settings, as `SiamFCTracker`; the template of a
        target with a low confidence stays as it is.
    """

    settings_type: ClassVar[type[Settings]] = FixedFiltersSettings
    settings: FixedFiltersSettings

    @classmethod
    def from_settings(
        cls, settings: ScalePyramidSettings, *, weights: WeightsPath | None, device: torch.device
    ) -> Self:
        """Build the features on the device."""
        if weights is not None:
            raise InvalidArgument(
                f"fixed_filters: this tracker has no weights to load, got weights={weights!s}; "
                "leave weights out, or name the tracker that the file belongs to"
            )
        return cls(build_model(settings.model).eval().to(device), settings)

    def update_targets(
        self, state: SiameseState, image: FrameArray, *, responses: bool
    ) -> tuple[SiameseState, TrackResult]:
        """SiamFC's step, then blend the template with what is at the new place.

        template = (1 - template_lr) * template + template_lr * features of the new crop
        """
        moved, result = super().update_targets(state, image, responses=responses)
        side = context_side(moved.size_hw, self.settings.context_amount)
        fresh = self.embed_template(image, moved.centre_yx, side, moved.border_colour)
        template = torch.lerp(moved.template, fresh, self.settings.template_lr)
        sure = moved.watch.sure.to(template.device)[:, None, None, None]
        return replace(moved, template=torch.where(sure, template, moved.template)), result

    def evidence(self, response: Tensor) -> Tensor:
        """The correlation itself, where it is positive."""
        return response.clamp_min(0)
