"""`siamcorr data check` as a person runs it: table, examples, exit codes, interruption."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from siamcorr.cli import interrupt
from siamcorr.cli.main import app
from siamcorr.data.video_writer import VideoWriter


@pytest.fixture
def otb(tmp_path):
    """Two sequences of three frames."""
    root = tmp_path / "otb"
    for name in ("Deer", "Dog"):
        (root / name / "img").mkdir(parents=True)
        for i in (1, 2, 3):
            image = np.full((20, 30, 3), 40 * i, np.uint8)
            assert cv2.imwrite(str(root / name / "img" / f"{i:04d}.jpg"), image)
        (root / name / "groundtruth_rect.txt").write_text("1,1,5,5\n" * 3)
    return root


def invoke(root, *words):
    done = CliRunner().invoke(app, ["data", "check", str(root), *words])
    return done.exit_code, re.sub(r"\s+", " ", done.output)


def test_a_sound_set(otb):
    code, output = invoke(otb, "--format", "otb", "--workers", "1")
    assert code == 0, output
    assert "otb: 2 sequences, 6 frames decoded, 6 boxes of visible targets, 0 of them" in output
    assert "no problem found" in output


def test_problems_as_table_examples_and_json(otb, tmp_path):
    (otb / "Deer" / "img" / "0002.jpg").write_bytes(b"no image")
    (otb / "Dog" / "groundtruth_rect.txt").write_text("1,1,5,5\n" * 2)
    out = tmp_path / "report.json"
    code, output = invoke(otb, "--format", "otb", "--json", str(out))
    assert code == 1
    assert re.search(r"problem count unreadable file 1 length mismatch 1", output)
    assert re.search(r"Deer, frame 1: .*0002\.jpg: cannot be decoded", output)
    assert re.search(r"Dog: .*2 annotations, but 3 frames", output)
    assert json.loads(out.read_text())["counts"] == {"unreadable file": 1, "length mismatch": 1}
    only = invoke(otb, "--format", "otb", "--sequences", "Deer")
    assert (only[0], "length mismatch" in only[1]) == (1, False)


def test_only_three_examples_of_a_kind_are_shown(otb):
    (otb / "Deer" / "groundtruth_rect.txt").write_text("1,1,0,5\n" * 3)
    (otb / "Dog" / "groundtruth_rect.txt").write_text("1,1,0,5\n" * 3)
    code, output = invoke(otb, "--format", "otb")
    assert (code, output.count("x, y, w, h = 0, 0, 0, 5")) == (1, 3)
    assert "degenerate box 6" in output


def test_ctrl_c_shows_what_was_found(otb, tmp_path, monkeypatch):
    monkeypatch.setattr(interrupt.StopOnInterrupt, "__call__", lambda self: True)
    out = tmp_path / "report.json"
    code, output = invoke(otb, "--format", "otb", "--json", str(out))
    assert code == 130
    assert "interrupted; the rest of the data set was not checked" in output
    assert json.loads(out.read_text())["interrupted"] is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "got-10k"], "unknown data set 'got-10k'; did you mean 'got10k'"),
        (["--format", "mot"], "no mot sequence in .* looked for: NAME/gt/gt.txt .* found : Deer/"),
        (["--format", "otb", "--json", "absent/x.json"], "the folder 'absent' does not exist"),
    ],
)
def test_errors_are_one_sentence(otb, words, sentence):
    code, output = invoke(otb, *words)
    assert code == 1
    assert re.search(sentence, output), output
    assert "Traceback" not in output


def test_extract_makes_images_that_check_finds_sound(tmp_path):
    root, out = tmp_path / "mine", tmp_path / "images"
    root.mkdir()
    with VideoWriter(root / "walk.mp4", fps=10) as writer:
        for _ in range(3):
            writer.write(np.full((48, 64, 3), 90, np.uint8))
    (root / "walk.csv").write_text("frame,x,y,w,h\n0,1,1,9,9\n2,3,1,9,9\n")
    words = ["data", "extract", str(root), "--format", "boxes_csv", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "walk: written to" in done.output
    code, output = invoke(out, "--format", "boxes_csv")
    assert (code, "1 sequences, 3 frames decoded, 2 boxes" in output) == (0, True), output
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 1
    assert "exists; remove both" in re.sub(r"\s+", " ", again.output)
