"""A checkpoint and a log go on exactly where they were left, and damage is named."""

from __future__ import annotations

import json

import pytest
import torch
from engine_scenes import mean_square, noise_batch, tiny_model

from siamcorr.errors import CheckpointError, SourceError
from siamcorr.training.checkpoint import load_checkpoint, restore, save_checkpoint
from siamcorr.training.ema import AverageSettings, WeightAverage
from siamcorr.training.engine import StepSettings, train_one_epoch
from siamcorr.training.launch import launched_fabric
from siamcorr.training.logs import TrainLog, read_log
from siamcorr.training.optimisers import (
    AdamWSettings,
    BackboneSettings,
    build_optimiser,
    set_train_mode,
)
from siamcorr.training.state import TrainState, enter_epoch

ADAMW = AdamWSettings(kind="adamw")


@pytest.fixture(scope="module")
def fabric():
    with launched_fabric(device="cpu") as launched:
        yield launched


def new_state(seed: int) -> TrainState:
    model = tiny_model(seed)
    state = TrainState(model, build_optimiser(model, ADAMW, BackboneSettings(), 0))
    state.average = WeightAverage(model, AverageSettings())
    return state


def steps(fabric, state: TrainState, first: int, last: int) -> None:
    set_train_mode(state.model, BackboneSettings(), state.epoch)
    enter_epoch(fabric, state, ADAMW, BackboneSettings())
    batches = [noise_batch(i) for i in range(first, last)]
    list(
        train_one_epoch(
            fabric, state, batches, mean_square, StepSettings(), rate=lambda step: 0.01 / (1 + step)
        )
    )


def test_going_on_equals_never_stopping(fabric, tmp_path) -> None:
    whole, first, second = new_state(1), new_state(1), new_state(2)
    steps(fabric, whole, 0, 6)
    steps(fabric, first, 0, 3)
    first.best = 0.25
    torch.manual_seed(77)
    save_checkpoint(tmp_path / "state.pt", fabric, first, {"seed": 3})
    drawn = torch.rand(3)

    content = load_checkpoint(tmp_path / "state.pt")
    restore(second, content, fabric)
    assert torch.equal(torch.rand(3), drawn), "random numbers go on"
    assert (second.step, second.total_steps, second.best) == (3, 3, 0.25)
    assert content["settings"] == {"seed": 3}
    steps(fabric, second, 3, 6)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    for name, value in whole.shown_model.state_dict().items():
        assert torch.equal(value, second.shown_model.state_dict()[name]), name


def test_another_number_of_processes_is_refused(fabric, tmp_path) -> None:
    save_checkpoint(tmp_path / "state.pt", fabric, new_state(0), {})
    content = load_checkpoint(tmp_path / "state.pt") | {"world_size": 4}
    with pytest.raises(CheckpointError, match="written by 4 processes and now there are 1"):
        restore(new_state(0), content, fabric)


def test_another_device_is_refused(fabric, tmp_path) -> None:
    save_checkpoint(tmp_path / "state.pt", fabric, new_state(0), {})
    content = load_checkpoint(tmp_path / "state.pt")
    content["rng"]["cuda"] = torch.zeros(1, 16, dtype=torch.uint8)
    with pytest.raises(CheckpointError, match="written on cuda and training goes on on cpu"):
        restore(new_state(0), content, fabric)


def test_files_that_are_no_checkpoints_are_refused(tmp_path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint to go on from"):
        load_checkpoint(tmp_path / "absent.pt")
    torch.save({"model": {}}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="missing: best, epoch, optimiser"):
        load_checkpoint(tmp_path / "other.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "other.pt").read_bytes()[:100])
    with pytest.raises(CheckpointError, match="cut or damaged"):
        load_checkpoint(tmp_path / "cut.pt")


def test_a_log_drops_the_steps_that_are_done_again(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    log = TrainLog(path)
    for step in range(1, 6):
        log.write({"step": step, "total": step / 4})
    with path.open("a") as file:
        file.write('{"step": 6, "tot')  # the process was killed while it wrote
    assert [line["step"] for line in read_log(path)] == [1, 2, 3, 4, 5]
    TrainLog(path, steps_done=3).write({"step": 4, "total": 9.0})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["step"], line["total"]) for line in lines] == [
        (1, 0.25),
        (2, 0.5),
        (3, 0.75),
        (4, 9.0),
    ]
    assert TrainLog(path).path.read_text() == ""


def test_a_damaged_log_is_named(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("{]\n{}\n")
    with pytest.raises(SourceError, match=r"log\.jsonl: a line is damaged"):
        read_log(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_log(tmp_path / "absent.jsonl")
