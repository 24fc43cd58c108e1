"""A tiny model, batches of noise and a smooth objective for the tests of the engine."""

from __future__ import annotations

from typing import Any

import torch

from siamcorr.data.pairs import PairBatch
from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.models.siamese import SiameseModel
from siamcorr.training.objectives import Losses


def tiny_model(seed: int = 0) -> SiameseModel:
    torch.manual_seed(seed)
    settings = ModelSettings(
        backbone="compact",
        backbone_options={"channels": (4, 4, 8)},
        head="point_depthwise",
        head_options={"channels": (8,)},
        preprocessing=Preprocessing(mean=(127.5,) * 3, std=(64.0,) * 3),
    )
    return build_model(settings)


def noise_batch(seed: int, size: int = 2) -> PairBatch:
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.tensor([[24.0, 24, 16, 16]]).repeat(size, 1)
    return PairBatch(
        template=255 * torch.rand(size, 3, 32, 32, generator=generator),
        search=255 * torch.rand(size, 3, 64, 64, generator=generator),
        template_boxes_xywh=boxes,
        boxes_xywh=boxes,
        positive=torch.ones(size, dtype=torch.bool),
        seeds=torch.arange(size),
    )


def mean_square(output: Any, batch: PairBatch) -> Losses:
    """A mean over the batch's pairs, so averages over batches are those of the joined batch."""
    parts = {"cls": output.cls.square().mean(), "loc": (output.loc / 8).square().mean()}
    return Losses(parts["cls"] + 0.5 * parts["loc"], {k: v.detach() for k, v in parts.items()})
