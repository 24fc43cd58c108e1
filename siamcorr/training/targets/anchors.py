"""Labels, deltas and weights of anchors, by the rules of PySOT and of foolwood/SiamMask."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.geometry.anchors import anchor_grid
from siamcorr.geometry.boxes import cxcywh_to_xywh
from siamcorr.geometry.overlap import box_overlap
from siamcorr.training.targets.places import Places
from siamcorr.training.targets.sampling import draw

__all__ = ["AnchorLabels", "AnchorTargets", "anchor_targets"]

_REACH = 3
"""Cells on each side of the middle of the block that negative pairs are labelled in."""


class AnchorLabels(Settings):
    """Which anchors are labelled.

    Attributes:
        convention: `pysot` always draws up to max_labels - max_positive negatives, and labels
            negative pairs round the other object; `foolwood` fills up with negatives to max_labels,
            and labels negative pairs in the middle of the map.
        positive_overlap: an anchor that overlaps the target by more is positive.
        negative_overlap: one that overlaps it by less is negative.
        max_positive: positives drawn of a pair.
        max_labels: labels of a pair.
        max_in_negative_pair: negatives drawn of a negative pair.
    """

    convention: Literal["pysot", "foolwood"] = "pysot"
    positive_overlap: float = Field(0.6, ge=0, le=1)
    negative_overlap: float = Field(0.3, ge=0, le=1)
    max_positive: int = Field(16, ge=1)
    max_labels: int = Field(64, ge=1)
    max_in_negative_pair: int = Field(16, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.negative_overlap > self.positive_overlap:
            raise ValueError(
                f"negative_overlap {self.negative_overlap} must not be above positive_overlap "
                f"{self.positive_overlap}"
            )
        if self.max_positive > self.max_labels:
            raise ValueError(
                f"max_positive {self.max_positive} must not be above max_labels {self.max_labels}"
            )
        return self


class AnchorTargets(NamedTuple):
    """What an anchor head should answer.

    Attributes:
        labels: (B, K, S, S) int8; 1 positive, 0 negative, -1 ignored.
        deltas: (B, 4, K, S, S) dx, dy, dw, dh at the positives, 0 elsewhere.
        weights: (B, K, S, S), 1 / (P + 1e-6) at the P positives of a pair, 0 elsewhere.
    """

    labels: Tensor
    deltas: Tensor
    weights: Tensor


def anchor_targets(
    places: Places, sizes_wh: Tensor, size: int, stride: int, labels: AnchorLabels
) -> AnchorTargets:
    """Labels of the anchors and what the positive ones should predict.

    dx = (cx - x_a) / w_a,  dy = (cy - y_a) / h_a,  dw = ln(w / w_a),  dh = ln(h / h_a)

    Args:
        places: of B targets; sizes > 0.
        sizes_wh: (K, 2) of `siamcorr.geometry.anchors.anchor_sizes`.
        size: rows and columns S of the response.
        stride: pixels of the search crop a cell.
        labels: which anchors are labelled.

    Returns:
        On the device of the places.

    Convention:
        Anchors stand as in `anchor_grid`. A negative pair has no positives; up to
        `max_in_negative_pair` anchors of a block of 7 x 7 cells, cut at the border of the map, are
        negative and all others ignored. For `pysot` the block's middle is the cell
        S // 2 + ceil(d / stride + 1/2) of an object that stands d from the middle of the crop, one
        cell beyond it for d = 0; an object at the border may have no block at all.

    Source:
        PySOT and foolwood/SiamMask; of either, what is drawn from a global generator there is drawn
        from the pair's seed here.

    Example:
        >>> from siamcorr.geometry.anchors import anchor_sizes
        >>> boxes, true = torch.tensor([[0.0, 0, 63.5, 63.5]]), torch.tensor([True])
        >>> sizes = anchor_sizes(8, [0.33, 0.5, 1, 2, 3], [8])
        >>> places = Places(boxes, true, torch.tensor([1]))
        >>> found = anchor_targets(places, sizes, 25, 8, AnchorLabels())
        >>> [int((found.labels == label).sum()) for label in (1, 0)]
        [9, 48]
    """
    boxes = places.boxes_cxcywh
    anchors = anchor_grid(sizes_wh.cpu(), size, stride).to(boxes, non_blocking=True)  # (M, 4)
    overlap = box_overlap(cxcywh_to_xywh(boxes)[:, None], cxcywh_to_xywh(anchors))  # (B, M)
    chosen = _labelled(overlap, places, (len(sizes_wh), size, stride), labels)
    positive = chosen == 1
    weights = positive / (positive.sum(1, keepdim=True) + 1e-6)
    offsets = (boxes[:, None, :2] - anchors[:, :2]) / anchors[:, 2:]
    deltas = torch.cat((offsets, (boxes[:, None, 2:] / anchors[:, 2:]).log()), -1)  # (B, M, 4)
    deltas = torch.where(positive[..., None], deltas, 0).mT
    grid = (len(sizes_wh), size, size)
    return AnchorTargets(
        chosen.view(-1, *grid), deltas.reshape(-1, 4, *grid), weights.view(-1, *grid).to(boxes)
    )


def _labelled(
    overlap: Tensor, places: Places, grid: tuple[int, int, int], labels: AnchorLabels
) -> Tensor:
    """(B, M) int8 labels; `grid` is K, S, stride."""
    true = places.positive[:, None]
    near = (overlap > labels.positive_overlap) & true
    positive = draw(near, labels.max_positive, places.seeds, stream=0)
    far = torch.where(true, overlap < labels.negative_overlap, _block(places, grid, labels))
    if labels.convention == "pysot":
        rest = torch.full_like(places.seeds, labels.max_labels - labels.max_positive)
    else:
        rest = labels.max_labels - positive.sum(1)
    limits = torch.where(places.positive, rest, labels.max_in_negative_pair)
    negative = draw(far, limits, places.seeds, stream=1)
    ignored = torch.full_like(overlap, -1, dtype=torch.int8)
    return ignored.masked_fill(negative, 0).masked_fill(positive, 1)


def _block(places: Places, grid: tuple[int, int, int], labels: AnchorLabels) -> Tensor:
    """(B, M) bool: the anchors that may be labelled if the pair is negative."""
    count, size, stride = grid
    middles = torch.zeros_like(places.boxes_cxcywh[:, :2])
    if labels.convention == "pysot":
        middles = (places.boxes_cxcywh[:, :2] / stride + 0.5).ceil()
    cells = torch.arange(size, device=middles.device) - size // 2
    columns, rows = ((cells - middles[:, i, None]).abs() <= _REACH for i in (0, 1))  # (B, S)
    block = rows[:, :, None] & columns[:, None]  # (B, S, S)
    return block.flatten(1).repeat(1, count)
