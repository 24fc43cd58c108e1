"""Batches of an epoch in order: shared among ranks, resumed at a step, cut by worker processes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset

from siamcorr.data.pairs.batch import PairBatch, PairSource
from siamcorr.data.synthetic.layer import generator
from siamcorr.errors import InvalidArgument, SiamcorrError
from siamcorr.opencv import load_cv2

__all__ = ["StagedPairs", "pair_batches", "pair_order", "steps_per_epoch"]

_T = TypeVar("_T")
_CPU = torch.device("cpu")


@runtime_checkable
class StagedPairs(PairSource, Protocol):
    """A source whose files are read in one process and whose pixels change in another.

    `batch(epoch, indices, device)` equals `finish(cut(epoch, indices), device)`.
    """

    def cut(self, epoch: int, indices: Sequence[int]) -> Any:
        """What needs no device; it travels between processes."""
        ...

    def finish(self, cut: Any, device: torch.device) -> PairBatch:
        """The rest, on the device."""
        ...


def steps_per_epoch(source: PairSource, batch_size: int, world_size: int = 1) -> int:
    """Full steps of an epoch, pairs // (batch_size * world_size)."""
    return len(source) // (batch_size * world_size)


def pair_order(pairs: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order in which the pairs of an epoch come: a permutation of 0 ... pairs - 1."""
    return generator(seed, "order", epoch).permutation(pairs)


def pair_batches(
    source: PairSource,
    *,
    epoch: int,
    batch_size: int,
    seed: int,
    rank: int = 0,
    world_size: int = 1,
    start_step: int = 0,
    workers: int = 0,
    device: torch.device | str = "cpu",
) -> Iterator[PairBatch]:
    """The batches of one rank in one epoch.

    Step s of all ranks takes pairs order[s * B * W : (s + 1) * B * W], rank r the r-th B of them.

    Args:
        source: where pairs come from.
        epoch: 0, 1, ...
        batch_size: pairs a rank and step, B >= 1.
        seed: of the order; >= 0.
        rank: of this process, 0 ... world_size - 1.
        world_size: processes that share an epoch, W >= 1.
        start_step: first step, so that training goes on in the middle of an epoch.
        workers: processes that read ahead; 0 reads here, when a batch is asked for.
        device: where the batches are wanted.

    Returns:
        An iterator over `steps_per_epoch(source, B, W) - start_step` batches.

    Convention:
        - W ranks with B pairs see what one process with W * B pairs sees, in the same order; no
          two ranks share a pair of an epoch. The last, incomplete step is dropped.
        - Batches are the same for every number of workers, and starting at a step gives what an
          epoch from its beginning gives from there on. torch's global random state is not touched.
        - With a GPU, workers cut and the device does the rest of a `StagedPairs`. A source that is
          none renders on its device and takes no workers there.

    Raises:
        InvalidArgument: arguments that do not fit, or not one full step in an epoch.
        SiamcorrError: whatever the source raises, from workers too, in its own words.
    """
    device = torch.device(device)
    _check(source, batch_size, rank, world_size, workers)
    steps = steps_per_epoch(source, batch_size, world_size)
    if not 0 <= start_step <= steps or epoch < 0:
        raise InvalidArgument(
            f"pair_batches: epoch must be >= 0 and start_step in 0 ... {steps}, got {epoch} and "
            f"{start_step}"
        )
    if workers and device.type != "cpu" and not isinstance(source, StagedPairs):
        raise InvalidArgument(
            f"pair_batches: {type(source).__name__} renders on {device} itself; use workers=0"
        )
    order = pair_order(len(source), seed, epoch)
    blocks = order[: steps * world_size * batch_size].reshape(steps, world_size, batch_size)
    return _batches(source, epoch, blocks[start_step:, rank], workers, device)


def _batches(
    source: PairSource,
    epoch: int,
    blocks: npt.NDArray[np.int64],
    workers: int,
    device: torch.device,
) -> Iterator[PairBatch]:
    if not workers:
        yield from (source.batch(epoch, block.tolist(), device) for block in blocks)
        return
    staged = source if device.type != "cpu" and isinstance(source, StagedPairs) else None
    loader: DataLoader[Any] = DataLoader(
        _Blocks(source, epoch, blocks, cut_only=staged is not None),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_start_worker,
        generator=torch.Generator(),  # else it draws from the global one
    )
    for batch in loader:
        if isinstance(batch, SiamcorrError):
            raise batch
        yield batch if staged is None else staged.finish(batch, device)


class _Blocks(Dataset[Any]):
    """One batch an item. An error is an item too, so that it arrives in its own words."""

    def __init__(
        self, source: PairSource, epoch: int, blocks: npt.NDArray[np.int64], *, cut_only: bool
    ) -> None:
        self.source = source
        self.epoch = epoch
        self.blocks = blocks
        self.cut_only = cut_only

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, step: int) -> Any:
        indices = self.blocks[step].tolist()
        try:
            if self.cut_only and isinstance(self.source, StagedPairs):
                return self.source.cut(self.epoch, indices)
            return self.source.batch(self.epoch, indices, _CPU)
        except SiamcorrError as error:
            return error


def _as_it_is(batch: _T) -> _T:
    return batch


def _start_worker(_: int) -> None:
    """One thread a worker; Ctrl-C is for the main process, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = _report_unless_hung_up
    torch.set_num_threads(1)
    load_cv2().setNumThreads(0)


def _report_unless_hung_up(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say nothing where the main process hangs up while a tensor is handed over, as on Ctrl-C."""
    if not issubclass(kind, ConnectionError | EOFError):
        sys.__excepthook__(kind, error, trace)


def _check(source: Any, batch_size: int, rank: int, world_size: int, workers: int) -> None:
    if batch_size < 1 or world_size < 1 or workers < 0 or not 0 <= rank < world_size:
        raise InvalidArgument(
            "pair_batches: batch_size and world_size must be >= 1, workers >= 0 and rank in "
            f"0 ... world_size - 1, got batch_size {batch_size}, world_size {world_size}, workers "
            f"{workers}, rank {rank}"
        )
    if not steps_per_epoch(source, batch_size, world_size):
        raise InvalidArgument(
            f"pair_batches: {len(source)} pairs an epoch are less than one step of {world_size} x "
            f"{batch_size}; lower batch_size or raise pairs"
        )
