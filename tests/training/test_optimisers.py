"""Who learns in which epoch, at which rate, and what batch norm does meanwhile."""

from __future__ import annotations

import pytest
import torch

from siamcorr.config import parse_config
from siamcorr.errors import ConfigError, InvalidArgument
from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.training.optimisers import (
    AdamWSettings,
    BackboneSettings,
    Release,
    SGDSettings,
    build_optimiser,
    set_learning_rate,
    set_train_mode,
)

PYSOT = BackboneSettings(lr_factor=0.1, releases=(Release(epoch=10, layers=("conv2", "conv3")),))


@pytest.fixture
def model():
    options = {"channels": (4, 4, 8)}
    head = {"channels": (8,)}
    return build_model(
        ModelSettings(
            backbone="compact",
            backbone_options=options,
            head="point_depthwise",
            head_options=head,
        )
    )


def learning(model) -> set[str]:
    return {name.split(".")[1] for name, p in model.named_parameters() if p.requires_grad}


def test_convention_the_backbone_rests_in_eval_mode_until_its_release(model) -> None:
    set_train_mode(model, PYSOT, 9)
    assert learning(model) == {"cls", "loc"}
    assert not any(m.training for m in model.backbone.modules())
    assert all(m.training for m in model.head.modules())
    set_train_mode(model, PYSOT, 10)
    assert learning(model) == {"cls", "loc", "conv2", "conv3"}
    assert [model.backbone.get_submodule(f"conv{i}").training for i in (1, 2, 3)] == [
        False,
        True,
        True,
    ]


def test_statistics_of_a_resting_batch_norm_do_not_move(model) -> None:
    before = model.backbone.conv1[1].running_mean.clone()
    images = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 32, 32)
    set_train_mode(model, PYSOT, 0)
    model(*images)
    assert torch.equal(model.backbone.conv1[1].running_mean, before)
    set_train_mode(model, BackboneSettings(), 0)
    model(*images)
    assert not torch.equal(model.backbone.conv1[1].running_mean, before)


def test_frozen_norm_reaches_every_batch_norm(model) -> None:
    set_train_mode(model, BackboneSettings(), 0, frozen_norm=True)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(m.training for m in norms)
    assert all(p.requires_grad for p in model.parameters())


def test_convention_groups_multiply_the_rate(model) -> None:
    """PySOT: the head has the schedule's rate, released layers `LAYERS_LR` times that."""
    optimiser = build_optimiser(model, SGDSettings(kind="sgd"), PYSOT, 10)
    set_learning_rate(optimiser, 0.005)
    head, backbone = optimiser.param_groups
    assert (head["lr"], backbone["lr"]) == (0.005, pytest.approx(0.0005))
    assert {id(p) for p in head["params"]} == {id(p) for p in model.head.parameters()}
    released = [*model.backbone.conv2.parameters(), *model.backbone.conv3.parameters()]
    assert {id(p) for p in backbone["params"]} == {id(p) for p in released}
    assert (head["momentum"], head["weight_decay"]) == (0.9, 1e-4)


def test_before_the_release_there_is_one_group(model) -> None:
    optimiser = build_optimiser(model, AdamWSettings(kind="adamw"), PYSOT, 0)
    assert len(optimiser.param_groups) == 1
    assert isinstance(optimiser, torch.optim.AdamW)
    everything = build_optimiser(model, SGDSettings(kind="sgd"), BackboneSettings(), 0)
    listed = sum(len(group["params"]) for group in everything.param_groups)
    assert listed == len(list(model.parameters()))


def test_stages_count_the_releases() -> None:
    releases = tuple(Release(epoch=e, layers=(f"conv{i}",)) for i, e in ((4, 5), (3, 10)))
    settings = BackboneSettings(releases=releases)
    assert [settings.stage(epoch) for epoch in (0, 4, 5, 9, 10, 99)] == [0, 0, 1, 1, 2, 2]
    assert BackboneSettings().stage(3) == BackboneSettings(releases=()).stage(3) == 0


def test_a_layer_that_does_not_exist_is_named(model) -> None:
    wrong = BackboneSettings(releases=(Release(epoch=0, layers=("convv2",)),))
    with pytest.raises(InvalidArgument, match=r"no layer 'convv2'; did you mean.*'conv2'") as e:
        set_train_mode(model, wrong, 0)
    assert "its layers: conv1, conv2, conv3" in str(e.value)


def test_a_layer_released_twice_is_refused() -> None:
    content = {"releases": [{"epoch": 1, "layers": ["a"]}, {"epoch": 2, "layers": ["a", "b"]}]}
    with pytest.raises(ConfigError, match="released twice: a"):
        parse_config(content, BackboneSettings, "here")


def test_nothing_to_learn_is_an_error() -> None:
    settings = ModelSettings(backbone="alexnet_v1", head="siamfc")  # its head has no parameter
    frozen = BackboneSettings(releases=())
    with pytest.raises(InvalidArgument, match="nothing learns in epoch 3"):
        build_optimiser(build_model(settings), SGDSettings(kind="sgd"), frozen, 3)
