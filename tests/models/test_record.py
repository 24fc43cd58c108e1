"""The record in a weights file: written, read, refused where malformed; configs round-trip."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from published_networks import formula_state, model_of
from safetensors.torch import save_file

from siamcorr.config import config_names, find_config, parse_config, read_yaml
from siamcorr.errors import CheckpointError, ConfigError
from siamcorr.models import (
    ModelSettings,
    WeightsRecord,
    build_model,
    load_weights,
    read_record,
    save_safetensors,
)
from siamcorr.models.importers import find_layout
from siamcorr.models.layouts import LAYOUTS

LARGE = ("siamrpn_r50", "siammask_r50")


def test_a_published_file_becomes_ours_with_its_record(tmp_path: Path) -> None:
    """What `siamcorr import-weights` does, step by step."""
    model = model_of("nanotrack_v2")
    layout = LAYOUTS["nanotrack_v2"]
    shapes = {layout.to_published(k): v.shape for k, v in model.state_dict().items()}
    published = formula_state(shapes | dict(layout.unused))
    source, ours = tmp_path / "nanotrackv2.pth", tmp_path / "model.safetensors"
    torch.save({"state_dict": published}, source)

    config = read_yaml(find_config("trackers", "nanotrack_v2"))
    load_weights(model, source)
    found = find_layout(published)
    assert found is layout
    record = WeightsRecord.of_published(source, found, variant="nanotrack_v2", config=config)
    save_safetensors(model, ours, metadata=record.to_metadata())

    read = read_record(ours)
    assert read == record
    assert read.licence == "Apache-2.0"
    assert read.config["penalty_k"] == 0.15
    assert read.provenance is not None
    assert read.provenance.project == "HonglinChu/SiamTrackers"
    assert read.provenance.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    again = build_model(ModelSettings.model_validate(read.config["model"])).eval()
    load_weights(again, ours)
    crops = torch.rand(1, 3, 255, 255), torch.rand(1, 3, 127, 127)
    with torch.inference_mode():
        assert torch.equal(again(*crops).cls, model(*crops).cls)


def test_files_without_a_record_say_so(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "bare.safetensors")
    assert read_record(tmp_path / "bare.safetensors") is None
    assert read_record(tmp_path / "weights.pth") is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"licence": None}, "the record has no 'licence'"),
        ({"config": "{not json"}, "malformed record"),
        ({"config": "[1]"}, "malformed record"),
        ({"provenance": json.dumps({"project": "x"})}, "malformed record"),
    ],
)
def test_malformed_records_are_refused(
    change: dict[str, str | None], sentence: str, tmp_path: Path
) -> None:
    record = WeightsRecord(variant="siamfc", config={"kind": "siamfc"}, licence="MIT")
    strings = {k: v for k, v in (record.to_metadata() | change).items() if v is not None}
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.ones(1)}, path, metadata=strings)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


def trained_configs() -> list[Any]:
    """Every shipped config of a network that has weights; one of those that share one is enough."""
    models: dict[str, str] = {}
    for name in config_names("trackers"):
        model = read_yaml(find_config("trackers", name)).get("model", {})
        if model.get("head", "ncc") != "ncc":
            models.setdefault(json.dumps(model, sort_keys=True), name)
    return [
        pytest.param(name, marks=pytest.mark.slow) if name.startswith(LARGE) else name
        for name in models.values()
    ]


@pytest.mark.parametrize("name", trained_configs())
def test_configs_round_trip_through_safetensors(name: str, tmp_path: Path) -> None:
    model = model_of(name)
    config = read_yaml(find_config("trackers", name))
    record = WeightsRecord(variant=name, config=config, licence="MIT")
    path = tmp_path / "model.safetensors"
    save_safetensors(model, path, metadata=record.to_metadata())
    read = read_record(path)
    assert read == record
    settings = ModelSettings.model_validate(read.config["model"])
    assert ModelSettings.model_validate_json(settings.model_dump_json()) == settings
    again = build_model(settings, pretrained=False).eval()
    load_weights(again, path)
    state = model.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in again.state_dict().items())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"backbone_options": {"num_block": 8}},
            "backbone 'nano_mobilenet_v3' has no option 'num_block'; did you mean 'num_blocks'",
        ),
        ({"head_options": {"backend": "fft"}}, "head 'nanotrack_v1' has no option 'backend'"),
        ({"neck_options": {"shallow": 1}}, "neck_options without a neck: shallow"),
        ({"neck": "adjust"}, "neck 'adjust' needs the option 'in_channels'"),
        ({"head": "rpn_multilevel"}, "head 'rpn_multilevel' needs the option 'channels'"),
    ],
)
def test_options_are_checked_where_the_config_is_read(
    change: dict[str, Any], sentence: str
) -> None:
    content = {"backbone": "nano_mobilenet_v3", "head": "nanotrack_v1"} | change
    with pytest.raises(ConfigError, match=r"m\.yaml: ") as caught:
        parse_config(content, ModelSettings, "m.yaml")
    assert sentence in str(caught.value)
