"""Objective `filter`: the squared difference from a bell, what correlation filters minimise."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.training.objectives.base import AnchorFreeObjective, Losses, weighted_total
from siamcorr.training.objectives.outputs import as_response
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.targets.places import places_of
from siamcorr.training.targets.responses import gaussian_responses

__all__ = ["FilterObjective", "FilterObjectiveSettings"]


class FilterObjectiveSettings(Settings):
    """Settings of `kind: filter`.

    Attributes:
        sigma: width of the bell in shares of the root of the target's area.
    """

    kind: Literal["filter"] = "filter"
    sigma: float = Field(0.1, gt=0)


@OBJECTIVES.register("filter")
class FilterObjective(AnchorFreeObjective):
    """Squared difference of the response from a bell at the target's place.

    loss = 1/B sum_b sum_ij (r_bij - exp(-d_bij^2 / (2 (sigma * sqrt(w_b h_b))^2)))^2

    Negative pairs should answer 0 everywhere. Part: `response`. CFNet's own loss is `siamfc`.

    Convention:
        A sum over cells and a mean over pairs: averaging gradients over processes of equal batches
        gives those of the joined batch.

    Source:
        Wang et al., "DCFNet: Discriminant Correlation Filters Network for Visual Tracking", 2017,
        whose weight decay is the optimiser's; the width of the bell is KCF's.
    """

    settings_type: ClassVar[type[Settings]] = FilterObjectiveSettings
    settings: FilterObjectiveSettings

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """(B, 1, S, S) responses to losses."""
        response = as_response("filter", output, len(batch.search))
        response = response.to(arithmetic_dtype(response.dtype))
        boxes = places_of(batch).boxes_cxcywh
        sigmas = self.settings.sigma * boxes[:, 2:].prod(1).sqrt()
        wanted = gaussian_responses(boxes[:, :2], sigmas, response.shape[-1], self.stride)
        wanted = wanted * batch.positive[:, None, None, None]
        loss = (response - wanted).square().flatten(1).sum(1).mean()
        return weighted_total({"response": loss}, {"response": 1.0})
