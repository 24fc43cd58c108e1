"""Networks as graphs: equal at every batch size, their record, files that are not ours."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest
import torch

from siamcorr.config import find_config, read_yaml
from siamcorr.errors import (
    BackendUnavailable,
    CheckpointError,
    InvalidArgument,
    MissingDependency,
    ShapeError,
)
from siamcorr.models import ModelSettings, SiameseModel, build_model
from siamcorr.models.export import export_graphs
from siamcorr.models.graph_check import largest_differences
from siamcorr.models.graphs import GraphModel, find_graphs, load_graphs
from siamcorr.models.onnx_graph import OnnxGraph

BATCHES = (1, 2, 3, 5, 8, 16)
RECORD = {"config": "{}", "stride": "8"}
SMALL = {"template_size": 64, "search_size": 96}

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="the extra onnx is not installed",
)


def small_model(backend: str | None = None) -> SiameseModel:
    """Point head on four convolutions; statistics that are not those of a fresh batch norm."""
    torch.manual_seed(1)
    settings = ModelSettings(
        backbone="compact",
        backbone_options={"channels": (8, 8, 16, 16)},
        head="point_depthwise",
        head_options={"channels": (16,)},
        xcorr_backend=backend,
        preprocessing={"channels": "bgr", "mean": (1, 2, 3), "std": (64, 65, 66)},
    )
    model = build_model(settings)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


@pytest.fixture(scope="module", params=[pytest.param("onnx", marks=needs_onnx), "pt2"])
def exported(request: pytest.FixtureRequest, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    export_graphs(small_model(), folder, request.param, **SMALL, metadata=RECORD)
    return folder


def test_one_file_serves_every_number_of_targets(exported: Path) -> None:
    graphs = load_graphs(exported)
    apart = largest_differences(small_model(), graphs, **SMALL, batches=BATCHES)
    assert list(apart) == list(BATCHES)
    assert max(apart.values()) < 1e-5
    # the check sees another network
    other = small_model()
    torch.nn.init.normal_(next(other.backbone.parameters()))
    assert min(largest_differences(other, graphs, **SMALL, batches=[1, 3]).values()) > 1e-3


def test_the_record_comes_back(exported: Path) -> None:
    graphs = load_graphs(exported)
    assert dict(graphs.metadata) == RECORD
    assert graphs.stride == 8
    suffix = next(exported.iterdir()).suffix
    files = tuple(exported / f"{name}{suffix}" for name in ("template", "search"))
    assert find_graphs(exported) == files
    assert find_graphs(files[1]) == files
    assert dict(load_graphs(files[0]).metadata) == RECORD


@needs_onnx
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_row_is_the_same_alone_and_among_others(threads: int, tmp_path: Path) -> None:
    export_graphs(small_model(), tmp_path, "onnx", **SMALL, metadata=RECORD)
    graph = OnnxGraph(tmp_path / "template.onnx", threads)
    crops = torch.randint(256, (7, 64, 64, 3)).to(torch.uint8)
    together = graph(crops)[0]
    for row in range(7):
        assert torch.equal(graph(crops[row : row + 1])[0], together[row : row + 1])
    pair = graph(crops[2:4])[0]
    torch.testing.assert_close(pair, together[2:4], rtol=1e-6, atol=1e-6)


def test_as_many_crops_as_templates(exported: Path) -> None:
    graphs = load_graphs(exported)
    template = graphs.embed_template(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
    with pytest.raises(ShapeError, match="3 search crops and 2 templates"):
        graphs.respond(torch.zeros(3, 96, 96, 3, dtype=torch.uint8), template)


@needs_onnx
def test_a_named_backend_that_onnx_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="as many groups as there are samples"):
        export_graphs(small_model("conv2d"), tmp_path, "onnx", **SMALL, metadata=RECORD)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no format 'pb'; one of onnx, pt2"):
        export_graphs(small_model(), tmp_path, "pb", **SMALL, metadata=RECORD)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[onnx\]'"):
        export_graphs(small_model(), tmp_path, "onnx", **SMALL, metadata=RECORD)
    for name in ("template", "search"):
        (tmp_path / f"{name}.onnx").write_bytes(b"")
    with pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[onnx\]'"):
        load_graphs(tmp_path)


@pytest.mark.parametrize("suffix", [pytest.param("onnx", marks=needs_onnx), "pt2"])
def test_files_that_are_no_graphs(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected a folder with template\.onnx"):
        load_graphs(tmp_path)
    for name in ("template", "search"):
        (tmp_path / f"{name}.{suffix}").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not readable"):
        load_graphs(tmp_path)


def test_graphs_of_others_and_of_two_networks(tmp_path: Path) -> None:
    first, second, nobody = (tmp_path / name for name in ("a", "b", "c"))
    for folder, record in ((first, RECORD), (second, RECORD | {"stride": "4"}), (nobody, {})):
        folder.mkdir()
        export_graphs(small_model(), folder, "pt2", **SMALL, metadata=record)
    with pytest.raises(CheckpointError, match="no record of siamcorr"):
        load_graphs(nobody)
    (first / "search.pt2").write_bytes((second / "search.pt2").read_bytes())
    with pytest.raises(CheckpointError, match="are not of one network"):
        load_graphs(first)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "compact", "nanotrack_v1", "nanotrack_v2", "nanotrack_v3", "siamban_mobilev2", "siamfc",
    "siamrpn_alex", "siamrpn_mobilev2", "siamrpn_r50", "siamrpn_upchannel",
])  # fmt: skip
def test_the_networks_of_the_shipped_configs(name: str, tmp_path: Path) -> None:
    """Fresh weights; the network in torch keeps the backend of its config."""
    content = read_yaml(find_config("trackers", name))
    settings = ModelSettings.model_validate(content["model"])
    torch.manual_seed(0)
    model = build_model(settings, pretrained=False).eval()
    free = build_model(settings.model_copy(update={"xcorr_backend": None}), pretrained=False)
    free.load_state_dict(model.state_dict())
    sizes = {key: content[key] for key in ("template_size", "search_size")}
    export_graphs(free.eval(), tmp_path, "onnx", **sizes, metadata=RECORD)
    graphs = load_graphs(tmp_path)
    assert isinstance(graphs, GraphModel)
    batches = (1, 3) if name == "siamrpn_r50" else BATCHES
    apart = largest_differences(model, graphs, **sizes, batches=batches)
    assert max(apart.values()) < 1e-4
