"""Every wrong flag and input ends in its sentence and its exit code, without a traceback."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.data.video import VideoWriter

BOX = ("--box", "10,10,20,20")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a clip of four frames and with what is wrong in many ways."""
    root = tmp_path_factory.mktemp("cli")
    with VideoWriter(root / "clip.mp4", 10.0) as writer:
        for index in range(4):
            writer.write(np.full((48, 64, 3), 50 * index, np.uint8))
    (root / "text.mp4").write_text("this is no video")
    (root / "empty").mkdir()
    (root / "bad.csv").write_text("1,2,3,4\n5,6,seven,8\n")
    (root / "none.csv").write_text("# no box\n")
    (root / "boxes.xml").write_text("<box/>")
    (root / "bad.json").write_text("[[1, 2, 3]]")
    (root / "good.csv").write_text("10,10,20,20\n")
    (root / "weights.safetensors").write_text("not weights")
    (root / "done").mkdir()
    (root / "done" / "tracks.csv").write_text("kept")
    return root


def invoke(workplace, monkeypatch, arguments):
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("DISPLAY", ":9871")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    return CliRunner().invoke(app, list(arguments))


USAGE = [
    (("trak", "clip.mp4"), "No such command 'trak'"),
    (("track",), "Missing argument 'SOURCE'"),
    (
        ("track", "clip.mp4"),
        "name the targets with one of --box x,y,w,h, --boxes FILE, or --select",
    ),
    (("track", "clip.mp4", *BOX, "--boxes", "good.csv"), "name the targets with one of"),
    (("track", "clip.mp4", *BOX, "--select"), "name the targets with one of"),
    (("track", "clip.mp4", "--box"), "'--box' requires an argument"),
    (("track", "clip.mp4", "--box", "1,2,3"), "expected four numbers x,y,w,h in pixels"),
    (("track", "clip.mp4", "--box", "left,top,w,h"), "got 'left,top,w,h'"),
    (("track", "clip.mp4", *BOX, "--box", "1,2,0,4"), "needs width > 0 and height > 0"),
    (("track", "clip.mp4", "--box", "1,nan,3,4"), "not finite"),
    (("track", "clip.mp4", *BOX, "--start", "-1"), "Invalid value for '--start'"),
    (("track", "clip.mp4", *BOX, "--start", "one"), "Invalid value for '--start'"),
    (("track", "clip.mp4", *BOX, "--stop", "0"), "Invalid value for '--stop'"),
    (("track", "clip.mp4", *BOX, "--start", "3", "--stop", "3"), "--stop 3 is not after --start 3"),
    (("track", "clip.mp4", *BOX, "--stride", "0"), "Invalid value for '--stride'"),
    (("track", "clip.mp4", *BOX, "--response", "heat"), "'heat' is not one of 'overlay', 'panel'"),
    (("track", "clip.mp4", *BOX, "--no-video", "--response", "panel"), "--no-video leaves out"),
    (("track", "clip.mp4", *BOX, "--tracks", "1"), "No such option: --tracks"),
    (("track", "clip.mp4", "other.mp4", *BOX), "unexpected extra argument"),
    (("demo", "clip.mp4"), "unexpected extra argument"),
    (("demo", "--response", "none"), "'none' is not one of 'overlay', 'panel'"),
    (("info", "--device", "cpu"), "No such option: --device"),
]

FAILURES = [
    (("track", "missing.mp4", *BOX), "missing.mp4"),
    (("track", "text.mp4", *BOX), "text.mp4"),
    (("track", "empty", *BOX), "empty"),
    (("track", "no/*.jpg", *BOX), "no/*.jpg"),
    (("track", "clip.mp4", *BOX, "--start", "40"), "40"),
    (("track", "clip.mp4", "--boxes", "absent.csv"), "absent.csv: cannot be read: No such file"),
    (("track", "clip.mp4", "--boxes", "empty"), "empty: not a file of boxes"),
    (("track", "clip.mp4", "--boxes", "bad.csv"), "bad.csv, line 2: expected four numbers"),
    (("track", "clip.mp4", "--boxes", "none.csv"), "none.csv: holds no box"),
    (("track", "clip.mp4", "--boxes", "boxes.xml"), "boxes.xml: not a file of boxes"),
    (("track", "clip.mp4", "--boxes", "bad.json"), "bad.json, box 1: expected [x, y, w, h]"),
    (("track", "clip.mp4", "--select"), "display ':9871' cannot be reached"),
    (("track", "clip.mp4", *BOX, "--tracker", "siamfcc"), "did you mean 'siamfc'"),
    (("track", "clip.mp4", *BOX, "--tracker", "siamfc", "--weights", "w.pth"), "w.pth"),
    (
        ("track", "clip.mp4", *BOX, "--tracker", "siamfc", "--weights", "weights.safetensors"),
        "weights.safetensors",
    ),
    (("track", "clip.mp4", *BOX, "--device", "abacus"), "abacus"),
    (("track", "clip.mp4", *BOX, "--out", "good.csv"), "good.csv: is a file"),
    (("track", "clip.mp4", *BOX, "--out", "done"), "pass --overwrite"),
    (("track", "clip.mp4", *BOX, "--out", "good.csv/x"), "good.csv/x: cannot be made"),
    (("demo", "--out", "good.csv"), "good.csv: is a file"),
    (("demo", "--tracker", "nothing-like-it"), "nothing-like-it"),
]


@pytest.mark.parametrize(("arguments", "sentence"), USAGE, ids=lambda value: str(value)[:60])
def test_wrong_command_line(workplace, monkeypatch, arguments, sentence):
    result = invoke(workplace, monkeypatch, arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (workplace / "siamcorr-track").exists()


@pytest.mark.parametrize(("arguments", "sentence"), FAILURES, ids=lambda value: str(value)[:60])
def test_input_that_cannot_be_used(workplace, monkeypatch, arguments, sentence):
    result = invoke(workplace, monkeypatch, arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert not (workplace / "siamcorr-track").exists()
    assert (workplace / "done" / "tracks.csv").read_text() == "kept"
