"""Labels, distances and centreness of points, by the rules of SiamBAN, NanoTrack and SiamCAR."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.geometry.points import point_grid
from siamcorr.training.targets.places import Places
from siamcorr.training.targets.sampling import draw

__all__ = ["PointLabels", "PointTargets", "point_targets"]


class PointLabels(Settings):
    """Which points are labelled.

    Attributes:
        rule: `ellipse` (SiamBAN, NanoTrack): positive inside the ellipse of a quarter of the box's
            width and height, negative outside that of a half, ignored between. `inside` (SiamCAR):
            positive inside the box, negative outside.
        max_positive: positives drawn of a pair; None for all, as in SiamCAR.
        max_negative: negatives drawn of a pair; None for all.
        max_in_negative_pair: of the points of a negative pair that would be positive, how many are
            drawn as negatives, the rest being ignored; None for all.
    """

    rule: Literal["ellipse", "inside"] = "ellipse"
    max_positive: int | None = Field(16, ge=1)
    max_negative: int | None = Field(48, ge=1)
    max_in_negative_pair: int | None = Field(16, ge=0)


class PointTargets(NamedTuple):
    """What a point head should answer.

    Attributes:
        labels: (B, 1, S, S) int8; 1 positive, 0 negative, -1 ignored.
        distances: (B, 4, S, S) left, top, right, bottom to the sides of the box in pixels of the
            search crop, negative for sides that the point lies beyond; 0 in negative pairs.
        centreness: (B, 1, S, S) in 0 ... 1, 1 in the middle of the box and 0 outside.
    """

    labels: Tensor
    distances: Tensor
    centreness: Tensor


def point_targets(places: Places, size: int, stride: int, labels: PointLabels) -> PointTargets:
    """Labels of the points and what the positive ones should predict.

    ellipse:    ((x - cx) / (w / n))^2 + ((y - cy) / (h / n))^2   < 1 positive for n = 4,
                                                                 > 1 negative for n = 2
    centreness: sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b))

    Args:
        places: of B targets; sizes > 0.
        size: rows and columns S of the response.
        stride: pixels of the search crop a cell.
        labels: which points are labelled.

    Returns:
        On the device of the places.

    Convention:
        Points stand as in `point_grid`. A box that lies between the points has no positives.

    Source:
        Chen et al., "Siamese Box Adaptive Network for Visual Tracking", 2020, and NanoTrack; Guo et
        al., "SiamCAR: Siamese Fully Convolutional Classification and Regression for Visual
        Tracking", 2020; centreness of Tian et al., "FCOS", 2019.

    Example:
        >>> boxes, true = torch.tensor([[0.0, 0, 63.5, 63.5]]), torch.tensor([True])
        >>> places = Places(boxes, true, torch.tensor([1]))
        >>> found = point_targets(places, 15, 16, PointLabels())
        >>> int((found.labels == 1).sum()), found.distances[0, :, 7, 8]
        (1, tensor([47.7500, 31.7500, 15.7500, 31.7500]))
    """
    boxes = places.boxes_cxcywh
    points = point_grid(size, stride).to(boxes, non_blocking=True)  # (M, 2)
    offsets, sides = points - boxes[:, None, :2], boxes[:, None, 2:]  # (B, M, 2), (B, 1, 2)
    distances = torch.cat((sides / 2 + offsets, sides / 2 - offsets), -1)  # (B, M, 4)
    if labels.rule == "ellipse":
        square = (offsets / sides).square().sum(-1)  # (B, M)
        near, far = square * 16 < 1, square * 4 > 1
    else:
        near = (distances > 0).all(-1)
        far = ~near
    chosen = _drawn(near, far, places, labels)
    told = torch.where(places.positive[:, None, None], distances, 0).mT
    map_of = (len(chosen), -1, size, size)
    return PointTargets(
        chosen.view(map_of), told.reshape(map_of), _centreness(distances).view(map_of)
    )


def _drawn(near: Tensor, far: Tensor, places: Places, labels: PointLabels) -> Tensor:
    """(B, M) int8 labels."""
    true, seeds = places.positive[:, None], places.seeds
    positive = draw(near & true, labels.max_positive, seeds, stream=0)
    negative = draw(far & true, labels.max_negative, seeds, stream=1)
    other = draw(near & ~true, labels.max_in_negative_pair, seeds, stream=1)
    ignored = torch.full_like(near, -1, dtype=torch.int8)
    return ignored.masked_fill(negative | other, 0).masked_fill(positive, 1)


def _centreness(distances: Tensor) -> Tensor:
    """(B, M) of (B, M, 4)."""
    inside = (distances > 0).all(-1)
    opposite = distances[..., :2], distances[..., 2:]
    ratios = torch.minimum(*opposite) / torch.maximum(*opposite)  # (B, M, 2)
    return torch.where(inside, ratios.prod(-1), 0).sqrt()
