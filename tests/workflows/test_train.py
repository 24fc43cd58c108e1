"""Whole runs on a tiny data set: files, going on after a stop, interruption, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import yaml
from training_scenes import write_config

from siamcorr.errors import CheckpointError, ConfigError, InvalidArgument, TrainingError
from siamcorr.models.record import read_record
from siamcorr.models.weights import read_metadata, read_state_dict
from siamcorr.tracking.factory import load_tracker
from siamcorr.training.logs import read_log
from siamcorr.training.settings import load_train_settings
from siamcorr.workflows.train import train

CLIPS = {
    "kind": "clips",
    "clips": 2,
    "seed": 5,
    "scenes": {"width": 96, "height": 72, "frames": 4, "targets": [1, 1], "size": [24, 30]},
}
VALIDATION = {"at_start": True, "every": 2, "clips": {"small": CLIPS}}


def settings_of(folder, **changes):
    return load_train_settings(str(write_config(folder, **changes)))


def losses_of(out) -> list[tuple[int, float, float]]:
    return [
        (line["step"], line["lr"], line["total"])
        for line in read_log(out / "log.jsonl")
        if "total" in line
    ]


def assert_same_weights(one, other) -> None:
    a, b = read_state_dict(one), read_state_dict(other)
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


class StopAfter:
    """Asks to stop at a step."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


def test_a_run_leaves_weights_that_track(tmp_path) -> None:
    settings = settings_of(tmp_path, validation=VALIDATION, licence="CC0-1.0")
    summary = train(settings, tmp_path / "out", device="cpu")
    assert (summary.steps, summary.interrupted) == (18, False)
    assert [step for step, _ in summary.overlaps] == [0, 12, 18]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "best.safetensors",
        "last.safetensors",
        "checkpoint.pt",
        "config.yaml",
        "log.jsonl",
    }
    record = read_record(tmp_path / "out" / "best.safetensors")
    assert (record.variant, record.licence) == ("tiny_tracker", "CC0-1.0")
    stored = json.loads(read_metadata(tmp_path / "out" / "best.safetensors")["training"])
    assert stored == settings.model_dump(mode="json")
    again = load_train_settings(str(tmp_path / "out" / "config.yaml"))
    assert again == settings

    tracker = load_tracker(tmp_path / "out" / "best.safetensors")
    state = tracker.init(np.zeros((48, 64, 3), np.uint8), [20, 16, 12, 10])
    _, result = tracker.update(state, np.zeros((48, 64, 3), np.uint8))
    assert torch.isfinite(result.boxes_xywh).all()


def test_the_log_holds_every_step_and_falls(tmp_path) -> None:
    train(settings_of(tmp_path), tmp_path / "out", device="cpu")
    lines = read_log(tmp_path / "out" / "log.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 19))
    assert [line["epoch"] for line in lines] == [0] * 6 + [1] * 6 + [2] * 6
    rates = [0.05, 0.05 * (0.01 / 0.05) ** 0.5, 0.01]
    assert [line["lr"] for line in lines[::6]] == pytest.approx(rates)
    totals = np.array([line["total"] for line in lines])
    assert totals[-6:].mean() < totals[:6].mean()
    for line in lines:
        assert line["total"] == pytest.approx(line["parts"]["cls"] + line["parts"]["loc"], rel=1e-5)
        assert set(line["seconds"]) == {"data", "forward", "backward", "update"}
        assert 0 <= line["data_share"] <= 1
        assert line["pairs_per_s"] > 0


@pytest.mark.parametrize("stop", [4, 6, 11])
def test_a_stopped_run_goes_on_as_if_nothing_happened(tmp_path, stop) -> None:
    """In the middle of an epoch, at its end, and with a release of the backbone in between."""
    changes = {
        "validation": VALIDATION,
        "average": {"decay": 0.9},
        "optimiser": {"kind": "adamw"},
        "backbone": {"releases": [{"epoch": 1, "layers": ["conv3"]}], "lr_factor": 0.5},
        "update": {"clip_norm": 1.0},
    }
    settings = settings_of(tmp_path, **changes)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(settings, whole, device="cpu")
    stopped = train(settings, parts, device="cpu", stop_requested=StopAfter(stop))
    assert (stopped.interrupted, stopped.steps) == (True, stop)
    torch.manual_seed(999)  # whatever happens in between
    train(settings, parts, device="cpu", resume=True)
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(whole / name, parts / name)
    assert losses_of(parts) == losses_of(whole)


def test_accumulation_takes_the_batches_of_a_larger_step(tmp_path) -> None:
    """2 x 2 pairs give the losses of 4 where losses are means over pairs and norms are frozen."""
    common = {
        "norm": "frozen",
        "objective": {"kind": "point", "balance": "pair"},
        "schedule": {"main": {"curve": "log", "epochs": 1, "start": 0.01, "end": 0.01}},
    }
    big = settings_of(tmp_path / "a", batch_size=4, **common)
    small = settings_of(tmp_path / "b", batch_size=2, update={"accumulate": 2}, **common)
    train(big, tmp_path / "big", device="cpu")
    train(small, tmp_path / "small", device="cpu")
    one, other = (np.array(losses_of(tmp_path / name)) for name in ("big", "small"))
    assert one.shape == (6, 3)
    np.testing.assert_allclose(other, one, rtol=1e-4)


def test_workers_change_nothing(tmp_path) -> None:
    train(settings_of(tmp_path / "a"), tmp_path / "alone", device="cpu")
    train(settings_of(tmp_path / "b", workers=1), tmp_path / "helped", device="cpu")
    names = (tmp_path / "alone" / "last.safetensors", tmp_path / "helped" / "last.safetensors")
    assert_same_weights(*names)


def test_max_steps_ends_early_with_weights(tmp_path) -> None:
    settings = settings_of(tmp_path, max_steps=4, validation=VALIDATION)
    summary = train(settings, tmp_path / "out", device="cpu")
    assert (summary.steps, len(losses_of(tmp_path / "out"))) == (4, 4)
    assert [step for step, _ in summary.overlaps] == [0, 4]
    assert (tmp_path / "out" / "last.safetensors").is_file()


def test_the_progress_counts_to_the_end(tmp_path) -> None:
    seen = []
    train(
        settings_of(tmp_path, validation=VALIDATION),
        tmp_path / "out",
        device="cpu",
        progress=seen.append,
    )
    assert [state.step for state in seen if state.report][-1] == 18
    assert {state.steps for state in seen} == {18}
    assert seen[0].report is None
    assert seen[-1].overlap is not None


def test_only_the_head_learns_on_a_frozen_backbone(tmp_path) -> None:
    settings = settings_of(tmp_path, backbone={"releases": []})
    train(settings, tmp_path / "out", device="cpu")
    torch.manual_seed(settings.seed)
    from siamcorr.workflows.train_parts import build_model, tracker_to_train

    fresh = build_model(tracker_to_train(settings).model).state_dict()
    trained = read_state_dict(tmp_path / "out" / "last.safetensors")
    same = {name for name in fresh if torch.equal(fresh[name], trained[name])}
    assert {name for name in fresh if name.startswith("backbone.")} <= same
    assert not {n for n in fresh if n.startswith("head.") and n.endswith("0.weight")} & same


def test_a_run_can_start_from_weights(tmp_path) -> None:
    train(settings_of(tmp_path / "a", max_steps=2), tmp_path / "first", device="cpu")
    weights = tmp_path / "first" / "last.safetensors"
    zero = {"main": {"curve": "linear", "epochs": 1, "start": 0.0, "end": 0.0}}
    settings = settings_of(
        tmp_path / "b", init={"model": str(weights)}, schedule=zero, max_steps=1, norm="frozen"
    )
    train(settings, tmp_path / "second", device="cpu")
    assert_same_weights(weights, tmp_path / "second" / "last.safetensors")


def test_a_loss_that_explodes_stops_the_run_and_keeps_the_checkpoint(tmp_path) -> None:
    hot = {"main": {"curve": "log", "epochs": 3, "start": 1e30, "end": 1e30}}
    settings = settings_of(tmp_path, schedule=hot, checkpoint_every=1)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf)"):
        train(settings, tmp_path / "out", device="cpu")
    assert (tmp_path / "out" / "checkpoint.pt").is_file()


class TestRefusals:
    def test_a_folder_with_a_run(self, tmp_path) -> None:
        settings = settings_of(tmp_path, max_steps=1)
        train(settings, tmp_path / "out", device="cpu")
        with pytest.raises(InvalidArgument, match=r"holds a run already; go on with --resume"):
            train(settings, tmp_path / "out", device="cpu")

    def test_nothing_to_go_on_from(self, tmp_path) -> None:
        with pytest.raises(InvalidArgument, match=r"no checkpoint\.pt to go on from"):
            train(settings_of(tmp_path), tmp_path / "out", device="cpu", resume=True)

    def test_other_settings(self, tmp_path) -> None:
        path = write_config(tmp_path, max_steps=1)
        train(load_train_settings(str(path)), tmp_path / "out", device="cpu")
        changes = {"batch_size": 3, "schedule.main.start": 0.2, "workers": 1}
        with pytest.raises(ConfigError) as error:
            train(
                load_train_settings(str(path), changes),
                tmp_path / "out",
                device="cpu",
                resume=True,
            )
        assert "batch_size: 4 became 3" in str(error.value)
        assert "schedule.main.start: 0.05 became 0.2" in str(error.value)
        assert "workers" not in str(error.value)

    def test_a_damaged_checkpoint(self, tmp_path) -> None:
        settings = settings_of(tmp_path, max_steps=1)
        train(settings, tmp_path / "out", device="cpu")
        checkpoint = tmp_path / "out" / "checkpoint.pt"
        checkpoint.write_bytes(checkpoint.read_bytes()[:100])
        with pytest.raises(CheckpointError, match="cut or damaged"):
            train(settings, tmp_path / "out", device="cpu", resume=True)

    def test_a_tracker_without_a_network(self, tmp_path) -> None:
        with pytest.raises(InvalidArgument, match="'cf' has no network to train"):
            train(settings_of(tmp_path, tracker="cf"), tmp_path / "out", device="cpu")

    def test_an_epoch_without_a_step(self, tmp_path) -> None:
        settings = settings_of(tmp_path, update={"accumulate": 7})
        with pytest.raises(InvalidArgument, match=r"24 pairs has not one step of 7 x 1 x 4"):
            train(settings, tmp_path / "out", device="cpu")


class TestSettings:
    def test_a_change_with_an_unknown_key_names_the_closest(self, tmp_path) -> None:
        path = write_config(tmp_path)
        with pytest.raises(
            ConfigError, match=r"unknown key 'bach_size'; did you mean 'batch_size'"
        ):
            load_train_settings(str(path), {"bach_size": 3})
        with pytest.raises(ConfigError, match=r"objective: .*'cls_wheight'; did you mean"):
            load_train_settings(str(path), {"objective.cls_wheight": 3})

    def test_changes_reach_nested_blocks(self, tmp_path) -> None:
        path = write_config(tmp_path)
        changes = {"schedule.main.epochs": 9, "data.otb.frame_range": 3, "average": {"decay": 0.5}}
        settings = load_train_settings(str(path), changes)
        assert settings.epochs == 9
        assert settings.data["otb"].frame_range == 3
        assert settings.average.decay == 0.5

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"objective": {"cls_weight": 1}}, "missing key 'kind'; one of "),
            ({"data.otb.annotation": "a.json"}, "the JSON of format cropped_511, and of no other"),
            ({"init": {"model": "a", "backbone": "b"}}, "give one of the two files"),
            ({"data": {"a": {"kind": "synthetic"}}, "video_pairs": {}}, "no entry of data is of"),
            ({"schedule": {}}, "schedule"),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, tmp_path, changes, sentence) -> None:
        with pytest.raises(ConfigError, match=sentence):
            load_train_settings(str(write_config(tmp_path)), changes)

    def test_they_survive_a_file(self, tmp_path) -> None:
        settings = settings_of(tmp_path)
        path = tmp_path / "again.yaml"
        path.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
        assert load_train_settings(str(path)) == settings
