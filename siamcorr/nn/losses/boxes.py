"""Losses of boxes: absolute differences of anchor deltas, and overlaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.ops.precision import arithmetic_dtype

__all__ = ["BoxLoss", "box_losses", "weighted_l1_loss"]

BoxLoss: TypeAlias = Literal["iou", "iou_plus_one", "log_iou", "giou", "diou"]
"""Names of `box_losses`."""


def weighted_l1_loss(
    predicted: Tensor, target: Tensor, weights: Tensor, *, beta: float = 0.0
) -> Tensor:
    """Absolute differences of the anchors' deltas, weighted, a pair.

    loss = 1/B sum_b sum_i w_bi sum_{d in x, y, w, h} |predicted_bdi - target_bdi|

    Args:
        predicted: (B, 4, ...).
        target: of the same shape.
        weights: (B, ...), for PySOT 1 / (P_b + 1e-6) at the P_b positives of a pair, 0 elsewhere.
        beta: where > 0, differences d below it count d^2 / (2 beta), those above |d| - beta / 2
            (smooth L1).

    Returns:
        (), at least float32. A mean over pairs: averaging it over processes of equal batches gives
        that of the joined batch. PySOT sums the gradients of its processes instead.

    Raises:
        ShapeError: shapes do not fit.

    Source:
        PySOT, beta 0; Li et al., "High Performance Visual Tracking with Siamese Region Proposal
        Network", 2018, smooth L1.

    Example:
        >>> weights = torch.tensor([[0.5, 0.5, 0.0]])
        >>> weighted_l1_loss(torch.ones(1, 4, 3), torch.zeros(1, 4, 3), weights)
        tensor(4.)
    """
    fits = predicted.shape == target.shape and predicted.shape[1:2] == (4,)
    if not fits or weights.shape != predicted[:, 0].shape:
        raise ShapeError(
            "weighted_l1_loss: expected predicted and target (B, 4, ...) and weights (B, ...)"
            f"\n  predicted : {tuple(predicted.shape)}\n  target    : {tuple(target.shape)}"
            f"\n  weights   : {tuple(weights.shape)}"
        )
    predicted = predicted.to(arithmetic_dtype(predicted.dtype))
    target = target.to(predicted.dtype)
    differences = F.smooth_l1_loss(predicted, target, reduction="none", beta=beta).sum(1)
    return (differences * weights).sum() / len(predicted)


def box_losses(predicted_xyxy: Tensor, target_xyxy: Tensor, kind: BoxLoss) -> Tensor:
    """How little each predicted box overlaps the box it should be.

    With I and U the areas of intersection and union:

        iou            1 - I / U
        iou_plus_one   1 - (I + 1) / (U + 1)
        log_iou        -ln((I + 1) / (U + 1))
        giou           1 - I / U + (E - U) / E     E the area of the smallest box around both
        diou           1 - I / U + d^2 / e^2       d the distance of centres, e the diagonal of E

    Args:
        predicted_xyxy: (N, 4) left, top, right, bottom in pixels, right > left, bottom > top.
        target_xyxy: (N, 4).
        kind: a name from above. Only `giou` and `diou` have a gradient where boxes are apart; the
            other three are meant for distances from a point in both boxes.

    Returns:
        (N,), at least float32.

    Raises:
        ShapeError: not (N, 4) both.
        InvalidArgument: another kind.

    Source:
        NanoTrack and SiamBAN for `iou_plus_one`; Yu et al., "UnitBox", 2016, as in SiamCAR for
        `log_iou`; `giou` and `diou` are torchvision's.

    Example:
        >>> a, b = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2]])
        >>> box_losses(a, b, "iou"), box_losses(a, b, "giou"), box_losses(a, b, "iou_plus_one")
        (tensor([0.6667]), tensor([0.6667]), tensor([0.5714]))
    """
    if kind not in get_args(BoxLoss):
        raise InvalidArgument(f"box_losses: unknown kind {kind!r}; known: {get_args(BoxLoss)}")
    if predicted_xyxy.shape != target_xyxy.shape or predicted_xyxy.shape[1:] != (4,):
        shapes = f"{tuple(predicted_xyxy.shape)} and {tuple(target_xyxy.shape)}"
        raise ShapeError(f"box_losses: expected two arrays of boxes (N, 4), got {shapes}")
    predicted = predicted_xyxy.to(arithmetic_dtype(predicted_xyxy.dtype))
    target = target_xyxy.to(predicted.dtype)
    if kind in ("giou", "diou"):
        return _from_torchvision(kind)(predicted, target)
    intersection, union = _areas(predicted, target)
    match kind:
        case "iou":
            return 1 - intersection / union
        case "iou_plus_one":
            return 1 - (intersection + 1) / (union + 1)
    return (union + 1).log() - (intersection + 1).log()


def _from_torchvision(kind: BoxLoss) -> Callable[[Tensor, Tensor], Tensor]:
    from torchvision.ops import distance_box_iou_loss, generalized_box_iou_loss

    loss: Callable[[Tensor, Tensor], Tensor]
    loss = generalized_box_iou_loss if kind == "giou" else distance_box_iou_loss
    return loss


def _areas(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection and union (N,) of boxes (N, 4)."""
    sides = torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])
    intersection = sides.clamp(min=0).prod(1)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(1) for box in (a, b))
    return intersection, area_a + area_b - intersection
