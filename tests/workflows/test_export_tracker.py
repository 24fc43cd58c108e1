"""Exported trackers: the folder, what it holds, and boxes equal to those in torch."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnx_scenes
import pytest
import torch

import siamcorr
from siamcorr.errors import ExportError, InvalidArgument
from siamcorr.models import graphs as graph_files
from siamcorr.models.graphs import load_graphs
from siamcorr.tracking import load_tracker
from siamcorr.workflows import export as workflow
from siamcorr.workflows.export import BATCHES, export_tracker

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="the extra onnx is not installed",
)
FORMATS = [pytest.param("onnx", marks=needs_onnx), "pt2"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return onnx_scenes.compact_weights(tmp_path_factory.mktemp("weights"))


def boxes_of(tracker, frames, starts) -> np.ndarray:
    state, boxes = tracker.init(frames[0], starts), []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        boxes.append(result.boxes_xywh.numpy())
    return np.stack(boxes)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_is_all_that_a_tracker_needs(suffix, weights: Path, tmp_path: Path) -> None:
    done = export_tracker(weights, tmp_path / "graphs", suffix=suffix)
    assert list(done.differences) == list(BATCHES)
    assert max(done.differences.values()) < 1e-5
    assert [file.name for file in done.files] == [f"template.{suffix}", f"search.{suffix}"]
    assert [each.name for each in tmp_path.iterdir()] == ["graphs"]
    frames, starts = onnx_scenes.moving_blobs(21)
    eager = boxes_of(load_tracker(weights), frames, starts)
    assert np.ptp(eager[:, :, :2], axis=0).max() > 1  # the boxes do move
    for place in (done.path, done.files[1]):
        graphs = load_tracker(place)
        assert np.abs(boxes_of(graphs, frames, starts) - eager).max() < 0.01
    alone = boxes_of(load_tracker(done.path), frames, starts[:1])
    np.testing.assert_allclose(alone[:, 0], eager[:, 0], rtol=0, atol=0.01)


@needs_onnx
def test_runtime_onnx_exports_for_itself(weights: Path) -> None:
    frames, starts = onnx_scenes.moving_blobs(11)
    eager = boxes_of(load_tracker(weights, runtime="eager"), frames, starts)
    onnx = load_tracker(weights, runtime="onnx")
    assert isinstance(onnx.model, graph_files.GraphModel)
    assert np.abs(boxes_of(onnx, frames, starts) - eager).max() < 0.01


def test_the_record_tells_config_and_provenance(weights: Path, tmp_path: Path) -> None:
    done = export_tracker(weights, tmp_path / "graphs", suffix="pt2")
    metadata = load_graphs(done.path).metadata
    assert json.loads(metadata["config"])["kind"] == "point"
    assert metadata["licence"] == "Apache-2.0"
    assert json.loads(metadata["preprocessing"])["channels"] == "rgb"


def test_settings_may_change_but_not_those_in_the_graphs(weights: Path, tmp_path: Path) -> None:
    done = export_tracker(weights, tmp_path / "graphs", suffix="pt2", batches=[2])
    changed = load_tracker(done.path, changes={"window_influence": 0.25})
    assert changed.settings.window_influence == 0.25
    with pytest.raises(InvalidArgument, match="search_size is part of the graphs"):
        load_tracker(done.path, changes={"search_size": 160})
    with pytest.raises(InvalidArgument, match="holds graphs"):
        load_tracker(done.path, weights=weights)
    with pytest.raises(InvalidArgument, match="holds graphs, and runtime='eager'"):
        load_tracker(done.path, runtime="eager")


def test_an_unknown_runtime_lists_the_closest() -> None:
    with pytest.raises(InvalidArgument, match=r"no runtime 'onxx'; did you mean 'onnx'\?; one of"):
        siamcorr.load_tracker("cf", runtime="onxx")


@pytest.mark.parametrize(("name", "why"), [
    ("cf", "it has no network"),
    ("siammask_r50", "masks are refined at chosen cells"),
    ("siamrpn_r50_lt", "crops of two sizes"),
])  # fmt: skip
def test_kinds_that_are_not_two_graphs_say_why(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=why):
        export_tracker(name, tmp_path / "graphs")
    with pytest.raises(ExportError, match=why):
        load_tracker(name, runtime="onnx")
    assert list(tmp_path.iterdir()) == []


def test_graphs_that_answer_otherwise_are_not_kept(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "largest_differences", lambda *_, **__: {1: 0.0, 5: 2e-4})
    with pytest.raises(ExportError, match=r"by 2\.0e-04 for 5 targets"):
        export_tracker(weights, tmp_path / "graphs", suffix="pt2")
    assert list(tmp_path.iterdir()) == []


def test_only_graphs_are_overwritten(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "graphs"
    first = export_tracker(weights, out, suffix="pt2", batches=[2])
    with pytest.raises(InvalidArgument, match="exists"):
        export_tracker(weights, out, suffix="pt2")
    again = export_tracker(weights, out, suffix="pt2", overwrite=True, batches=[3])
    assert again.files == first.files
    assert list(again.differences) == [3]
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InvalidArgument, match="not a folder of graphs alone"):
        export_tracker(weights, out, suffix="pt2", overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(InvalidArgument, match="does not exist"):
        export_tracker(weights, tmp_path / "absent" / "graphs")


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2, 3])
def test_boxes_on_real_video(data_root: Path, version: int) -> None:
    file = data_root / "weights" / "nanotrack" / f"nanotrackv{version}.pth"
    torch.set_num_threads(2)
    with siamcorr.open_source(data_root / "bag.avi") as video:
        frames = [frame.image for frame in video]
    starts = np.array([[312.0, 146, 106, 96]])
    eager = boxes_of(load_tracker(file), frames, starts)
    onnx = boxes_of(load_tracker(file, runtime="onnx"), frames, starts)
    assert len(eager) == 195
    assert np.abs(onnx - eager).mean() <= 0.01
