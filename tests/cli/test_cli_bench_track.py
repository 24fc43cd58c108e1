"""`siamcorr bench track` as a person runs it: a record, its tables, and errors."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_scenes import write_otb
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.workflows.bench_track_report import command, markdown
from siamcorr.workflows.bench_track_turns import TURN

FRAMES = 2 * TURN + 2
"""The first, two turns, and one that is left over."""
BOX = "10,8,12,9"


@pytest.fixture(scope="module")
def otb(tmp_path_factory):
    lengths = {"Deer": FRAMES, "Dog": FRAMES, "Short": TURN}
    return write_otb(tmp_path_factory.mktemp("data") / "otb", lengths)


def invoke(out, *words):
    done = CliRunner().invoke(app, ["bench", "track", "--out", str(out), *map(str, words)])
    return done.exit_code, re.sub(r"\s+", " ", done.output)


def read_record(out):
    (path,) = out.rglob("*.json")
    return json.loads(path.read_text()), path.with_suffix(".md").read_text()


def test_a_video_and_a_sequence_make_one_record(otb, tmp_path) -> None:
    code, output = invoke(
        *(tmp_path, "--source", otb / "Dog" / "img", "--box", BOX),
        *("--dataset", "otb", "--root", otb, "--sequences", "Deer"),
        *("--tracker", "small=cf:window_size=64,lost.after=4", "--tracker", "fixed_filters"),
        *("--targets", "1,2", "--baseline", "fixed_filters", "--threads", 1, "--stages"),
        *("--name", "here", "--frames", TURN + 1),
    )
    assert code == 0, output
    assert re.search(r"record .*-here.json table .*-here.md", output)
    record, table = read_record(tmp_path)
    assert table == markdown(record)
    assert [clip["name"] for clip in record["clips"]] == ["img", "Deer"]
    assert [clip["frames"] for clip in record["clips"]] == [TURN] * 2
    assert record["settings"]["threads"] == 1
    small = record["trackers"][0]
    assert (small["label"], small["name"]) == ("small", "cf")
    assert small["changes"] == {"window_size": 64, "lost.after": 4}
    for rows in (record["clips"][0]["rows"], record["clips"][1]["rows"], record["pooled"]):
        names = [(row["tracker"], row["targets"], row["separate"]) for row in rows]
        ways = [(1, False), (2, False), (2, True)]
        assert names == [(name, *way) for name in ("small", "fixed_filters") for way in ways]
        assert all(row["ms_median"] > 0 for row in rows)
    counted = [row["frames"] for row in record["pooled"]]
    assert counted == [2 * (TURN - 1)] * 6
    # the sequence of the folder has no truth for the benchmark, so the two together have none
    assert record["clips"][0]["rows"][0]["overlap"] is record["pooled"][0]["overlap"] is None
    assert 0 <= record["clips"][1]["rows"][0]["overlap"] <= 1
    assert record["pooled"][1]["apart_px"] < 1e-3
    assert [stages["tracker"] for stages in record["stages"]] == ["small", "fixed_filters"]
    assert all(ms > 0 for ms in record["stages"][0]["ms"]["2"].values())


def test_the_record_says_how_to_measure_it_again(otb, tmp_path) -> None:
    words = [
        *("--source", str(otb / "Dog" / "img"), "--box", "10,8,12.5,9"),
        *("--dataset", "otb", "--root", str(otb), "--sequences", "Deer,Dog"),
        *("--tracker", "fixed_filters", "--tracker", "x=fixed_filters:device=cpu"),
        *("--targets", "1", "--frames", "5", "--baseline", "x", "--threads", "1", "--name", "y"),
    ]
    code, output = invoke(tmp_path / "first", *words)
    assert code == 0, output
    record, table = read_record(tmp_path / "first")
    again = shlex.split(command(record))
    places = {str(otb / "Dog" / "img"): "img", str(otb): "DIR"}
    assert again == ["siamcorr", "bench", "track", *(places.get(word, word) for word in words)]
    assert command(record) in table


def row_of(tracker, targets, separate, ms, **known):
    nothing = ("to_baseline", "to_one", "to_separate", "apart_px", "overlap")
    return {
        **dict.fromkeys(nothing),
        "tracker": tracker,
        "targets": targets,
        "separate": separate,
        "ms_median": ms,
        "ms_p95": 2 * ms,
        "frames": 8,
        "init_ms": 7.0,
        "lost_share": 0.25,
        **known,
    }


def test_the_tables_hold_the_numbers_and_no_empty_column() -> None:
    ratio = {"median": 3.0, "low": 2.5, "high": 3.25}
    rows = [
        row_of("cf", 1, False, 12.0, to_baseline=ratio, overlap=0.75),
        row_of("cf", 4, False, 36.0, to_one=ratio, apart_px=2e-5),
        row_of("cf", 4, True, 50.5),
    ]
    clip = {"name": "bag", "dataset": None, "frames": 10, "frame_size": [36, 48]}
    settings = {"baseline": "nano", "threads": 2, "turn": 5, "inits": 3, "targets": [1, 4]}
    table = markdown(
        {
            "machine": {"processor": "P", "cores": 2, "memory_gib": 4, "system": "Linux"},
            "versions": dict.fromkeys(("siamcorr", "torch", "python", "commit", "opencv"), "1"),
            "settings": {**settings, "frames": 10, "name": "track"},
            "trackers": [{"label": "cf", "name": "cf", "options": {}}],
            "clips": [{**clip, "boxes_xywh": [[1.0, 2.0, 3.5, 4.0]], "rows": rows}],
            "pooled": [],
            "stages": [{"tracker": "cf", "ms": {"1": {"crop": 3.0, "other": 9.0}}}],
        }
    )
    lines = table.splitlines()
    assert lines[0] == "# Trackers: siamcorr 1, torch 1"
    assert "## bag: 10 frames of 48x36" in lines
    shown = "3.00 (2.50-3.25)"
    one, four = "| cf | 1 | 12.00 | 24.00 |", "| cf | 4 | 36.00 | 72.00 |"
    assert f"{one} {shown} |  |  |  | 25.0% | 7.0 | 0.750 |" in lines
    assert f"{four}  | {shown} | 50.50 | 2e-05 | 25.0% | 7.0 |  |" in lines
    assert "| cf | crop | 3.00 | 25% |" in lines
    assert sum(line.startswith("| cf |") for line in lines) == 4  # the runs of one have no line


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "give --source and --box, or --dataset and --root"),
        (["--source", "x.avi"], 2, "each --source needs one --box"),
        (["--source", "x.avi", "--box", "1,2,3"], 2, "expected four numbers x,y,w,h"),
        (["--source", "absent.avi", "--box", BOX], 1, "error: open_source: no such file"),
        (["--dataset", "otb"], 2, "a data set needs --dataset NAME and --root DIR"),
        (["--sequences", "Dog"], 2, "a data set needs --dataset NAME and --root DIR"),
        (["SET", "--targets", "1,x"], 2, "--targets '1,x': expected whole numbers >= 1"),
        (["SET", "--targets", "0"], 2, "--targets '0': expected whole numbers >= 1"),
        (["SET", "--targets", "2,2"], 1, "a number of targets is given twice: [2, 2]"),
        (["SET", "--frames", "4"], 2, "Invalid value for '--frames'"),
        (["SET", "--name", "a/b"], 1, "error: bench track: the name 'a/b' cannot name"),
        (["SET", "--tracker", "opencv_mil"], 1, "a tracker label is given twice: ['opencv_mil', "),
        (
            ["SET", "--baseline", "opencv_mill"],
            1,
            "has the baseline's label 'opencv_mill'; did you mean 'opencv_mil'?",
        ),
        (
            ["SET", "--tracker", "x=external:command=true"],
            1,
            "bench track: x takes sequences whole; only trackers with init and update",
        ),
        (
            ["--dataset", "otb", "--root", "OTB", "--sequences", "Short"],
            1,
            f"bench track: Short has {TURN} frames; the first and {TURN} more are needed",
        ),
    ],
)
def test_errors_are_sentences(otb, tmp_path, words, code, sentence) -> None:
    places = {"SET": ["--dataset", "otb", "--root", str(otb), "--sequences", "Dog"]}
    words = [part for word in words for part in places.get(word, [word])]
    words = [str(otb) if word == "OTB" else word for word in words]
    found, output = invoke(tmp_path, "--tracker", "opencv_mil", *words)
    assert found == code, output
    assert sentence in re.sub(r"[\s│]+", " ", output)
    assert not list(tmp_path.rglob("*.*"))


def test_the_script_is_the_command() -> None:
    script = Path(__file__).parents[2] / "scripts" / "bench_track.py"
    done = subprocess.run(
        [sys.executable, str(script), "--help"],
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Time trackers side by side on decoded frames" in done.stdout


def test_boxes_apart_and_together_on_the_demo_clip(tmp_path, data_root) -> None:
    """Two runs of one target give the boxes of one run of two; a network's, to a small fraction."""
    weights = data_root / "weights" / "nanotrack" / "nanotrackv3.pth"
    code, output = invoke(
        *(tmp_path, "--source", data_root / "bag.avi", "--box", "312,146,106,96"),
        *("--tracker", f"v3=default:weights={weights}", "--tracker", "cf", "--targets", 2),
        *("--frames", 10, "--threads", 1),
    )
    assert code == 0, output
    record, table = read_record(tmp_path)
    together = [row for row in record["clips"][0]["rows"] if not row["separate"]]
    assert [row["apart_px"] < 0.01 for row in together] == [True, True]
    assert str(data_root) not in json.dumps(record) + table
