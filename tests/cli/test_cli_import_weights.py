"""`siamcorr import-weights` and one-step loading: what is written, and what is refused."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.config import config_names
from siamcorr.errors import CheckpointError, ConfigError, InvalidArgument
from siamcorr.models import build_model, save_safetensors
from siamcorr.models.layouts import LAYOUTS
from siamcorr.tracking import PointTracker, SiamFCTracker, load_tracker
from siamcorr.tracking.factory import settings_of_config, settings_of_weights

NEEDING_WEIGHTS = [name for name in config_names("trackers") if name.startswith(("nano", "siam"))]


def model_of(name: str) -> torch.nn.Module:
    torch.manual_seed(1)
    settings: Any = settings_of_config(name)
    return build_model(settings.model)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NanoTrack v3 with random weights in the published form: prefix, trainer's dictionary."""
    layout = LAYOUTS["nanotrack_v3"]
    state = {
        f"module.{layout.to_published(k)}": v
        for k, v in model_of("nanotrack_v3").state_dict().items()
    }
    state |= {f"module.{key}": torch.zeros(shape) for key, shape in layout.unused.items()}
    path = tmp_path_factory.mktemp("weights") / "v3.pth"
    torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": np.float64(0.1)}}, path)
    return path


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["import-weights", *map(str, arguments)])


def test_the_new_file_holds_everything(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "v3.safetensors"
    done = command(checkpoint, "--out", out)
    assert done.exit_code == 0, done.output
    assert "nanotrack_v3: 432 tensors, 541,446 parameters" in done.output
    assert "from HonglinChu/SiamTrackers (Apache-2.0)" in done.output
    assert "never used by the network: neck.downsample.0.weight, " in done.output

    with safe_open(out, framework="pt") as file:
        metadata = file.metadata()
    assert (metadata["variant"], metadata["licence"]) == ("nanotrack_v3", "Apache-2.0")
    config = json.loads(metadata["config"])
    assert (config["kind"], config["penalty_k"], config["size_lr"]) == ("point", 0.138, 0.348)
    assert json.loads(metadata["preprocessing"])["channels"] == "bgr"
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert json.loads(metadata["provenance"]) == {
        "project": "HonglinChu/SiamTrackers",
        "file": "v3.pth",
        "sha256": digest,
    }

    frame = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    boxes = []
    for weights in (out, checkpoint):
        tracker = load_tracker(weights)
        assert isinstance(tracker, PointTracker)
        assert not tracker.model.training
        _, result = tracker.update(tracker.init(frame, [40, 30, 30, 20]), frame)
        boxes.append(result.boxes_xywh)
    assert torch.equal(*boxes)


def test_the_file_alone_names_the_tracker(checkpoint: Path, tmp_path: Path) -> None:
    assert isinstance(load_tracker(weights=checkpoint), PointTracker)
    out = tmp_path / "slow.safetensors"
    settings: Any = settings_of_config("siamfc").model_copy(update={"size_lr": 0.5})
    config = json.dumps(settings.model_dump(mode="json"))
    save_safetensors(build_model(settings.model), out, metadata={"config": config})
    tracker = load_tracker(out)
    assert isinstance(tracker, SiamFCTracker)
    assert tracker.settings.size_lr == 0.5
    with pytest.raises(InvalidArgument, match=r"slow\.safetensors is a weights file itself"):
        load_tracker(out, weights=out)


def test_constants_of_another_config_with_the_same_network(tmp_path: Path) -> None:
    layout, path = LAYOUTS["pysot_alexlegacy"], tmp_path / "model.pth"
    state = {layout.to_published(k): v for k, v in model_of("siamrpn_alex").state_dict().items()}
    torch.save(state, path)
    out = tmp_path / "alex.safetensors"
    assert command(path, "--out", out).exit_code == 0
    settings: Any = settings_of_weights(out)
    assert (settings.kind, settings.search_size, settings.penalty_k) == ("rpn", 287, 0.16)
    refused = command(path, "--out", tmp_path / "r50.safetensors", "--tracker", "nanotrack_v1")
    assert refused.exit_code == 1
    assert "by its keys the file is siamrpn_alex" in refused.output
    assert not (tmp_path / "r50.safetensors").exists()


class Villain:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.write_text, (self.path, "executed")


def test_files_that_cannot_be_imported(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    trace = tmp_path / "trace.txt"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"state_dict": Villain(trace)}))
    (tmp_path / "cut.pth").write_bytes(checkpoint.read_bytes()[:100_000])
    torch.save({"a.weight": torch.zeros(3)}, tmp_path / "other.pth")
    content = torch.load(checkpoint, weights_only=False)
    keys = [key for key in content["state_dict"] if key.endswith("weight")][5:8]
    for key in keys:
        del content["state_dict"][key]
    torch.save(content, tmp_path / "holes.pth")
    sentences = {
        "evil.pth": ["refuses files that run code"],
        "cut.pth": ["cut or damaged"],
        "other.pth": ["no known network has these keys: a.weight"],
        "holes.pth": [f"missing: {key.removeprefix('module.')}" for key in keys],
        "absent.pth": ["no such file"],
        "text.txt": ["expected a file ending in .safetensors, .pth, .pt"],
    }
    for name, wanted in sentences.items():
        done = command(tmp_path / name, "--out", out)
        assert (done.exit_code, out.exists()) == (1, False)
        for sentence in wanted:
            assert sentence in done.output
        with pytest.raises(CheckpointError):
            load_tracker("nanotrack_v3", weights=tmp_path / name)
    assert not trace.exists()


def test_targets_that_cannot_be_written(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    out.write_bytes(b"kept")
    done = command(checkpoint, "--out", out)
    assert (done.exit_code, out.read_bytes()) == (1, b"kept")
    assert "exists; name another file or overwrite it" in done.output
    assert command(checkpoint, "--out", out, "--overwrite").exit_code == 0
    assert len(out.read_bytes()) > 1_000_000
    assert "must end in .safetensors" in command(checkpoint, "--out", tmp_path / "m.pth").output


def test_a_record_that_is_no_config(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    for record, sentence in {
        "{": "is not JSON",
        "[1]": r"must be an object, got \[1\]",
        "{}": "missing key 'kind'",
        '{"kind": "rnp"}': "unknown kind 'rnp'.*'rpn'",
    }.items():
        save_safetensors(model_of("siamfc"), path, metadata={"config": record})
        with pytest.raises(ConfigError, match=sentence):
            load_tracker(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", NEEDING_WEIGHTS)
def test_every_config_goes_round_through_safetensors(name: str, tmp_path: Path) -> None:
    model, path = model_of(name), tmp_path / "model.safetensors"
    settings = settings_of_config(name)
    save_safetensors(model, path, metadata={"config": settings.model_dump_json()})
    tracker: Any = load_tracker(path)
    assert tracker.settings == settings
    loaded = tracker.model.state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in model.state_dict().items())
