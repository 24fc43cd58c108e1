"""Settings of the trackers whose network compares a template crop with search crops."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from siamcorr.config import Settings
from siamcorr.models.factory import ModelSettings
from siamcorr.tracking.number_types import Count, NotNegative

__all__ = ["CropSettings"]


class CropSettings(Settings):
    """The network and the crops that it is given.

    Attributes:
        model: backbone, neck, head and what they eat.
        template_size: side of the template crop given to the network, pixels.
        search_size: side of the search crops given to the network, pixels.
        context_amount: share of (h + w) added to both sides of the target in the template crop.
    """

    model: ModelSettings
    template_size: Count
    search_size: Count
    context_amount: NotNegative

    @model_validator(mode="after")
    def _template_fits(self) -> Self:
        if self.template_size > self.search_size:
            raise ValueError(
                f"template_size {self.template_size} must not be larger than "
                f"search_size {self.search_size}"
            )
        return self
