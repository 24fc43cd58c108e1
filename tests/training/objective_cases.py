"""Objectives as configs make them, batches of squares, and answers of heads that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from anchor_twin import RATIOS, SCALES
from torch import Tensor

from siamcorr.config import parse_config
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.nn.heads import BoxOutput
from siamcorr.training.objectives import OBJECTIVES

ANCHORS = {"anchor_ratios": RATIOS, "anchor_scales": SCALES}
WITH_ANCHORS = ("rpn", "mask")


def objective(kind: str, *, stride: int = 8, search_size: int = 255, **content: Any) -> Any:
    """An objective from what a config would say."""
    settings_type = OBJECTIVES[kind].settings_type
    settings = parse_config({"kind": kind, **content}, settings_type, "test")
    given = ANCHORS if kind in WITH_ANCHORS else {}
    shape = PairShape(search_size=search_size)
    return OBJECTIVES[kind].from_settings(settings, shape=shape, stride=stride, **given)


def batch_of(
    centres: list[tuple[float, float]],
    *,
    side: float = 63.5,
    positive: list[bool] | None = None,
    search_size: int = 255,
) -> PairBatch:
    """Square targets at places about the search crop's centre; a mask over the left half of all."""
    count = len(centres)
    corners = torch.tensor(centres) + search_size / 2 - side / 2
    boxes = torch.cat((corners, torch.full((count, 2), side)), 1)
    masks = torch.zeros(count, search_size, search_size, dtype=torch.bool)
    masks[:, :, : search_size // 2] = True
    crops = torch.zeros(1, 3, search_size, search_size).expand(count, -1, -1, -1)
    true = torch.tensor(positive if positive is not None else [True] * count)
    return PairBatch(crops, crops, boxes, boxes, true, torch.arange(count) + 3, masks, true)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def output_of(pairs: int, anchors: int, size: int = 25, **more: Tensor) -> BoxOutput:
    loc = normal(pairs, 4 * anchors, size, size, seed=1)
    if anchors == 1:
        loc = 20 * loc.exp()
    return BoxOutput(normal(pairs, 2 * anchors, size, size), loc, **more)


def case(kind: str, pairs: int) -> Any:
    """What a head of that kind might answer."""
    if kind in ("siamfc", "filter"):
        return normal(pairs, 1, 17, 17)
    masks = {"masks": 0.5 * normal(pairs, 63 * 63, 25, 25)} if kind == "mask" else {}
    return output_of(pairs, 5 if kind in WITH_ANCHORS else 1, **masks)


def tensors(output: Any) -> list[Tensor]:
    return [output] if isinstance(output, Tensor) else [each for each in output if each is not None]


def mapped(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same answer with each of its maps changed."""
    if isinstance(output, Tensor):
        return change(output)
    return BoxOutput(*(None if each is None else change(each) for each in output))
