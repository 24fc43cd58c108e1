"""`siamcorr train` as a person runs it: changes, mistakes, ctrl-C, and tracking with the result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from training_scenes import write_config
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.data.video import VideoWriter
from siamcorr.models.weights import read_state_dict

ROOT = Path(__file__).resolve().parents[2]


def invoke(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_train_then_track_in_one_step(tmp_path) -> None:
    config, out = write_config(tmp_path), tmp_path / "run"
    done = invoke("train", config, "--out", out, "--device", "cpu", "--set", "max_steps=3")
    assert done.exit_code == 0, done.output
    assert "3 steps in" in done.stdout
    assert str(out / "last.safetensors") in done.stdout
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, 10.0) as writer:
        for index in range(4):
            writer.write(np.full((48, 64, 3), 40 * index, np.uint8))
    tracked = invoke(
        "track", clip, "--box", "20,16,12,10", "--weights", out / "last.safetensors",
        "--out", tmp_path / "tracks", "--no-video",
    )  # fmt: skip
    assert tracked.exit_code == 0, tracked.output
    assert len((tmp_path / "tracks" / "tracks.csv").read_text().splitlines()) == 1 + 4


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--set", "bach_size=3"], 1, "unknown key 'bach_size'; did you mean 'batch_size'?"),
        (["--set", "batch_size=none"], 1, "batch_size: Input should be a valid integer"),
        (["--set", "batch_size"], 2, "expected KEY=VALUE"),
        (["--set", "data=[1"], 2, "not YAML"),
        (["--resume"], 1, "no checkpoint.pt to go on from"),
        (["--device", "tpu"], 1, "is no device"),
    ],
)
def test_mistakes_are_sentences(tmp_path, arguments, code, sentence) -> None:
    done = invoke("train", write_config(tmp_path), "--out", tmp_path / "run", *arguments)
    assert done.exit_code == code
    assert sentence in " ".join(done.stderr.replace("│", " ").split())


def test_an_unknown_config_lists_the_shipped_ones() -> None:
    done = invoke("train", "debgu")
    assert done.exit_code == 1
    assert "did you mean 'debug'?" in done.stderr
    assert "siamrpn_r50" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom siamcorr.cli.main import app\n"
        "assert CliRunner().invoke(app, ['train', '--help']).exit_code == 0\n"
        "print(sorted({'torch', 'cv2', 'lightning', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_ctrl_c_saves_and_resume_ends_as_if_never_stopped(tmp_path) -> None:
    config = write_config(tmp_path, pairs=4000)
    arguments = ["--set", "max_steps=60"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert invoke("train", config, "--out", whole, *arguments).exit_code == 0

    command = [sys.executable, "-m", "siamcorr", "train", str(config), "--out", str(parts)]
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # as in this process
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **one_thread}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (parts / "log.jsonl").exists() or len(_lines(parts)) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"the state is in {parts / 'checkpoint.pt'}" in " ".join(errors.split())

    steps = len(_lines(parts))
    assert 5 <= steps < 1000
    limit = max(60, steps + 10)
    if limit != 60:  # the process was faster than the poll: compare at a later step
        assert invoke("train", config, "--out", tmp_path / "w2", "--set", f"max_steps={limit}")
        whole = tmp_path / "w2"
    done = invoke("train", config, "--out", parts, "--resume", "--set", f"max_steps={limit}")
    assert done.exit_code == 0, done.output
    one, other = (read_state_dict(each / "last.safetensors") for each in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)


def _lines(out: Path) -> list[str]:
    return (out / "log.jsonl").read_text().splitlines()
