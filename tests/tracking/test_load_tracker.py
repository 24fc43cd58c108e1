"""Trackers by name: configs, weights, devices, and the sentence for what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from siamcorr.config import find_config, read_yaml
from siamcorr.errors import (
    BackendUnavailable,
    CheckpointError,
    ConfigError,
    InvalidArgument,
    UnknownName,
)
from siamcorr.models import ModelSettings, build_model, save_safetensors
from siamcorr.tracking import FixedFiltersTracker, SiamFCTracker, load_tracker, tracker_names
from siamcorr.tracking.cf import CFTracker


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of SiamFC, as a foreign checkpoint would hold them."""
    torch.manual_seed(4)
    model = build_model(ModelSettings(backbone="alexnet_v1", head="siamfc"))
    folder = tmp_path_factory.mktemp("weights")
    torch.save(model.state_dict(), folder / "siamfc.pth")
    save_safetensors(model, folder / "siamfc.safetensors")
    return folder


def config_file(tmp_path: Path, **changes: Any) -> str:
    content = read_yaml(find_config("trackers", "fixed_filters")) | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
    return str(path)


def test_names() -> None:
    assert {"default", "fixed_filters", "siamfc"} <= set(tracker_names())
    assert isinstance(load_tracker("default"), CFTracker)
    assert isinstance(load_tracker("fixed_filters"), FixedFiltersTracker)


@pytest.mark.parametrize("name", ["siamfc.pth", "siamfc.safetensors"])
def test_siamfc_with_weights(name: str, weights: Path) -> None:
    tracker = load_tracker("siamfc", weights=weights / name, device="cpu")
    assert isinstance(tracker, SiamFCTracker)
    assert not tracker.model.training
    stored = torch.load(weights / "siamfc.pth", weights_only=True)
    for key, value in tracker.model.state_dict().items():
        assert torch.equal(value, stored[key])


def test_a_config_of_ones_own(tmp_path: Path) -> None:
    tracker = load_tracker(config_file(tmp_path, num_scales=5, template_lr=0))
    assert isinstance(tracker, FixedFiltersTracker)
    assert (len(tracker.scale_factors), tracker.settings.template_lr) == (5, 0)


def test_unknown_name() -> None:
    with pytest.raises(UnknownName, match=r"no config 'siamfcc' in 'trackers'.*mean 'siamfc'"):
        load_tracker("siamfcc")


def test_siamfc_without_weights_names_the_cure() -> None:
    with pytest.raises(InvalidArgument, match="siamfc: this tracker needs trained weights; pass"):
        load_tracker("siamfc")


def test_weights_for_a_tracker_without_any(weights: Path) -> None:
    with pytest.raises(InvalidArgument, match="fixed_filters: this tracker has no weights to load"):
        load_tracker("fixed_filters", weights=weights / "siamfc.pth")


def test_weights_that_do_not_fit(tmp_path: Path, weights: Path) -> None:
    state = torch.load(weights / "siamfc.pth", weights_only=True)
    del state["backbone.conv5.0.bias"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(CheckpointError, match=r"missing: backbone.conv5.0.bias \(256,\)"):
        load_tracker("siamfc", weights=tmp_path / "cut.pth")


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", 3.5])
def test_what_is_no_device(device: Any) -> None:
    with pytest.raises(InvalidArgument, match="is no device of torch; use cpu, cuda or cuda:0"):
        load_tracker(device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(BackendUnavailable, match="device 'cuda' cannot be used here"):
        load_tracker(device="cuda")


BAD_CONFIGS: list[tuple[dict[str, Any], str]] = [
    ({"kind": None}, r"missing key 'kind'; one of .*siamfc, fixed_filters"),
    ({"kind": "siamrpn"}, r"unknown kind 'siamrpn'; one of .*siamfc, fixed_filters"),
    ({"kind": ["siamfc"]}, "unknown kind "),
    ({"scale_stepp": 2}, "unknown key 'scale_stepp'; did you mean 'scale_step'"),
    ({"scale_step": None}, "missing key .scale_step."),
    ({"scale_step": 1.0}, "scale_step: Input should be greater than 1, got 1.0"),
    ({"window_influence": 1.5}, "window_influence: Input should be less than or equal to 1"),
    ({"num_scales": "three"}, "num_scales: Input should be a valid integer"),
    ({"num_scales": 2}, "num_scales: must be odd, got 2"),
    ({"template_size": 300}, "template_size 300 must not be larger than search_size 256"),
    ({"model": {"backbone": "fixed_filters"}}, "missing key .model.head."),
    ({"model": {"backbone": "b", "head": "ncc", "hed": 1}}, "unknown key 'model.hed'; did you"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD_CONFIGS)
def test_bad_configs(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    content = read_yaml(find_config("trackers", "fixed_filters")) | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_tracker(str(path))
    assert str(path) in str(caught.value)
