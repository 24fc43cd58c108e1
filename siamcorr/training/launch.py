"""Which processes and devices train, and in which precision: one Fabric for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from siamcorr.errors import BackendUnavailable, InvalidArgument, MissingDependency

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["Precision", "Processes", "launched_fabric", "processes_of", "reduced"]

Precision: TypeAlias = Literal["fp32", "bf16", "fp16"]
"""Of the forward pass; weights, losses and updates are float32 in all of them."""

_FABRIC_NAMES: Mapping[Precision, Literal["32-true", "bf16-mixed", "16-mixed"]] = MappingProxyType(
    {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
)


class Processes(NamedTuple):
    """How many processes train together, by the environment that started them."""

    per_node: int = 1
    nodes: int = 1

    @property
    def world_size(self) -> int:
        """All of them."""
        return self.per_node * self.nodes


def processes_of(environment: Mapping[str, str]) -> Processes:
    """What torchrun or SLURM (`srun`) says in its variables; one process without them.

    Raises:
        InvalidArgument: torchrun's numbers do not divide.
    """
    if "TORCHELASTIC_RUN_ID" in environment or {"RANK", "WORLD_SIZE"} <= environment.keys():
        world = int(environment["WORLD_SIZE"])
        local = int(environment.get("LOCAL_WORLD_SIZE", world))
        if world % local:
            raise InvalidArgument(
                f"WORLD_SIZE = {world} is no multiple of LOCAL_WORLD_SIZE = {local}: start the "
                "same number of processes on every machine"
            )
        return Processes(local, world // local)
    if "SLURM_STEP_ID" in environment and environment.get("SLURM_JOB_NAME") != "bash":
        nodes = int(environment.get("SLURM_NNODES", "1"))
        return Processes(int(environment["SLURM_NTASKS"]) // nodes, nodes)
    return Processes()


@contextmanager
def launched_fabric(
    *, device: str | None = None, precision: Precision = "fp32"
) -> Iterator[Fabric]:
    """Join the processes that torchrun or SLURM started; alone, run in this one.

    Args:
        device: `cpu`, `cuda` or, alone, `cuda:1`; None takes CUDA where it is at hand. Under
            torchrun each process has the device of its local rank.
        precision: of the forward pass.

    Yields:
        A launched Fabric: DDP over nccl on GPUs, over gloo on CPU.

    Raises:
        MissingDependency: lightning is not installed.
        BackendUnavailable: no such device, or fp16 on CPU.
        InvalidArgument: not a device for training.
    """
    try:
        from lightning.fabric import Fabric
        from lightning.fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise MissingDependency(
            f"training needs lightning, which does not load: {error}\n"
            "  install it with: pip install 'siamcorr[train]'"
        ) from error
    place = _place(device)
    if precision == "fp16" and place.type == "cpu":
        raise BackendUnavailable("precision fp16 needs a GPU; use bf16 or fp32 on CPU")
    processes = processes_of(os.environ)
    together: dict[str, Any] = {"devices": processes.per_node, "num_nodes": processes.nodes}
    if processes.world_size > 1:
        backend = "nccl" if place.type == "cuda" else "gloo"
        together["strategy"] = DDPStrategy(process_group_backend=backend)
    elif place.type == "cuda":
        together["devices"] = [place.index or 0]
    fabric = Fabric(accelerator=place.type, precision=_FABRIC_NAMES[precision], **together)
    fabric.launch()
    try:
        yield fabric
    finally:
        if processes.world_size > 1:
            torch.distributed.destroy_process_group()


def reduced(fabric: Fabric, values: Tensor, how: Literal["mean", "sum"]) -> Tensor:
    """Mean or sum of a tensor over all processes, on its device."""
    everywhere = fabric.all_reduce(values, reduce_op=how)
    assert isinstance(everywhere, Tensor)
    return everywhere


def _place(device: str | None) -> torch.device:
    name = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(name)
    except RuntimeError as error:
        raise InvalidArgument(f"{name!r} is no device of torch; use cpu, cuda or cuda:0") from error
    if place.type not in ("cpu", "cuda"):
        raise InvalidArgument(f"training runs on cpu or cuda, not on {name!r}")
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise BackendUnavailable(
            f"device {name!r} cannot be used: torch sees {torch.cuda.device_count()} CUDA devices"
        )
    return place
