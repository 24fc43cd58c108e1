"""Trackers as words of a command line, and the ranks that torchrun announces."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from siamcorr.config import find_config
from siamcorr.errors import ConfigError, InvalidArgument, SourceError, UnknownName
from siamcorr.evaluation.adapters.external import ExternalTracker
from siamcorr.evaluation.adapters.opencv import OpenCVTracker
from siamcorr.tracking.factory import DEFAULT_TRACKER
from siamcorr.tracking.fixed_filters import FixedFiltersTracker
from siamcorr.workflows.ranks import Ranks, rank_and_world_size
from siamcorr.workflows.tracker_spec import parse_tracker


@pytest.fixture
def files(tmp_path):
    for name in ("b.onnx", "h,2.onnx"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


@pytest.mark.parametrize(
    ("text", "label", "name"),
    [
        ("default", "default", "default"),
        ("mine=default", "mine", "default"),
        ("SiamFC-3s+=opencv_mil:seed=4", "SiamFC-3s+", "opencv_mil"),
        (" opencv_mil ", "opencv_mil", "opencv_mil"),
    ],
)
def test_label_and_name(text, label, name) -> None:
    spec = parse_tracker(text)
    assert (spec.label, spec.name) == (label, name)


def test_options_with_files_and_commas(files) -> None:
    spec = parse_tracker(f"opencv_nano:backbone={files}/b.onnx,head={files}/h,2.onnx")
    assert spec.options == {"backbone": files / "b.onnx", "head": files / "h,2.onnx"}
    command = "external:command=python run.py --scales 1,2 --x=a:b,timeout=1.5,origin=1"
    assert parse_tracker(command).options == {
        "command": "python run.py --scales 1,2 --x=a:b",
        "timeout": 1.5,
        "origin": 1,
    }


def test_a_spec_builds_the_tracker_also_after_a_journey() -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    for text, kind in (
        ("fixed_filters:device=cpu", FixedFiltersTracker),
        ("opencv_mil:seed=3", OpenCVTracker),
        (f"external:command='{sys.executable}' -V,origin=1,timeout=2", ExternalTracker),
    ):
        tracker = pickle.loads(pickle.dumps(parse_tracker(text)))()
        assert isinstance(tracker, kind)
        if kind is not ExternalTracker:
            tracker.init(frame, [20, 20, 16, 16])
    assert parse_tracker("opencv_mil:seed=3")().seed == 3


def test_a_yaml_file_is_a_tracker_labelled_by_its_stem(tmp_path) -> None:
    path = tmp_path / "slow.yaml"
    path.write_text(find_config("trackers", "fixed_filters").read_text())
    spec = parse_tracker(str(path))
    assert spec.label == "slow"
    assert isinstance(spec(), FixedFiltersTracker)


def test_settings_of_a_config_are_keys() -> None:
    spec = parse_tracker("small=cf:window_size=128,features=[hog, grey],lost.after=5,device=cpu")
    assert spec.options == {"device": "cpu"}
    assert spec.changes == {"window_size": 128, "features": ["hog", "grey"], "lost.after": 5}
    settings = spec().settings
    assert (settings.window_size, settings.lost.after) == (128, 5)
    assert settings.features == ("hog", "grey")
    shipped = parse_tracker("cf")().settings
    assert (shipped.window_size, shipped.lost.below) == (160, settings.lost.below)


def test_the_record_tells_changed_settings_and_only_where_there_are_any() -> None:
    shipped = parse_tracker("cf").record()
    changed = parse_tracker("cf:temporal=6").record()
    assert changed == {**shipped, "changes": {"temporal": 6}}
    assert "changes" not in shipped


def test_the_record_knows_the_contents_of_files_and_not_their_place(files, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "b.onnx"
    moved.write_bytes(b"b.onnx")
    text = "opencv_nano:backbone={},head={}"
    first = parse_tracker(text.format(files / "b.onnx", files / "b.onnx"))
    second = parse_tracker(text.format(moved, moved))
    assert first.record() == second.record()
    moved.write_bytes(b"trained further")
    assert first.record() != second.record()
    assert str(tmp_path) not in repr(first.record())


def test_the_record_of_default_names_what_it_stands_for() -> None:
    record = parse_tracker("default").record()
    assert record == parse_tracker(DEFAULT_TRACKER).record()
    assert record["name"] == DEFAULT_TRACKER


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("", InvalidArgument, "expected \\[LABEL=\\]NAME"),
        ("=default", InvalidArgument, "expected \\[LABEL=\\]NAME"),
        ("defalt", UnknownName, "no tracker 'defalt'; did you mean 'default'"),
        ("opencv_nan", UnknownName, "did you mean 'opencv_nano'"),
        ("absent.yaml", UnknownName, "no tracker 'absent.yaml'"),
        ("default:wieghts=x", InvalidArgument, "unknown key 'wieghts'; did you mean 'weights'"),
        ("default:weights", InvalidArgument, "expected KEY=VALUE, got 'weights'"),
        ("default:device=", InvalidArgument, "expected KEY=VALUE, got 'device='"),
        ("opencv_mil:seed=1,seed=2", InvalidArgument, "seed is given twice"),
        ("opencv_mil:seed=x", InvalidArgument, "seed is a number \\(int\\), got 'x'"),
        ("opencv_mil:threads=2", InvalidArgument, "unknown key 'threads'.*its keys: seed"),
        ("opencv_vit:model=absent.onnx", SourceError, "tracker opencv_vit: model: no file 'abs"),
        ("opencv_vit", InvalidArgument, "needs model; not given: model"),
        (
            "cf:windw_size=9",
            InvalidArgument,
            "unknown key 'windw_size'; did you mean 'window_size'",
        ),
        ("cf:window_size=wide", ConfigError, "window_size: .*got 'wide'"),
        ("cf:lost.aftr=3", ConfigError, "unknown key 'lost.aftr'; did you mean 'after'"),
        ("cf:kind.x=3", ConfigError, "kind.x: 'kind' is no block of keys, but 'cf'"),
        ("cf:features=[hog", InvalidArgument, "features: not readable as YAML: '.hog'"),
        ("opencv_mil:lost.after=2", InvalidArgument, "unknown key 'lost.after'; its keys: seed"),
        ("external:timeout=3", InvalidArgument, "needs command; not given: command"),
        ("a/b=default", InvalidArgument, "the label 'a/b' cannot name a folder"),
    ],
)
def test_what_is_wrong_is_said(text, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        parse_tracker(text)


def test_a_malformed_config_is_an_error_of_building(tmp_path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("kind: none_such\n")
    with pytest.raises(ConfigError, match="unknown kind 'none_such'"):
        parse_tracker(str(path))()


# --- ranks


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, 1)),
        ({"RANK": "1", "WORLD_SIZE": "3"}, (1, 3)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, (0, 1)),
    ],
)
def test_ranks_come_from_the_environment(monkeypatch, environment, expected) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert rank_and_world_size() == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"RANK": "1"},
        {"WORLD_SIZE": "2"},
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "x", "WORLD_SIZE": "2"},
    ],
)
def test_an_environment_that_contradicts_itself_is_refused(monkeypatch, environment) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgument, match="torchrun sets both"):
        rank_and_world_size()


def test_alone_there_is_nobody_to_wait_for() -> None:
    assert Ranks(0, 1).gather(["one", "two"]) == ["one", "two"]


def test_paths_of_specs_are_paths(files) -> None:
    spec = parse_tracker(f"opencv_vit:model={files}/b.onnx")
    assert isinstance(spec.options["model"], Path)
