"""Objective `siamfc`: the balanced logistic loss of one response map, for SiamFC and CFNet."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.nn.losses import Balance, balanced_logistic_loss
from siamcorr.training.objectives.base import AnchorFreeObjective, Losses, weighted_total
from siamcorr.training.objectives.outputs import as_response
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.targets.places import places_of
from siamcorr.training.targets.responses import Distance, response_labels

__all__ = ["SiamFCObjective", "SiamFCObjectiveSettings"]


class SiamFCObjectiveSettings(Settings):
    """Settings of `kind: siamfc`; the defaults are those of siamfc-pytorch but for `labels_at`.

    Attributes:
        radius: cells no further from the target's centre are positive, pixels of the search crop.
        distance: how far a cell is: `manhattan`, or `euclidean` as in the MatConvNet original.
        labels_at: `target` moves the labels with the target; `centre` leaves them in the middle,
            as published, where crops are shifted by a few pixels at most.
        balance: over what the halves of the loss are averaged; `pair` makes averaged gradients of
            several processes those of the joined batch.
    """

    kind: Literal["siamfc"] = "siamfc"
    radius: float = Field(16.0, gt=0)
    distance: Distance = "manhattan"
    labels_at: Literal["target", "centre"] = "target"
    balance: Balance = "batch"


@OBJECTIVES.register("siamfc")
class SiamFCObjective(AnchorFreeObjective):
    """Logistic loss of cells near the target's centre against all others, half and half.

    The labels of negative pairs are all negative. Part: `cls`.

    Convention:
        A mean over cells of the batch. Where all pairs have as many positives, as with labels in
        the middle and no negative pairs, averaging gradients over processes gives those of the
        joined batch; otherwise with `balance: pair`.

    Source:
        Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016; so is
        CFNet trained (Valmadre et al., 2017).
    """

    settings_type: ClassVar[type[Settings]] = SiamFCObjectiveSettings
    settings: SiamFCObjectiveSettings

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """(B, 1, S, S) logits to losses."""
        settings = self.settings
        logits = as_response("siamfc", output, len(batch.search))
        centres = places_of(batch).boxes_cxcywh[:, :2]
        if settings.labels_at == "centre":
            centres = torch.zeros_like(centres)
        size = logits.shape[-1]
        near = response_labels(centres, size, self.stride, settings.radius, settings.distance)
        labels = near * batch.positive[:, None, None, None]
        loss = balanced_logistic_loss(logits, labels, balance=settings.balance)
        return weighted_total({"cls": loss}, {"cls": 1.0})
