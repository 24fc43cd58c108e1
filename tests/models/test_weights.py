"""Weights files: accepted wrappings load, mismatches are listed, nothing is half loaded."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from siamcorr.errors import CheckpointError, InvalidArgument
from siamcorr.models import (
    ModelSettings,
    Preprocessing,
    SiameseModel,
    load_weights,
    read_state_dict,
    save_safetensors,
)
from siamcorr.models.weights import read_metadata
from siamcorr.nn.heads import SiamFCHead


def small_model(preprocessing: Preprocessing | None = None) -> SiameseModel:
    backbone = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))
    return SiameseModel(backbone, SiamFCHead(), preprocessing)


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


WRAPPINGS: dict[str, Callable[[dict[str, Tensor]], Any]] = {
    "bare": lambda state: state,
    "under state_dict": lambda state: {"epoch": 3, "state_dict": state, "optimizer": {"lr": 1}},
    "under model": lambda state: {"model": state},
    "with module.": lambda state: {f"module.{key}": value for key, value in state.items()},
    "without counters": lambda state: {
        key: value for key, value in state.items() if not key.endswith("num_batches_tracked")
    },
}


@pytest.mark.parametrize("suffix", [".pth", ".pt"])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_torch_files_load(wrapping: str, suffix: str, tmp_path: Path) -> None:
    source, target = small_model(), small_model()
    path = tmp_path / f"weights{suffix}"
    torch.save(WRAPPINGS[wrapping](weights_of(source)), path)
    assert not same(weights_of(source), weights_of(target))
    load_weights(target, path)
    assert same(weights_of(source), weights_of(target))


def test_safetensors_round_trip_with_its_record(tmp_path: Path) -> None:
    source = small_model(Preprocessing(channels="bgr", mean=(1.0, 2.0, 3.0)))
    target = small_model(Preprocessing(channels="bgr", mean=(1.0, 2.0, 3.0)))
    path = tmp_path / "weights.safetensors"
    config = ModelSettings(backbone="alexnet_v1", head="siamfc").model_dump_json()
    save_safetensors(source, path, metadata={"config": config})
    load_weights(target, path)
    assert same(weights_of(source), weights_of(target))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    assert metadata == read_metadata(path)
    assert ModelSettings.model_validate_json(metadata["config"]).backbone == "alexnet_v1"
    assert Preprocessing.model_validate_json(metadata["preprocessing"]) == source.preprocessing


def test_another_preprocessing_than_the_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_safetensors(small_model(Preprocessing(channels="bgr")), path)
    with pytest.raises(CheckpointError, match=r'preprocessing: the file has .*"bgr".* the model'):
        load_weights(small_model(), path)


def broken(change: Callable[[dict[str, Any]], Any]) -> Any:
    state: dict[str, Any] = weights_of(small_model())
    changed = change(state)
    return state if changed is None else changed


BAD_CONTENTS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (
        lambda s: s.popitem() and s.__delitem__("backbone.0.bias"),
        r"missing: backbone.0.bias \(2,\)",
    ),
    (lambda s: s.update(extra=torch.ones(7)), r"unexpected: extra \(7,\)"),
    (
        lambda s: s.update({"backbone.0.weight": torch.ones(2, 4, 3, 3)}),
        r"mis-shaped: backbone.0.weight is \(2, 4, 3, 3\), the model needs \(2, 3, 3, 3\)",
    ),
    (lambda s: {}, "expected a dictionary of tensors, got an empty one"),
    (lambda s: [torch.ones(1)], "expected a dictionary of tensors, got list"),
    (lambda s: torch.ones(1), "expected a dictionary of tensors, got Tensor"),
    (lambda s: s.update(epoch=3), "these entries are no tensors: epoch"),
    (lambda s: {"weights": s}, "alone or under state_dict or model; .* no tensors: weights"),
    (lambda s: {"state_dict": {}}, "expected a dictionary of tensors, got an empty one"),
    (lambda s: {f"net.{k}": v for k, v in s.items()}, r"unexpected: net.backbone.0.weight"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_CONTENTS)
def test_bad_contents(change: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(broken(change), path)
    model = small_model()
    before = weights_of(model)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        load_weights(model, path)
    assert str(path) in str(caught.value)
    assert same(before, weights_of(model)), "nothing may be loaded from a file that does not fit"


def test_every_mismatch_is_listed_at_once(tmp_path: Path) -> None:
    state = weights_of(small_model())
    state["backbone.1.weight"] = torch.ones(5)
    state["head.gain"] = state.pop("backbone.0.bias")
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError) as caught:
        load_weights(small_model(), tmp_path / "w.safetensors")
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("the weights do not fit SiameseModel")
    assert [line.split()[0] for line in lines[1:]] == ["missing:", "mis-shaped:", "unexpected:"]


class _Payload:
    def __reduce__(self) -> Any:
        return (print, ("code of a checkpoint ran",))


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.pth").write_bytes(b"not a zip")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "cut.safetensors").write_bytes(b"\x09\x00")
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"state_dict": _Payload()}))
    torch.save({"state_dict": _Payload()}, tmp_path / "evil.pt")
    for name in ("cut.pth", "empty.pt", "evil.pth", "evil.pt"):
        with pytest.raises(CheckpointError, match=f"{name}: not readable by torch.load"):
            read_state_dict(tmp_path / name)
    with pytest.raises(CheckpointError, match=r"cut.safetensors: not readable as safetensors"):
        read_state_dict(tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match=r"absent.pth: no such file"):
        read_state_dict(tmp_path / "absent.pth")
    with pytest.raises(CheckpointError, match=r"expected a file ending in .safetensors, .pth, .pt"):
        read_state_dict(tmp_path / "weights.onnx")
    assert "code of a checkpoint ran" not in capsys.readouterr().out


def test_writing_is_refused_where_it_cannot_work(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"weights.pth must end in .safetensors"):
        save_safetensors(small_model(), tmp_path / "weights.pth")
    with pytest.raises(InvalidArgument, match="does not exist"):
        save_safetensors(small_model(), tmp_path / "absent" / "weights.safetensors")
