"""Where the targets of a batch are, about the centre of the search crop as anchors are."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.geometry.boxes import xywh_to_cxcywh

__all__ = ["Places", "places_of"]


class Places(NamedTuple):
    """All that labels are made from.

    Attributes:
        boxes_cxcywh: (B, 4) float, centre about the centre of the search crop, and size, in pixels.
        positive: (B,) bool, whether both crops of the pair show the same target.
        seeds: (B,) int64, what the draws of a pair start from.
    """

    boxes_cxcywh: Tensor
    positive: Tensor
    seeds: Tensor


def places_of(batch: PairBatch) -> Places:
    """The places of a batch.

    Convention:
        The centre of a crop of S pixels is S / 2 in continuous pixels, which is PySOT's pixel index
        (S - 1) / 2: 127 of 255.

    Example:
        >>> import torch
        >>> crops, boxes = torch.zeros(1, 3, 255, 255), torch.tensor([[95.75, 97.75, 63.5, 63.5]])
        >>> true, seeds = torch.ones(1, dtype=torch.bool), torch.zeros(1, dtype=torch.int64)
        >>> places_of(PairBatch(crops, crops, boxes, boxes, true, seeds)).boxes_cxcywh
        tensor([[ 0.0000,  2.0000, 63.5000, 63.5000]])
    """
    boxes = xywh_to_cxcywh(batch.boxes_xywh)
    boxes[:, :2] -= batch.search.shape[-1] / 2
    return Places(boxes, batch.positive, batch.seeds)
