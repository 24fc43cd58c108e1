"""Objective `mask`: anchors and the masks of cells, for the first stage of SiamMask."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.errors import InvalidArgument
from siamcorr.nn.losses import mask_losses, weighted_mean
from siamcorr.training.objectives.base import Losses, weighted_total
from siamcorr.training.objectives.outputs import as_boxes
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.objectives.rpn import AnchorObjective, AnchorObjectiveSettings
from siamcorr.training.targets.anchors import AnchorLabels
from siamcorr.training.targets.masks import mask_windows

__all__ = ["MaskObjective", "MaskObjectiveSettings"]


class MaskObjectiveSettings(AnchorObjectiveSettings):
    """Settings of `kind: mask`; labels and weights are foolwood's.

    Attributes:
        mask_weight: of the masks' loss in the total.
    """

    kind: Literal["mask"] = "mask"
    labels: AnchorLabels = AnchorLabels(convention="foolwood")
    mask_weight: float = Field(36.0, ge=0)


@OBJECTIVES.register("mask")
class MaskObjective(AnchorObjective):
    """The losses of `rpn`, and the logistic loss of the masks at cells with a positive anchor.

    total = cls_weight * cls + loc_weight * loc + mask_weight * mask

    A cell's mask is compared with its window of the search crop's mask. Only pairs with a mask are;
    a batch of which none has one adds 0. The masks are the unrefined ones: the refinement has no
    part in this loss. Parts: `cls`, `loc` and `mask`.

    Convention:
        `mask` is a mean over cells of the batch, with `balance: pair` one over the cells of each
        pair first; for averaged gradients the same holds as for `rpn`.

    Source:
        Wang et al., "Fast Online Object Tracking and Segmentation: A Unifying Approach", 2019, as
        in foolwood/SiamMask.
    """

    settings_type: ClassVar[type[Settings]] = MaskObjectiveSettings
    untaught: ClassVar[tuple[str, ...]] = ("head.refinement",)
    settings: MaskObjectiveSettings

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """`BoxOutput` with `masks` to losses.

        Raises:
            InvalidArgument: the source has no masks, or the head answers none.
        """
        answer = as_boxes("mask", output, len(batch.search), len(self.sizes_wh))
        if answer.masks is None:
            raise InvalidArgument(
                "mask: the head answers no masks; use 'siammask', in training mode"
            )
        targets = self.targets(answer, batch)
        parts = self.box_parts(answer, targets)
        parts["mask"] = self.mask_loss(answer.masks, (targets.labels == 1).any(1), batch)
        settings = self.settings
        weights = {
            "cls": settings.cls_weight,
            "loc": settings.loc_weight,
            "mask": settings.mask_weight,
        }
        return weighted_total(parts, weights)

    def mask_loss(self, masks: Tensor, cells: Tensor, batch: PairBatch) -> Tensor:
        """Of (B, m * m, S, S) logits at the cells (B, S, S) of pairs that have a mask."""
        if batch.masks is None or batch.has_mask is None:
            raise InvalidArgument(
                "mask: no pair of this source has a mask; train on a data set with masks, or use "
                "the objective 'rpn'"
            )
        cells = cells & batch.has_mask[:, None, None]
        chosen = masks.permute(0, 2, 3, 1)[cells]  # (N, m * m): only these are upsampled
        side = math.isqrt(masks.shape[1])
        windows = mask_windows(batch.masks, cells, self.shape.template_size, self.stride)
        losses = mask_losses(chosen.view(-1, side, side), windows)
        placed = torch.zeros_like(cells, dtype=losses.dtype).masked_scatter(cells, losses)
        return weighted_mean(placed, cells, balance=self.settings.balance)
