"""`siamcorr demo` and `siamcorr info`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from fake_tracker import STEP, FakeTracker
from typer.testing import CliRunner

import siamcorr
from siamcorr.cli.main import app
from siamcorr.data.video import open_source
from siamcorr.opencv import load_cv2
from siamcorr.ops import list_backends
from siamcorr.workflows import demo


@dataclass
class WalkingSequence:
    """Three targets: one walks as the fake tracker does, one stands, one is seen only at first."""

    name: str = "walk"
    fps: float = 20.0

    def __post_init__(self):
        start = np.array([[10.0, 12, 40, 20], [50, 40, 30, 30], [5, 50, 10, 10]])
        steps = np.arange(8)[:, None, None] * np.array([[1.0], [0], [0]]) * STEP.numpy()
        self.boxes_xywh = start + steps
        self.visible = np.ones((8, 3))
        self.visible[1:, 2] = 0

    def __len__(self):
        return 8

    def __iter__(self):
        for index in range(8):
            yield np.full((81, 121, 3), 20 * index, np.uint8)


@pytest.fixture
def walk(monkeypatch):
    fake = FakeTracker()
    monkeypatch.setattr(demo, "load_tracker", lambda *args, **kwargs: fake)
    monkeypatch.setattr(demo, "load_synthetic", lambda name: WalkingSequence())


def test_overlap_with_the_truth_by_hand(walk, tmp_path):
    report = demo.run_demo(tmp_path / "out")
    walking, standing, gone = report.targets
    assert (walking.mean_overlap, walking.success) == (1.0, 1.0)
    by_hand = []
    for index in range(1, 8):  # a 30 x 30 box that is 2 i to the right and i below its twin
        shared = (30 - 2 * index) * (30 - index)
        by_hand.append(shared / (1800 - shared))
    assert standing.mean_overlap == pytest.approx(np.mean(by_hand))
    assert standing.success == pytest.approx(np.mean(np.array(by_hand) > 0.5))
    assert 0 < standing.success < 1
    assert math.isnan(gone.mean_overlap)
    seen = [walking.mean_overlap, standing.mean_overlap]
    assert report.mean_overlap == pytest.approx(np.mean(seen))


def test_demo_leaves_its_files_and_replaces_earlier_ones(walk, tmp_path):
    for _ in range(2):
        result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "out")])
        assert result.exit_code == 0, result.output
    assert "mean overlap with the truth: 0." in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "panel.png",
        "tracks.csv",
        "tracks.json",
        "video.mp4",
    ]
    found = json.loads((tmp_path / "out" / "tracks.json").read_text())
    assert found["source"] == {"name": "walk", "fps": 20.0}
    assert [row["time_s"] for row in found["tracks"][::3]] == [i / 20 for i in range(8)]
    with open_source(tmp_path / "out" / "video.mp4") as video:
        assert sum(1 for _ in video) == 8
    picture = load_cv2().imread(str(tmp_path / "out" / "panel.png"))
    assert picture.shape[1] == 1672
    assert picture.std() > 20


def test_demo_stopped_early_compares_what_there_is(walk, tmp_path):
    asked = iter([False, False, True])
    report = demo.run_demo(tmp_path / "out", stop_requested=lambda: next(asked))
    assert report.run.interrupted
    assert report.run.frames == 3
    assert report.targets[0].mean_overlap == 1.0
    assert (tmp_path / "out" / "panel.png").is_file()


def test_info_lists_what_there_is():
    result = CliRunner().invoke(app, ["info"])
    assert result.exit_code == 0, result.output
    assert f"siamcorr     {siamcorr.__version__}" in result.stdout
    assert f"torch        {torch.__version__}" in result.stdout
    for backend in list_backends():
        line = next(x for x in result.stdout.splitlines() if x.split()[:1] == [backend.name])
        assert ("; ".join(backend.reasons) or "usable") in line
    trackers = next(x for x in result.stdout.splitlines() if x.startswith("trackers"))
    assert "default" in trackers


@pytest.mark.slow
def test_demo_with_the_default_tracker(tmp_path):
    report = demo.run_demo(tmp_path / "out")
    assert report.run.frames >= 300
    assert len(report.targets) >= 4
    assert report.mean_overlap >= 0.5
