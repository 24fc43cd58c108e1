"""Objective `point`: classes, boxes and centreness of points: SiamBAN, SiamCAR, NanoTrack."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.losses import (
    Balance,
    BoxLoss,
    balanced_logistic_loss,
    box_losses,
    focal_loss,
    foreground_logits,
    quality_focal_loss,
    weighted_mean,
)
from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.training.objectives.base import AnchorFreeObjective, Losses, weighted_total
from siamcorr.training.objectives.outputs import as_boxes
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.targets.places import places_of
from siamcorr.training.targets.points import PointLabels, PointTargets, point_targets

__all__ = ["PointObjective", "PointObjectiveSettings"]


class PointObjectiveSettings(Settings):
    """Settings of `kind: point`; the defaults are those of NanoTrack and SiamBAN.

    SiamCAR's are `labels: {rule: inside, max_positive: null, max_negative: null}`, `box_loss:
    log_iou`, `loc_weight: 3` and `weigh_by_centreness: true`, with a head that has centreness.

    Attributes:
        labels: which points are labelled.
        cls_loss: `balanced`, half of positives and half of negatives; `focal`; or `quality_focal`,
            which teaches the positives how much their predicted box overlaps the target, so that
            the score ranks boxes.
        box_loss: a name of `siamcorr.nn.losses.box_losses`.
        cls_weight: of the classes' loss in the total.
        loc_weight: of the boxes' loss in the total.
        centreness_weight: of the centreness' loss in the total, where the head has centreness.
        weigh_by_centreness: weigh the positives' boxes by what their centreness should be.
        balance: over what losses are averaged; `pair` makes averaged gradients of several processes
            those of the joined batch.
    """

    kind: Literal["point"] = "point"
    labels: PointLabels = PointLabels()
    cls_loss: Literal["balanced", "focal", "quality_focal"] = "balanced"
    box_loss: BoxLoss = "iou_plus_one"
    cls_weight: float = Field(1.0, ge=0)
    loc_weight: float = Field(1.0, ge=0)
    centreness_weight: float = Field(1.0, ge=0)
    weigh_by_centreness: bool = False
    balance: Balance = "batch"


@OBJECTIVES.register("point")
class PointObjective(AnchorFreeObjective):
    """Loss of the labelled points' classes, overlap loss of the positive ones' boxes, centreness.

    total = cls_weight * cls + loc_weight * loc (+ centreness_weight * centreness)

    Parts: `cls`, `loc`, and `centreness` where the head has it: the logistic loss of the positives
    against their centreness.

    Convention:
        Means over labels of the batch; averaging gradients over processes gives nearly those of the
        joined batch, and exactly those with `balance: pair`.

    Source:
        Chen et al. 2020 (SiamBAN), Guo et al. 2020 (SiamCAR), NanoTrack; Xu et al. 2020 (SiamFC++)
        for the focal loss, Li et al. 2020 (Generalized Focal Loss) for that of quality.
    """

    settings_type: ClassVar[type[Settings]] = PointObjectiveSettings
    settings: PointObjectiveSettings

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """`BoxOutput` of points to losses."""
        settings = self.settings
        answer = as_boxes("point", output, len(batch.search), 1)
        size = answer.cls.shape[-1]
        targets = point_targets(places_of(batch), size, self.stride, settings.labels)
        parts = {
            "cls": self.class_loss(answer, targets),
            "loc": self.box_loss(answer.loc, targets),
        }
        if answer.centreness is not None:
            parts["centreness"] = self.centreness_loss(answer.centreness, targets)
        weights = {name: getattr(settings, f"{name}_weight") for name in parts}
        return weighted_total(parts, weights)

    def class_loss(self, answer: BoxOutput, targets: PointTargets) -> Tensor:
        """Of the two logits of the labelled points."""
        logits, balance = foreground_logits(answer.cls), self.settings.balance
        match self.settings.cls_loss:
            case "balanced":
                return balanced_logistic_loss(logits, targets.labels, balance=balance)
            case "focal":
                return focal_loss(logits, targets.labels, balance=balance)
        overlap = 1 - _losses_at_positives(answer.loc.detach(), targets, "iou")
        return quality_focal_loss(logits, targets.labels, overlap, balance=balance)

    def box_loss(self, loc: Tensor, targets: PointTargets) -> Tensor:
        """Of the distances (B, 4, S, S) at the positives."""
        losses = _losses_at_positives(loc, targets, self.settings.box_loss)
        weights = targets.labels == 1
        if self.settings.weigh_by_centreness:
            weights = weights * targets.centreness
        return weighted_mean(losses, weights, balance=self.settings.balance)

    def centreness_loss(self, logits: Tensor, targets: PointTargets) -> Tensor:
        """Of the logits (B, 1, S, S) at the positives."""
        logits = logits.to(arithmetic_dtype(logits.dtype))
        wanted = targets.centreness.to(logits.dtype)
        losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        return weighted_mean(losses, targets.labels == 1, balance=self.settings.balance)


def _losses_at_positives(loc: Tensor, targets: PointTargets, kind: BoxLoss) -> Tensor:
    """(B, 1, S, S), elsewhere of equal boxes: to choose some cells is to wait for the device."""
    positive = targets.labels == 1
    corners = []
    for distances in (loc, targets.distances):
        sides = torch.where(positive, distances, 1).permute(0, 2, 3, 1)  # (B, S, S, 4)
        corners.append(torch.cat((-sides[..., :2], sides[..., 2:]), -1).flatten(0, 2))
    return box_losses(corners[0], corners[1], kind).view(positive.shape)
