"""Published checkpoints: the variant by the keys, names one to one, strict, nothing executed."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_networks import KEYS_FILES, formula_state, model_of, published_shapes
from torch import Tensor

from siamcorr.errors import CheckpointError
from siamcorr.models import import_state_dict, infer_variant, load_weights, read_state_dict
from siamcorr.models.importers import find_layout
from siamcorr.models.layouts import LAYOUTS
from siamcorr.nn.heads import BoxOutput

VARIANTS = sorted(set(KEYS_FILES.values()))
LARGE = ("siamrpn_r50", "siamrpn_r50_lt", "siamrpn_r50_otb")

LAYOUT_OF = {
    "pysot_siamrpn_alex_dwxcorr": "pysot_alexlegacy",
    "pysot_siamrpn_alex_dwxcorr_otb": "pysot_alexlegacy",
    "pysot_siamrpn_alex_dwxcorr_16gpu": "pysot_alex",
    "pysot_siammask_r50_l3": "pysot_siammask",
    "siammask_foolwood_sharp": "foolwood_siammask",
    "siamfc_pytorch_alexnetv1": "siamfc_pytorch",
    "nanotrackv1": "nanotrack_v1",
    "nanotrackv2": "nanotrack_v2",
    "nanotrackv3": "nanotrack_v3",
}


def empty_state(shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


@pytest.mark.parametrize("name", KEYS_FILES)
def test_published_keys_tell_the_variant_and_the_layout(name: str, data_root: Path) -> None:
    state = empty_state(published_shapes(data_root, name))
    assert infer_variant(state) == KEYS_FILES[name]
    assert find_layout(state) is LAYOUTS[LAYOUT_OF.get(name, "pysot_levels")]


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_keys_are_the_models_one_to_one(variant: str, data_root: Path) -> None:
    expected = {key: value.shape for key, value in model_of(variant).state_dict().items()}
    for name in (name for name, found in KEYS_FILES.items() if found == variant):
        shapes = published_shapes(data_root, name)
        layout = find_layout(empty_state(shapes))
        assert layout is not None
        used = {key for key in shapes if key not in layout.unused}
        assert {layout.to_published(layout.to_own(key)) for key in used} == used
        assert len({layout.to_own(key) for key in used}) == len(used)
        _, own = import_state_dict(empty_state(shapes))
        assert {key: value.shape for key, value in own.items()} == expected, name


@pytest.mark.parametrize(
    "variant",
    [pytest.param(v, marks=pytest.mark.slow) if v in LARGE else v for v in VARIANTS],
)
def test_published_shapes_load_strictly_and_run(variant: str, data_root: Path) -> None:
    model = model_of(variant)
    name = next(name for name, found in KEYS_FILES.items() if found == variant)
    shapes = published_shapes(data_root, name)
    _, own = import_state_dict({key: torch.zeros(shape) for key, shape in shapes.items()})
    model.load_state_dict(own, strict=True)
    with torch.inference_mode():
        output = model(torch.zeros(1, 3, 255, 255), torch.zeros(1, 3, 127, 127))
    cells = {"siamfc": 17, "siamrpn_alex": 17, "nanotrack_v1": 16, "nanotrack_v2": 16}
    cells |= {"nanotrack_v3": 15}
    response = output.cls if isinstance(output, BoxOutput) else output
    assert response.shape[-2:] == (cells.get(variant, 25),) * 2


def test_r50_without_weights_of_the_levels_is_the_one_with_the_mean(data_root: Path) -> None:
    shapes = published_shapes(data_root, "pysot_siamrpn_r50_l234_dwxcorr")
    for key in ("rpn_head.cls_weight", "rpn_head.loc_weight"):
        del shapes[key]
    assert infer_variant(empty_state(shapes)) == "siamrpn_r50_otb"


def test_an_unknown_network_is_refused_with_what_is_known() -> None:
    with pytest.raises(CheckpointError, match=r"no known network.*encoder.0.weight") as caught:
        infer_variant({"encoder.0.weight": torch.zeros(1)})
    assert "nanotrack_v3" in str(caught.value)
    assert "siammask_r50" in str(caught.value)
    assert find_layout({"encoder.0.weight": torch.zeros(1)}) is None


@pytest.fixture(scope="module")
def published_v1() -> dict[str, Tensor]:
    """NanoTrack v1 as published, with weights by a formula."""
    layout = LAYOUTS["nanotrack_v1"]
    shapes = {
        layout.to_published(k): v.shape for k, v in model_of("nanotrack_v1").state_dict().items()
    }
    return formula_state(shapes | dict(layout.unused))


def test_a_trainers_file_loads(published_v1: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint_e26.pth"
    trainer = {"param_groups": [{"lr": np.float64(5e-4), "momentum": 0.9}]}
    state = OrderedDict((f"module.{key}", value) for key, value in published_v1.items())
    torch.save({"epoch": 26, "state_dict": state, "optimizer": trainer}, path)
    model = model_of("nanotrack_v1")
    load_weights(model, path)
    _, expected = import_state_dict(published_v1)
    assert len(expected) == len(published_v1) - 6
    for key, value in model.state_dict().items():
        assert torch.equal(value, expected[key]), key


def test_own_names_load_as_well(published_v1: dict[str, Tensor], tmp_path: Path) -> None:
    _, own = import_state_dict(published_v1)
    torch.save(own, tmp_path / "own.pth")
    model = model_of("nanotrack_v1")
    load_weights(model, tmp_path / "own.pth")
    assert all(torch.equal(value, own[key]) for key, value in model.state_dict().items())


def test_published_nanotrack_files_are_read(data_root: Path) -> None:
    """They hold numpy scalars; nothing stays allowed after the call."""
    before = set(torch.serialization.get_safe_globals())  # torch keeps them in no order
    for version, tensors in (("v1", 231), ("v2", 298), ("v3", 438)):
        path = data_root / "weights" / "nanotrack" / f"nanotrack{version}.pth"
        state = read_state_dict(path)
        assert len(state) == tensors
        assert infer_variant(state) == f"nanotrack_{version}"
    assert set(torch.serialization.get_safe_globals()) == before


def refusal(state: Any, path: Path, variant: str = "nanotrack_v1") -> list[str]:
    """Lines of the error; the model is as before."""
    torch.save(state, path)
    model = model_of(variant)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, path)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    return str(caught.value).splitlines()


def test_missing_keys_are_listed_as_the_file_names_them(
    published_v1: dict[str, Tensor], tmp_path: Path
) -> None:
    gone = (
        "backbone.features.3.conv.0.weight",
        "ban_head.cls_tower.0.weight",
        "neck.downsample.1.bias",
    )
    state = {key: value for key, value in published_v1.items() if key not in gone}
    lines = refusal(state, tmp_path / "three.pth")
    assert lines[0].endswith("fit SiameseModel; by its keys the file is nanotrack_v1")
    assert [line.split()[:2] for line in lines[1:]] == [["missing:", key] for key in gone]


def test_misshaped_and_unexpected_keys_are_listed(
    published_v1: dict[str, Tensor], tmp_path: Path
) -> None:
    other = {"neck.downsample.0.weight": torch.zeros(64, 48, 1, 1), "ban_head.extra": torch.ones(3)}
    lines = refusal(published_v1 | other, tmp_path / "other.pth")
    assert [line.strip() for line in lines[1:]] == [
        "mis-shaped: neck.downsample.0.weight is (64, 48, 1, 1), the model needs (64, 64, 1, 1)",
        "unexpected: ban_head.extra (3,)",
    ]


def test_another_architecture_is_named_and_its_keys_abridged(
    published_v1: dict[str, Tensor], tmp_path: Path
) -> None:
    lines = refusal(published_v1, tmp_path / "v1.pth", "siamrpn_alex")
    assert "by its keys the file is nanotrack_v1" in lines[0]
    assert len(lines) == 19
    required = 75 - 11  # of AlexNet's tensors 11 count batches and may be absent
    assert lines[9].strip() == f"... and {required - 8} more missing"
    assert lines[18].strip() == f"... and {len(published_v1) - 6 - 8} more unexpected"


class _Runs:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return (os.system, (self.command,))


@pytest.mark.parametrize("place", ["state_dict", "optimizer"])
def test_a_file_that_asks_for_a_command_is_refused_unexecuted(
    place: str, published_v1: dict[str, Tensor], tmp_path: Path
) -> None:
    trace = tmp_path / "executed"
    content = {"state_dict": published_v1, "optimizer": {}, place: _Runs(f"touch {trace}")}
    lines = refusal(content, tmp_path / "evil.pth")
    assert lines[0].endswith("posix.system; nothing was executed")
    assert not trace.exists()


@pytest.mark.parametrize(
    "scalar", [np.float32(1), np.datetime64(0, "s"), np.dtype([("a", "O")]), np.ones(2)]
)
def test_no_other_numpy_object_is_read(scalar: Any, tmp_path: Path) -> None:
    lines = refusal({"state_dict": {}, "optimizer": scalar}, tmp_path / "numpy.pth")
    assert "not readable by torch.load(weights_only=True)" in lines[0]
    assert "numpy" in lines[0]


def test_a_cut_file_is_refused(published_v1: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save(published_v1, path)
    content = path.read_bytes()
    for share in (0.1, 0.5, 0.99):
        cut = tmp_path / "cut.pth"
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(CheckpointError, match=r"cut\.pth: .* the file is cut or damaged"):
            read_state_dict(cut)
