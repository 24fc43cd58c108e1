"""Objective `rpn`: classes and deltas of anchors, for SiamRPN, DaSiamRPN and SiamRPN++."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.anchors import anchor_sizes
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.losses import (
    Balance,
    balanced_logistic_loss,
    foreground_logits,
    weighted_l1_loss,
)
from siamcorr.training.objectives.base import BaseObjective, Losses, weighted_total
from siamcorr.training.objectives.outputs import as_boxes
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.targets.anchors import AnchorLabels, AnchorTargets, anchor_targets
from siamcorr.training.targets.places import places_of

__all__ = ["AnchorObjective", "AnchorObjectiveSettings", "RPNObjective", "RPNObjectiveSettings"]


class AnchorObjectiveSettings(Settings):
    """What objectives with anchors share; the weights are PySOT's.

    Attributes:
        labels: which anchors are labelled.
        cls_weight: of the classes' loss in the total.
        loc_weight: of the deltas' loss in the total.
        loc_beta: below which differences of deltas are squared (smooth L1); 0 for never, as PySOT.
        balance: over what the halves of the classes' loss are averaged; `pair` makes averaged
            gradients of several processes those of the joined batch.
        drop_single: count a half with exactly one label in the batch as 0, as PySOT happens to.
    """

    labels: AnchorLabels = AnchorLabels()
    cls_weight: float = Field(1.0, ge=0)
    loc_weight: float = Field(1.2, ge=0)
    loc_beta: float = Field(0.0, ge=0)
    balance: Balance = "batch"
    drop_single: bool = False

    @model_validator(mode="after")
    def _single_of_the_batch(self) -> Self:
        if self.drop_single and self.balance == "pair":
            raise ValueError("drop_single counts labels of the batch; use balance: batch")
        return self


class RPNObjectiveSettings(AnchorObjectiveSettings):
    """Settings of `kind: rpn`."""

    kind: Literal["rpn"] = "rpn"


class AnchorObjective(BaseObjective):
    """What objectives with anchors share.

    Args:
        settings: weights and labels.
        sizes_wh: (K, 2) anchors of a cell.
        shape: what the pairs are cut to.
        stride: pixels of the search crop a cell.
    """

    settings: AnchorObjectiveSettings

    def __init__(
        self, settings: AnchorObjectiveSettings, sizes_wh: Tensor, shape: PairShape, stride: int
    ) -> None:
        self.settings = settings
        self.sizes_wh = sizes_wh
        self.shape = shape
        self.stride = stride

    @classmethod
    def from_settings(
        cls,
        settings: Any,
        *,
        shape: PairShape,
        stride: int,
        anchor_ratios: Sequence[float] | None = None,
        anchor_scales: Sequence[float] | None = None,
    ) -> Self:
        """See `BaseObjective.from_settings`."""
        if anchor_ratios is None or anchor_scales is None:
            raise InvalidArgument(
                f"{settings.kind}: this objective needs anchor_ratios and anchor_scales, got "
                f"{anchor_ratios} and {anchor_scales}; for heads without anchors use 'point'"
            )
        return cls(settings, anchor_sizes(stride, anchor_ratios, anchor_scales), shape, stride)

    def targets(self, output: BoxOutput, batch: PairBatch) -> AnchorTargets:
        """Of the anchors on the output's map."""
        size = output.cls.shape[-1]
        labels = self.settings.labels
        return anchor_targets(places_of(batch), self.sizes_wh, size, self.stride, labels)

    def box_parts(self, output: BoxOutput, targets: AnchorTargets) -> dict[str, Tensor]:
        """`cls` and `loc`, not weighted."""
        settings = self.settings
        cls = balanced_logistic_loss(
            foreground_logits(output.cls),
            targets.labels,
            balance=settings.balance,
            drop_single=settings.drop_single,
        )
        deltas = output.loc.reshape(targets.deltas.shape)  # (B, 4, K, S, S)
        beta = settings.loc_beta
        loc = weighted_l1_loss(deltas, targets.deltas, targets.weights, beta=beta)
        return {"cls": cls, "loc": loc}


@OBJECTIVES.register("rpn")
class RPNObjective(AnchorObjective):
    """Balanced logistic loss of the labelled anchors, L1 of the positive ones' deltas.

    total = cls_weight * cls + loc_weight * loc

    Parts: `cls` and `loc`.

    Convention:
        `loc` is a mean over pairs, `cls` two means over labels of the batch; averaging gradients
        over processes gives nearly those of the joined batch, and exactly those with
        `balance: pair`. PySOT sums the gradients of its processes: its learning rates are for
        that.

    Source:
        Li et al. 2018 (SiamRPN) and 2019 (SiamRPN++), as in PySOT.
    """

    settings_type: ClassVar[type[Settings]] = RPNObjectiveSettings

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """`BoxOutput` of K anchors to losses."""
        answer = as_boxes("rpn", output, len(batch.search), len(self.sizes_wh))
        settings = self.settings
        weights = {"cls": settings.cls_weight, "loc": settings.loc_weight}
        return weighted_total(self.box_parts(answer, self.targets(answer, batch)), weights)
