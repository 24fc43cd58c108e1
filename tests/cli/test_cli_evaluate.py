"""`siamcorr evaluate` as a person runs it: tables, files, errors, interruption."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_scenes import wait_until, write_otb
from typer.testing import CliRunner

import siamcorr
from siamcorr.cli.main import app

LENGTHS = {"Deer": 6, "Dog": 7}
STANDS = (
    "import time\nimages = open('images.txt').readlines()\nbox = open('region.txt').read()\n"
    "time.sleep({seconds})\nopen('output.txt', 'w').write(box * len(images))\n"
)


@pytest.fixture(scope="module")
def otb(tmp_path_factory):
    return write_otb(tmp_path_factory.mktemp("data") / "otb", LENGTHS)


def stands(folder, seconds=0.0):
    """Words for `--tracker` of an external program that keeps its first box."""
    script = folder / "stands.py"
    script.write_text(STANDS.format(seconds=seconds))
    return f"stands=external:command='{sys.executable}' '{script}'"


def invoke(otb, out, *words):
    command = ["evaluate", "--dataset", "otb", "--root", str(otb), "--out", str(out), *words]
    done = CliRunner().invoke(app, command)
    return done.exit_code, re.sub(r"\s+", " ", done.output)


def test_two_trackers_and_foreign_results_in_one_table(otb, tmp_path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name, frames in LENGTHS.items():
        (foreign / f"{name}.txt").write_text("500,1,5,5\n" * frames)
    words = ["--tracker", "opencv_mil", "--tracker", stands(tmp_path)]
    code, output = invoke(otb, tmp_path / "out", *words, "--results", f"far={foreign}")
    assert code == 0, output
    assert re.search(r"AUC P@20 .*stands .*far 0.000", output)
    for name in ("report.html", "report.md", "report.json", "speed.json"):
        assert (tmp_path / "out" / name).exists()
    assert "report.html" in output
    record = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [tracker["label"] for tracker in record["trackers"]] == ["opencv_mil", "stands", "far"]


def test_sequences_and_convention_are_passed_on(otb, tmp_path) -> None:
    code, output = invoke(
        otb, tmp_path / "out", "--tracker", stands(tmp_path), "--sequences", "Dog, Deer"
    )
    assert code == 0, output
    code, output = invoke(
        *(otb, tmp_path / "other", "--tracker", stands(tmp_path), "--sequences", "Dog"),
        *("--convention", "otb", "--worst", "0"),
    )
    assert code == 0, output
    record = json.loads((tmp_path / "other" / "report.json").read_text())
    assert record["convention"] == "otb"
    assert list(record["frames"]) == ["Dog"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 1, "error: evaluate: neither a tracker nor results are given"),
        (
            ["--tracker", "opencv_mol"],
            1,
            "error: no tracker 'opencv_mol'; did you mean 'opencv_mil'",
        ),
        (["--results", "x"], 2, "expected LABEL=DIR"),
        (["--tracker", "opencv_mil", "--processes", "0"], 2, "Invalid value for '--processes'"),
        (["--tracker", "opencv_mil", "--protocol", "tre"], 1, "error: Deer: TRE starts on"),
    ],
)
def test_errors_are_sentences(otb, tmp_path, words, code, sentence) -> None:
    assert invoke(otb, tmp_path / "out", *words)[0] == code
    assert sentence in invoke(otb, tmp_path / "out", *words)[1]


def test_a_failure_is_listed_and_ends_with_code_1(otb, tmp_path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import sys\nsys.exit('no licence' if 'Dog' in open('images.txt').read() else 0)"
    )
    spec = f"bad=external:command='{sys.executable}' '{broken}'"
    code, output = invoke(otb, tmp_path / "out", "--tracker", spec, "--tracker", stands(tmp_path))
    assert code == 1
    assert "error: 2 runs failed; the others are kept, nothing is scored" in output
    assert "tracker bad, sequence Dog: the program ended with code 1 | no licence" in output
    assert "tracker bad, sequence Deer: the program left no output.txt" in output
    assert not (tmp_path / "out" / "report.json").exists()
    assert len(list((tmp_path / "out" / "runs" / "stands").rglob("001.npz"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_keeps_finished_runs_and_the_command_goes_on(otb, tmp_path, processes) -> None:
    out, spec = tmp_path / "out", stands(tmp_path, seconds=1.5)
    words = [
        *("evaluate", "--dataset", "otb", "--root", str(otb), "--out", str(out)),
        *("--tracker", "opencv_mil", "--tracker", spec, "--processes", str(processes)),
    ]
    root = str(Path(siamcorr.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "siamcorr", *words],
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: list(out.rglob("001.npz")))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "interrupted; finished runs are kept, the same command goes on"
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("001.npz")}
    assert 1 <= len(kept) < 4
    assert not (out / "report.json").exists()
    code, output = invoke(otb, out, "--tracker", "opencv_mil", "--tracker", spec)
    assert code == 0, output
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(list(out.rglob("001.npz"))) == 4


def test_the_script_is_the_command() -> None:
    script = Path(__file__).parents[2] / "scripts" / "evaluate.py"
    done = subprocess.run(
        [sys.executable, str(script), "--help"],
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Evaluate trackers on a data set" in done.stdout
