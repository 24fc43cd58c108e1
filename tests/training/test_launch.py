"""Which processes train, by the variables of torchrun and SLURM, and which devices are refused."""

from __future__ import annotations

import builtins

import pytest
import torch

from siamcorr.errors import BackendUnavailable, InvalidArgument, MissingDependency
from siamcorr.training.launch import Processes, launched_fabric, processes_of


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (1, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}, (4, 2)),
        ({"RANK": "0", "WORLD_SIZE": "2"}, (2, 1)),
        ({"SLURM_STEP_ID": "0", "SLURM_NTASKS": "16", "SLURM_NNODES": "2"}, (8, 2)),
        ({"SLURM_STEP_ID": "0", "SLURM_JOB_NAME": "bash", "SLURM_NTASKS": "1"}, (1, 1)),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"}, (1, 1)),  # in an allocation, without srun
    ],
)
def test_processes_by_environment(environment, expected) -> None:
    processes = processes_of(environment)
    assert processes == Processes(*expected)
    assert processes.world_size == expected[0] * expected[1]


def test_uneven_machines_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="WORLD_SIZE = 5 is no multiple"):
        processes_of({"RANK": "0", "WORLD_SIZE": "5", "LOCAL_WORLD_SIZE": "2"})


def test_fp16_on_cpu_is_refused() -> None:
    with (
        pytest.raises(BackendUnavailable, match="use bf16 or fp32 on CPU"),
        launched_fabric(device="cpu", precision="fp16"),
    ):
        pass


@pytest.mark.parametrize(
    ("device", "error", "sentence"),
    [
        ("gpu", InvalidArgument, "'gpu' is no device"),
        ("meta", InvalidArgument, "cpu or cuda"),
        (f"cuda:{torch.cuda.device_count()}", BackendUnavailable, "CUDA devices"),
    ],
)
def test_other_devices_are_refused(device, error, sentence) -> None:
    with pytest.raises(error, match=sentence), launched_fabric(device=device):
        pass


def test_without_lightning_the_extra_is_named(monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("lightning"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with (
        pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[train\]'"),
        launched_fabric(device="cpu"),
    ):
        pass
