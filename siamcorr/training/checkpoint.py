"""The whole state of training in one file, whole or absent, to go on from exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from siamcorr.data.files import atomic_path
from siamcorr.errors import CheckpointError
from siamcorr.models.torch_files import read_torch
from siamcorr.training.state import TrainState

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["load_checkpoint", "restore", "save_checkpoint"]

_COUNTERS = ("stage", "epoch", "step", "total_steps", "best")


def save_checkpoint(
    path: Path, fabric: Fabric, state: TrainState, settings: Mapping[str, Any]
) -> None:
    """Write the state between two steps; all processes call it, the first one writes.

    Args:
        path: replaced only when the new file is complete.
        fabric: launched.
        state: to keep.
        settings: of the run, as JSON would hold them; `restore` compares them.
    """
    rng = {name: _of_all_ranks(fabric, part) for name, part in _rng_of(fabric.device).items()}
    if fabric.global_rank != 0:
        return
    content = {
        "settings": dict(settings),
        "world_size": fabric.world_size,
        "model": state.model.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "average": None if state.average is None else state.average.state_dict(),
        "scaler": fabric.strategy.precision.state_dict(),
        "rng": rng,
        **{name: getattr(state, name) for name in _COUNTERS},
    }
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint on CPU, without running anything that it asks for.

    Raises:
        CheckpointError: no such file, damaged, or not written by `save_checkpoint`.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no checkpoint to go on from; start without resuming")
    content = read_torch(path)
    missing = {"model", "optimiser", "settings", "rng", *_COUNTERS} - set(
        content if isinstance(content, dict) else ()
    )
    if missing:
        raise CheckpointError(
            f"{path}: no checkpoint of siamcorr's training; missing: {', '.join(sorted(missing))}"
        )
    return dict(content)


def restore(state: TrainState, content: Mapping[str, Any], fabric: Fabric) -> None:
    """Put a checkpoint into a state that was built for its stage.

    Args:
        state: changed in place; its optimiser has the groups of the checkpoint's stage.
        content: from `load_checkpoint`.
        fabric: launched, with as many processes as wrote the checkpoint.

    Raises:
        CheckpointError: it was written by another number of processes, or on another device.
    """
    if content["world_size"] != fabric.world_size:
        raise CheckpointError(
            f"the checkpoint was written by {content['world_size']} processes and now there are "
            f"{fabric.world_size}: each pair would meet other ones; use as many as before"
        )
    device = "cuda" if "cuda" in content["rng"] else "cpu"
    if device != fabric.device.type:
        raise CheckpointError(
            f"the checkpoint was written on {device} and training goes on on {fabric.device.type}; "
            f"name the device of before: --device {device}"
        )
    state.model.load_state_dict(content["model"])
    state.optimiser.load_state_dict(content["optimiser"])
    if state.average is not None:
        state.average.load_state_dict(content["average"])
    fabric.strategy.precision.load_state_dict(content["scaler"])
    for name in _COUNTERS:
        setattr(state, name, content[name])
    # cloned: torch.set_rng_state crashes on a row of a larger tensor (seen with torch 2.15)
    mine = {name: states[fabric.global_rank].clone() for name, states in content["rng"].items()}
    torch.set_rng_state(mine["cpu"])
    if "cuda" in mine:
        torch.cuda.set_rng_state(mine["cuda"], fabric.device)


def _rng_of(device: torch.device) -> dict[str, Tensor]:
    """States of the random numbers that this process draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _of_all_ranks(fabric: Fabric, state: Tensor) -> Tensor:
    """(W, n) states of all processes, on CPU."""
    if fabric.world_size == 1:
        return state[None]
    gathered = fabric.all_gather(state)
    assert isinstance(gathered, Tensor)
    return gathered.cpu()
