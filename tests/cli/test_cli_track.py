"""`siamcorr track` as a person runs it: outputs, interruption, broken sources."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fake_tracker import FakeTracker
from typer.testing import CliRunner

import siamcorr
from siamcorr.cli.main import app
from siamcorr.data.video import VideoWriter, open_source
from siamcorr.workflows import track_to_files

TESTS = Path(__file__).resolve().parents[1]
SLOW_TRACKER = """
from fake_tracker import FakeTracker
from siamcorr.workflows import track_to_files
track_to_files.load_tracker = lambda *args, **kwargs: FakeTracker(seconds=0.05)
from siamcorr.cli.main import run
run()
"""


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 20.0) as writer:
        for index in range(200):
            writer.write(np.full((62, 84, 3), index, np.uint8))
    return path


@pytest.fixture
def tracker(monkeypatch):
    fake = FakeTracker(lost_from=3)
    monkeypatch.setattr(track_to_files, "load_tracker", lambda *args, **kwargs: fake)
    return fake


def plain(text):
    return re.sub(r"\s+", " ", text)


def read_rows(out):
    return list(csv.DictReader((out / "tracks.csv").read_text().splitlines()))


def count_frames(path):
    with open_source(path) as video:
        return sum(1 for _ in video)


def start_process(arguments, cwd):
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_TRACKER, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path, timeout_s=60.0):
    until = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.02)


def test_track_writes_everything_and_says_where(tracker, clip, tmp_path):
    boxes = ["--box", "10,12,20,24", "--box", "40 20 16 10"]
    out = tmp_path / "out"
    options = ["--stop", "6", "--response", "panel", "--save-responses"]
    result = CliRunner().invoke(app, ["track", str(clip), *boxes, "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    assert [path.name for path in sorted(out.iterdir())] == [
        "responses",
        "tracks.csv",
        "tracks.json",
        "video.mp4",
    ]
    rows = read_rows(out)
    assert ",".join(rows[0]) == "frame_index,time_s,id,x,y,w,h,score,lost"
    assert len(rows) == 12
    assert [row["lost"] for row in rows] == ["0"] * 6 + ["1"] * 6
    assert count_frames(out / "video.mp4") == 6
    shown = plain(result.stdout)
    assert "0 6 3 0.750 20, 17, 20, 24" in shown
    assert "6 frames in" in shown
    assert str(out / "video.mp4") in result.stdout


def test_track_takes_boxes_from_a_file(tracker, clip, tmp_path):
    (tmp_path / "boxes.csv").write_text("x,y,w,h\n10,12,20,24\n40,20,16,10\n")
    arguments = ["--boxes", str(tmp_path / "boxes.csv"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["track", str(clip), *arguments, "--stop", "2", "--no-video"])
    assert result.exit_code == 0, result.output
    assert [row["w"] for row in read_rows(tmp_path / "out")] == ["20.0", "16.0"] * 2


def test_track_with_picked_boxes(tracker, clip, tmp_path, monkeypatch):
    from siamcorr.geometry.boxes import as_boxes_xywh
    from siamcorr.workflows import select_boxes

    seen = []
    monkeypatch.setattr(select_boxes, "has_screen", lambda: True)
    monkeypatch.setattr(
        select_boxes, "pick_boxes", lambda frame: seen.append(frame) or as_boxes_xywh([1, 2, 3, 4])
    )
    out = ["--out", str(tmp_path / "out"), "--start", "120", "--stop", "122", "--no-video"]
    result = CliRunner().invoke(app, ["track", str(clip), "--select", *out])
    assert result.exit_code == 0, result.output
    assert abs(int(seen[0].mean()) - 120) < 6  # the frame at --start
    assert [row["x"] for row in read_rows(tmp_path / "out")] == ["1.0", "3.0"]


def test_second_run_needs_overwrite(tracker, clip, tmp_path):
    common = ["track", str(clip), "--box", "1,2,9,9", "--out", str(tmp_path / "out"), "--no-video"]
    assert CliRunner().invoke(app, [*common, "--stop", "2"]).exit_code == 0
    refused = CliRunner().invoke(app, [*common, "--stop", "4"])
    assert refused.exit_code == 1
    assert "pass --overwrite" in refused.stderr
    assert len(read_rows(tmp_path / "out")) == 2
    assert CliRunner().invoke(app, [*common, "--stop", "4", "--overwrite"]).exit_code == 0
    assert len(read_rows(tmp_path / "out")) == 4


def test_broken_images_leave_what_came_before(tracker, tmp_path):
    from siamcorr.opencv import load_cv2

    images = tmp_path / "images"
    images.mkdir()
    for index in range(6):
        load_cv2().imwrite(str(images / f"{index}.png"), np.full((51, 73, 3), index, np.uint8))
    content = (images / "4.png").read_bytes()
    (images / "4.png").write_bytes(content[: len(content) // 2])
    out = tmp_path / "out"
    arguments = ["track", str(images), "--box", "5,5,20,20", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "4.png" in result.stderr
    assert f"The 4 frames before it are in {out}" in result.stderr
    assert len(read_rows(out)) == 4
    assert json.loads((out / "tracks.json").read_text())["status"] == "failed"
    assert count_frames(out / "video.mp4") == 4


@pytest.mark.parametrize("presses", [1, 2])
def test_interrupt_leaves_complete_files(clip, tmp_path, presses):
    out = tmp_path / "out"
    arguments = ["track", clip, "--box", "10,10,20,20", "--out", out, "--save-responses"]
    with start_process([*arguments, "--response", "overlay"], tmp_path) as process:
        try:
            wait_for(out / "responses.partial")
            time.sleep(0.5)
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    found = json.loads((out / "tracks.json").read_text())
    frames = found["frames"]
    assert found["status"] == "interrupted"
    assert 1 <= frames < 200
    # a second press may fall between the files of one frame
    slack = 0 if presses == 1 else 1
    assert abs(len(found["tracks"]) - frames) <= slack
    assert abs(len(read_rows(out)) - frames) <= slack
    assert abs(count_frames(out / "video.mp4") - frames) <= slack
    assert not [path.name for path in out.iterdir() if "partial" in path.name]


def test_help_and_version():
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    for command in ("track", "demo", "info"):
        assert command in shown.stdout
    assert "130 interrupted" in plain(shown.stdout)
    version = CliRunner().invoke(app, ["--version"])
    assert version.stdout == f"siamcorr {siamcorr.__version__}\n"
    for command in ("track", "demo", "info"):
        assert CliRunner().invoke(app, [command, "-h"]).exit_code == 0


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from siamcorr.cli.main import app\n"
        "assert CliRunner().invoke(app, ['track', '--help']).exit_code == 0\n"
        "print(sorted({'torch', 'cv2', 'av', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [["-m", "siamcorr", "track"], ["scripts/track.py"]])
def test_other_ways_to_start(command, tmp_path):
    done = subprocess.run(
        [sys.executable, *command, "missing.mp4", "--box", "1,2,3"],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "expected four numbers" in done.stderr


def test_select_without_a_screen_is_a_sentence(clip, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "siamcorr", "track", str(clip), "--select"],
        cwd=TESTS.parent,
        env={**os.environ, "DISPLAY": ":9871", "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: --select: OpenCV cannot open a window here")
    assert "--box x,y,w,h or --boxes FILE" in done.stderr
