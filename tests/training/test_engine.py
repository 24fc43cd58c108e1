"""The loop against a plain loop of torch that is written here."""

from __future__ import annotations

import copy
import itertools
import math

import pytest
import torch
from engine_scenes import mean_square, noise_batch, tiny_model

from siamcorr.errors import TrainingError
from siamcorr.training.ema import AverageSettings, WeightAverage
from siamcorr.training.engine import StepSettings, Stopwatch, train_one_epoch
from siamcorr.training.launch import launched_fabric
from siamcorr.training.objectives import Losses
from siamcorr.training.optimisers import (
    BackboneSettings,
    SGDSettings,
    build_optimiser,
    set_train_mode,
)
from siamcorr.training.state import TrainState, enter_epoch

SGD = SGDSettings(kind="sgd")


@pytest.fixture(scope="module")
def fabric():
    with launched_fabric(device="cpu") as launched:
        yield launched


def fresh_state(fabric, model) -> TrainState:
    set_train_mode(model, BackboneSettings(), 0)
    state = TrainState(model, build_optimiser(model, SGD, BackboneSettings(), 0))
    enter_epoch(fabric, state, SGD, BackboneSettings())
    return state


def weights_of(model) -> torch.Tensor:
    return torch.cat([value.flatten().double() for value in model.state_dict().values()])


def test_steps_equal_a_plain_loop(fabric) -> None:
    """Two batches an update, clipped, SGD with momentum and decay written out."""
    model, batches = tiny_model(), [noise_batch(i) for i in range(7)]
    twin = copy.deepcopy(model).train()
    momentum = {name: torch.zeros_like(p) for name, p in twin.named_parameters()}
    rates = [0.1, 0.05, 0.02]
    expected_totals, norms = [], []
    for step, lr in enumerate(rates):
        twin.zero_grad()
        totals = []
        for batch in batches[2 * step : 2 * step + 2]:
            pixels = (batch.search - 127.5) / 64, (batch.template - 127.5) / 64
            loss = mean_square(twin(*pixels), batch).total
            (loss / 2).backward()
            totals.append(loss.item())
        expected_totals.append(sum(totals) / 2)
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in twin.parameters()))
        norms.append(norm)
        with torch.no_grad():
            for name, p in twin.named_parameters():
                gradient = p.grad * min(1, 0.5 / (norm + 1e-6)) + 1e-4 * p
                momentum[name] = 0.9 * momentum[name] + gradient
                p -= lr * momentum[name]
    assert max(norms) > 0.5, "the clip must act"

    state = fresh_state(fabric, model)
    settings = StepSettings(accumulate=2, clip_norm=0.5)
    reports = list(
        train_one_epoch(fabric, state, batches, mean_square, settings, rate=rates.__getitem__)
    )
    assert [report.total for report in reports] == pytest.approx(expected_totals, rel=1e-5)
    torch.testing.assert_close(weights_of(model), weights_of(twin), rtol=1e-4, atol=1e-6)
    assert [report.lr for report in reports] == rates
    assert [report.step for report in reports] == [1, 2, 3]
    assert {report.pairs for report in reports} == {4}
    assert state.step == state.total_steps == 3, "the seventh batch makes no step"


def test_a_report_holds_the_parts_and_the_times(fabric) -> None:
    state = fresh_state(fabric, tiny_model())
    (report,) = train_one_epoch(
        fabric, state, [noise_batch(0)], mean_square, StepSettings(), rate=lambda step: 0.1
    )
    assert report.total == pytest.approx(report.parts["cls"] + 0.5 * report.parts["loc"])
    assert set(report.seconds) == {"data", "forward", "backward", "update"}
    assert all(seconds >= 0 for seconds in report.seconds.values())


def test_a_step_is_complete_when_its_report_comes(fabric) -> None:
    one, other = (fresh_state(fabric, tiny_model()) for _ in range(2))
    batches = [noise_batch(i) for i in range(4)]
    steps = train_one_epoch(
        fabric, one, batches, mean_square, StepSettings(), rate=lambda step: 0.1
    )
    taken = list(itertools.islice(steps, 2))
    steps.close()
    list(
        train_one_epoch(
            fabric, other, batches[:2], mean_square, StepSettings(), rate=lambda step: 0.1
        )
    )
    assert len(taken) == one.step == 2
    assert torch.equal(weights_of(one.model), weights_of(other.model))


def test_a_loss_that_is_no_number_stops_before_the_update(fabric) -> None:
    def broken(output, batch):
        part = output.cls.mean() * math.nan
        return Losses(part, {"cls": part.detach(), "loc": torch.tensor(0.25)})

    state = fresh_state(fabric, tiny_model())
    parameters = copy.deepcopy(dict(state.model.named_parameters()))
    steps = train_one_epoch(
        fabric, state, [noise_batch(0)], broken, StepSettings(), rate=lambda step: 0.1
    )
    with pytest.raises(TrainingError, match=r"epoch 0, step 0: the loss is nan") as error:
        next(steps)
    assert "cls : nan" in str(error.value)
    assert "loc : 0.25" in str(error.value)
    for name, parameter in state.model.named_parameters():
        assert torch.equal(parameter, parameters[name])


def test_the_average_follows_every_step(fabric) -> None:
    state = fresh_state(fabric, tiny_model())
    state.average = WeightAverage(state.model, AverageSettings(decay=0.5, warm_up=False))
    expected = state.model.head.cls.levels[0].predict[3].weight.detach().clone()
    for _ in train_one_epoch(
        fabric,
        state,
        [noise_batch(0), noise_batch(1)],
        mean_square,
        StepSettings(),
        rate=lambda step: 0.1,
    ):
        now = state.model.head.cls.levels[0].predict[3].weight.detach()
        expected = 0.5 * expected + 0.5 * now
    shown = state.shown_model.head.cls.levels[0].predict[3].weight
    torch.testing.assert_close(shown, expected)
    assert not torch.allclose(shown, state.model.head.cls.levels[0].predict[3].weight)


def test_bf16_computes_near_fp32_and_keeps_weights_in_fp32() -> None:
    totals = {}
    for precision in ("fp32", "bf16"):
        with launched_fabric(device="cpu", precision=precision) as fabric:
            state = fresh_state(fabric, tiny_model())
            (report,) = train_one_epoch(
                fabric, state, [noise_batch(0)], mean_square, StepSettings(), rate=lambda step: 0.1
            )
            totals[precision] = report.total
            assert {p.dtype for p in state.model.parameters()} == {torch.float32}
    assert totals["bf16"] == pytest.approx(totals["fp32"], rel=0.05)
    assert totals["bf16"] != totals["fp32"]


def test_a_new_stage_has_a_fresh_optimiser_over_the_released_layers(fabric) -> None:
    backbone = BackboneSettings(releases=({"epoch": 1, "layers": ("conv3",)},))
    model = tiny_model()
    set_train_mode(model, backbone, 0)
    state = TrainState(model, build_optimiser(model, SGD, backbone, 0))
    conv1, conv3 = (model.backbone.get_submodule(f"conv{i}")[0].weight for i in (1, 3))
    before = conv1.clone(), conv3.clone()
    changed = []
    for epoch in range(2):
        state.epoch, state.step = epoch, 0
        set_train_mode(model, backbone, epoch)
        enter_epoch(fabric, state, SGD, backbone)
        first = state.optimiser
        list(
            train_one_epoch(
                fabric, state, [noise_batch(0)], mean_square, StepSettings(), rate=lambda step: 0.1
            )
        )
        changed.append((not torch.equal(conv1, before[0]), not torch.equal(conv3, before[1])))
        assert state.optimiser is first
    assert changed == [(False, False), (False, True)]
    assert state.stage == 1
    assert len(state.optimiser.param_groups) == 2


def test_stopwatch_adds_up_laps_of_one_name() -> None:
    watch = Stopwatch()
    for part in ("data", "forward", "data"):
        watch.lap(part)
    assert set(watch.seconds) == {"data", "forward"}
    before = watch.seconds["data"]
    watch.lap("data")
    assert watch.seconds["data"] > before
    watch.restart()
    assert watch.seconds == {}
