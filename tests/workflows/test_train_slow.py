"""Runs that take longer: killed ten times, two processes, the debug config, real sequences."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_scenes import TRAINED_BY, write_config
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.data.synthetic import load_synthetic
from siamcorr.models.weights import read_state_dict
from siamcorr.training.logs import read_log
from siamcorr.training.settings import load_train_settings
from siamcorr.workflows.train import train

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def command_of(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "siamcorr", "train", *map(str, arguments), "--device", "cpu"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def losses(out: Path) -> np.ndarray:
    lines = [line for line in read_log(out / "log.jsonl") if "total" in line]
    return np.array([[line["step"], line["total"]] for line in lines])


def assert_same_weights(one: Path, other: Path) -> None:
    a, b = read_state_dict(one), read_state_dict(other)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_killed_ten_times_it_ends_with_the_same_weights(tmp_path) -> None:
    """SIGKILL at random moments after the first checkpoint, every run going on from the last."""
    config = write_config(
        tmp_path,
        pairs=240,
        checkpoint_every=3,
        average={"decay": 0.99},
        validation={
            "clips": {"otb": {"kind": "video", "format": "otb", "root": str(tmp_path / "otb")}}
        },
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(load_train_settings(str(config)), whole, device="cpu")

    rng = random.Random(5)
    steps_at_kill = []
    for kill in range(10):
        resume = ["--resume"] if kill else []
        process = subprocess.Popen(
            command_of(config, "--out", parts, *resume), env=environment(), stderr=subprocess.PIPE
        )
        before = len(losses(parts)) if (parts / "log.jsonl").exists() else 0
        goal = before + rng.randrange(1, 12)
        _wait_for(
            lambda goal=goal: (parts / "checkpoint.pt").exists() and _steps(parts) >= goal, process
        )
        process.send_signal(signal.SIGKILL)
        process.communicate()
        steps_at_kill.append(_steps(parts))
    assert len(set(steps_at_kill)) > 5, f"killed at {steps_at_kill}"
    assert steps_at_kill[-1] < 180, "the run was over before the last kill"
    done = subprocess.run(
        command_of(config, "--out", parts, "--resume"), env=environment(), check=False
    )
    assert done.returncode == 0
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(whole / name, parts / name)
    np.testing.assert_array_equal(losses(whole), losses(parts))
    assert not list(parts.glob(".*")), "half-written files are cleared away"


def _steps(out: Path) -> int:
    path = out / "log.jsonl"
    return path.read_text().count('"total"') if path.exists() else 0


def _wait_for(reached: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("gradients", ["mean", "sum"])
def test_two_processes_equal_one_with_the_doubled_batch(tmp_path, gradients) -> None:
    """Norms frozen, losses averaged over pairs. The sum over 2 processes is twice the mean, so it
    equals one process at twice the rate; without momentum and decay, as both would notice."""
    rate = {"mean": 1.0, "sum": 2.0}[gradients]
    common = {
        "objective": {"kind": "point", "balance": "pair"},
        "norm": "frozen",
        "optimiser": {"kind": "sgd", "weight_decay": 0.0},
    }
    schedule = {"main": {"curve": "log", "epochs": 3, "start": 0.05, "end": 0.01}}
    faster = {"main": {"curve": "log", "epochs": 3, "start": 0.05 * rate, "end": 0.01 * rate}}
    one = write_config(tmp_path / "a", batch_size=4, schedule=faster, **common)
    two = write_config(
        tmp_path / "b", batch_size=2, schedule=schedule, update={"gradients": gradients}, **common
    )
    train(load_train_settings(str(one)), tmp_path / "one", device="cpu")
    _torchrun(2, two, tmp_path / "two")
    alone, shared = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(alone) == 18
    assert alone[:, 1].max() > 1.1 * alone[:, 1].min(), "the weights must move"
    np.testing.assert_allclose(shared, alone, rtol=1e-4)
    weights = [read_state_dict(tmp_path / name / "last.safetensors") for name in ("one", "two")]
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=1e-3, atol=1e-5)


def test_two_processes_go_on_from_their_checkpoint(tmp_path) -> None:
    config = write_config(tmp_path, batch_size=2)
    _torchrun(2, config, tmp_path / "whole")
    _torchrun(2, config, tmp_path / "parts", "--set", "max_steps=7")
    _torchrun(2, config, tmp_path / "parts", "--resume")
    assert_same_weights(
        tmp_path / "whole" / "last.safetensors", tmp_path / "parts" / "last.safetensors"
    )
    np.testing.assert_array_equal(losses(tmp_path / "whole"), losses(tmp_path / "parts"))


def test_ranks_see_disjoint_pairs(tmp_path) -> None:
    """Every process writes the seeds that its objective was given: no pair comes twice."""
    config = write_config(tmp_path, batch_size=2)
    script = tmp_path / "spy.py"
    script.write_text(TRAINED_BY.format(folder=str(tmp_path)))
    command = ["--out", str(tmp_path / "run"), "--device", "cpu"]
    _run_ranks(2, str(script), "train", str(config), *command)
    seeds = [np.loadtxt(tmp_path / f"seeds_{rank}.txt", dtype=np.int64) for rank in range(2)]
    assert [len(each) for each in seeds] == [36, 36]  # 3 epochs of 6 steps of 2 pairs
    for epoch in range(3):
        mine, other = (set(each[12 * epoch : 12 * epoch + 12].tolist()) for each in seeds)
        assert len(mine) == len(other) == 12
        assert not mine & other


def _torchrun(processes: int, config: Path, out: Path, *more: str) -> None:
    arguments = ["train", str(config), "--out", str(out), "--device", "cpu", *more]
    _run_ranks(processes, "-m", "siamcorr", *arguments)


def _run_ranks(processes: int, *program: str) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    done = subprocess.run(
        [*command, str(processes), *program],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_debug_config_learns_and_its_weights_track(tmp_path) -> None:
    """Under two minutes on two cores when nothing else runs; the bound here is for any machine."""
    out = tmp_path / "debug"
    torch.set_num_threads(2)
    summary = train(load_train_settings("debug"), out, device="cpu")
    (_, untrained), (_, trained) = summary.overlaps[0], summary.overlaps[-1]
    assert trained > untrained + 0.15, f"mean overlap {untrained:.3f} became {trained:.3f}"
    assert trained > 0.5

    clip = load_synthetic("demo")
    box = clip.boxes_xywh[0, 0]
    from siamcorr.data.synthetic import render_video

    render_video(clip, tmp_path / "demo.mp4")
    arguments = ["--box", ",".join(f"{number:g}" for number in box), "--stop", "40", "--no-video"]
    weights = ["--weights", str(out / "best.safetensors"), "--out", str(tmp_path / "tracks")]
    done = CliRunner().invoke(app, ["track", str(tmp_path / "demo.mp4"), *arguments, *weights])
    assert done.exit_code == 0, done.output
    rows = (tmp_path / "tracks" / "tracks.csv").read_text().splitlines()[1:]
    assert len(rows) == 40


def test_pairs_from_real_sequences_lower_the_loss(tmp_path, data_root) -> None:
    """50 steps on OTB; the last ten losses are lower than the first ten. No weights are kept."""
    config = write_config(
        tmp_path,
        data={"otb": {"kind": "video", "format": "otb", "root": str(data_root / "otb")}},
        tracker="compact",
        pairs=400,
        batch_size=8,
        optimiser={"kind": "adamw"},
        schedule={"main": {"curve": "log", "epochs": 1, "start": 0.003, "end": 0.0005}},
        video_pairs={"augmentation": {"search": {"shift": 12, "scale": 0.1}}},
    )
    train(load_train_settings(str(config)), tmp_path / "out", device="cpu")
    totals = losses(tmp_path / "out")[:, 1]
    assert len(totals) == 50
    assert totals[-10:].mean() < 0.8 * totals[:10].mean()
