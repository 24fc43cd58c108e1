"""Calls of a network whose answer for one target does not depend on the others in the batch."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from siamcorr.models.network import Rows
from siamcorr.nn.features import Features
from siamcorr.tracking.state import concatenate

__all__ = ["per_target"]

R = TypeVar("R")


def per_target(network: Callable[..., R], *inputs: Features, rows: Rows, crops: int = 1) -> R:
    """A network's answer for N targets.

    Args:
        network: takes and gives tensors, or tuples of them, with N * crops rows.
        inputs: what it takes.
        rows: what `Network.rows` says.
        crops: rows of each target.

    Returns:
        What the network gives for all rows.
    """
    first = inputs[0] if isinstance(inputs[0], Tensor) else inputs[0][0]
    targets = len(first) // crops
    if rows == "together" or (rows == "alone" and targets == 1):
        return network(*inputs)
    if rows == "alone":
        return concatenate(*(network(*piece) for piece in _pieces(inputs, [crops] * targets)))
    threads = torch.get_num_threads()
    shares = [crops * len(range(k, targets, threads)) for k in range(min(threads, targets))]
    call = functools.partial(_call, network, torch.is_inference_mode_enabled())
    return concatenate(*_one_threaded(threads).map(call, _pieces(inputs, shares)))


def _call(network: Callable[..., R], inference: bool, piece: tuple[Features, ...]) -> R:
    with torch.inference_mode(inference):
        return network(*piece)


@functools.cache
def _one_threaded(threads: int) -> ThreadPoolExecutor:
    """Workers of one thread each, as many as torch has threads."""
    started = threading.Barrier(threads + 1)

    def start() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # a thread takes the common number when it is first asked
        started.wait()

    pool = ThreadPoolExecutor(threads, thread_name_prefix="siamcorr-network", initializer=start)
    for _ in range(threads):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(threads)  # of threads to come; the workers keep theirs
    return pool


if hasattr(os, "register_at_fork"):  # a forked process has none of these threads
    os.register_at_fork(after_in_child=_one_threaded.cache_clear)


def _pieces(inputs: tuple[Features, ...], sizes: list[int]) -> list[tuple[Features, ...]]:
    return list(zip(*(_split(each, sizes) for each in inputs), strict=True))


def _split(features: Features, sizes: list[int]) -> list[Features]:
    if isinstance(features, Tensor):
        return list(torch.split(features, sizes))
    return list(zip(*(torch.split(level, sizes) for level in features), strict=True))
