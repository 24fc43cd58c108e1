"""Every shipped training config: its tracker, its layers and its objective fit together."""

from __future__ import annotations

import pytest
import torch

from siamcorr.config import config_names
from siamcorr.data.pairs import AugmentationSettings, PairBatch
from siamcorr.models.factory import build_model
from siamcorr.training.objectives import OBJECTIVES
from siamcorr.training.optimisers import build_optimiser, set_train_mode
from siamcorr.training.schedule import learning_rate
from siamcorr.training.settings import load_train_settings
from siamcorr.workflows.train_parts import pair_shape, tracker_to_train

NAMES = config_names("train")


def test_the_recipes_are_there() -> None:
    assert {"debug", "siamfc_got10k", "siamrpn_r50", "siamrpn_alex", "siamban_mobilev2"} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_parts_fit_and_a_first_loss_is_finite(name: str) -> None:
    settings = load_train_settings(name)
    tracker = tracker_to_train(settings)
    shape = pair_shape(settings, tracker)
    model = build_model(tracker.model)
    last = settings.epochs - 1
    set_train_mode(model, settings.backbone, last)  # finds all released layers
    build_optimiser(model, settings.optimiser, settings.backbone, last)

    objective = OBJECTIVES[settings.objective.kind].from_settings(
        settings.objective,
        shape=shape,
        stride=model.stride,
        anchor_ratios=getattr(tracker, "anchor_ratios", None),
        anchor_scales=getattr(tracker, "anchor_scales", None),
    )
    middle = shape.search_size / 2 - shape.template_size / 4
    box = torch.tensor([[middle, middle, shape.template_size / 2, shape.template_size / 2]])
    batch = PairBatch(
        template=255 * torch.rand(1, 3, shape.template_size, shape.template_size),
        search=255 * torch.rand(1, 3, shape.search_size, shape.search_size),
        template_boxes_xywh=box,
        boxes_xywh=box,
        positive=torch.ones(1, dtype=torch.bool),
        seeds=torch.zeros(1, dtype=torch.int64),
    )
    with torch.no_grad():
        model.eval()
        output = model(model.normalise(batch.search), model.normalise(batch.template))
        losses = objective(output, batch)
    assert torch.isfinite(losses.total)
    assert all(part > 0 for part in losses.parts.values())


def test_convention_recipe_of_siamrpn_r50() -> None:
    """PySOT, 8 processes of 28: the numbers of its published config, gradients summed."""
    settings = load_train_settings("siamrpn_r50")
    phases = list(settings.schedule.values())
    rates = [round(learning_rate(phases, epoch), 7) for epoch in range(20)]
    assert rates[:6] == [0.001, 0.0013797, 0.0019037, 0.0026265, 0.0036239, 0.005]
    assert rates[19] == 0.0005
    assert settings.update.gradients == "sum"
    assert (settings.batch_size, settings.pairs, settings.update.clip_norm) == (28, 600_000, 10)
    assert [settings.backbone.stage(epoch) for epoch in (9, 10)] == [0, 1]
    assert settings.backbone.lr_factor == 0.1
    assert settings.video_pairs.augmentation == AugmentationSettings.siamrpn()


def test_convention_recipe_of_siamfc() -> None:
    """siamfc-pytorch: .01 * 10^(-3 e / 50), SGD, batch 8, labels in the middle of 15 x 15."""
    settings = load_train_settings("siamfc_got10k")
    phases = list(settings.schedule.values())
    assert [learning_rate(phases, e) for e in range(50)] == pytest.approx(
        [0.01 * 10 ** (-3 * e / 50) for e in range(50)]
    )
    assert (settings.batch_size, settings.crops.search_size) == (8, 239)
    assert settings.optimiser.model_dump() == {
        "kind": "sgd",
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "nesterov": False,
    }
    assert settings.video_pairs.augmentation == AugmentationSettings.siamfc()


def test_convention_recipe_of_siamrpn_alex() -> None:
    """The parameters receive half of what PySOT logs: .005 -> .0087, then .01 -> .0005."""
    settings = load_train_settings("siamrpn_alex")
    phases = list(settings.schedule.values())
    logged = [2 * learning_rate(phases, epoch) for epoch in range(50)]
    assert [round(rate, 4) for rate in (logged[0], logged[4], logged[5], logged[49])] == [
        0.005,
        0.0087,
        0.01,
        0.0005,
    ]
