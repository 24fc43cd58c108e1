"""`siamcorr export`, and `siamcorr track` on what it wrote."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import pytest
import torch
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, WeightsRecord, build_model, save_safetensors


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    config = read_yaml(find_config("trackers", "compact"))
    record = WeightsRecord(variant="compact", config=config, licence="Apache-2.0")
    model = build_model(ModelSettings.model_validate(config["model"]))
    save_safetensors(model, tmp_path / "w.safetensors", metadata=record.to_metadata())
    return tmp_path / "w.safetensors"


def test_export_and_track_from_the_folder(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "graphs"
    done = run("export", weights, "--format", "pt2", "--out", out)
    assert done.exit_code == 0, done.output
    assert "largest difference from torch" in done.output
    assert "(1, 2, 3, 5, 8, 16)" in done.output
    frames = tmp_path / "frames"
    frames.mkdir()
    for t in range(4):
        image = torch.randint(256, (90, 120, 3), generator=torch.Generator().manual_seed(7))
        cv2.imwrite(str(frames / f"{t}.png"), image.roll(2 * t, 1).to(torch.uint8).numpy())
    words = ("track", frames, "--box", "40,30,20,24", "--no-video")
    tables = []
    for name, options in {"graphs": ["--tracker", out], "eager": ["--weights", weights]}.items():
        tracked = run(*words, *options, "--out", tmp_path / f"run_{name}")
        assert tracked.exit_code == 0, tracked.output
        with (tmp_path / f"run_{name}" / "tracks.csv").open() as file:
            tables.append([[float(row[key]) for key in "xywh"] for row in csv.DictReader(file)])
    torch.testing.assert_close(torch.tensor(tables[0]), torch.tensor(tables[1]), rtol=0, atol=0.01)
    assert len(tables[0]) == 4


def test_errors_are_sentences(weights: Path, tmp_path: Path) -> None:
    failed = run("export", "cf", "--out", tmp_path / "graphs")
    assert failed.exit_code == 1
    assert "error: cf: trackers of this kind do not run on two graphs" in failed.output
    wrong = run("export", weights, "--format", "tflite", "--out", tmp_path / "graphs")
    assert wrong.exit_code == 2
    unknown = run("track", tmp_path, "--box", "1,2,3,4", "--runtime", "tensorrt")
    assert unknown.exit_code == 1
    assert "error:" in unknown.output
