"""Side-by-side timing: candidates take turns, so that a drifting machine is fair to all of them."""

from __future__ import annotations

import ctypes
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch

__all__ = ["Timing", "interleave", "keep_freed_memory", "now", "shuffled_rounds"]


_TRIM_THRESHOLD, _MMAP_MAX, _KEEP_ALL = -1, -4, 2**31 - 1  # of malloc.h
T = TypeVar("T")
BLOCK_S, QUICK_S, SLOW_S = 0.003, 0.05, 1.0


@dataclass(frozen=True)
class Timing:
    """Seconds per call over the counted runs."""

    median_s: float
    iqr_s: float
    least_s: float
    runs: int


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to keep what is freed, as caching allocators do.

    By default it hands large blocks back to the system, and the next call waits for new pages,
    depending on what its neighbours in the rotation allocated.

    Returns:
        Whether this process has that allocator.
    """
    if not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallopt"):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _KEEP_ALL))


def interleave(
    candidates: Mapping[str, Callable[[], object]],
    *,
    seconds: float = 0.2,
    runs: tuple[int, int] = (4, 40),
    device: str = "cpu",
) -> dict[str, Timing]:
    """Time several callables in turns (A B C, C A B, ... shuffled), after a warm-up round.

    A turn of a callable that takes less than `QUICK_S` is a call that is not counted, which brings
    its data and code back into the caches, and then a block of calls of about `BLOCK_S` whose mean
    is. A callable that takes over `SLOW_S` a call counts in the first two rounds only.

    Args:
        candidates: name to callable.
        seconds: aim at this much counted time for all candidates together.
        runs: least and most counted rounds.
        device: `cuda` synchronises around every call.

    Returns:
        Median, interquartile range and least of the counted runs by name.
    """
    durations: dict[str, list[float]] = {name: [] for name in candidates}
    first = {name: _time(call, device) for name, call in candidates.items()}  # warm-up
    quick = [_time(call, device) for name, call in candidates.items() if first[name] <= SLOW_S]
    rounds = min(max(int(seconds / max(sum(quick), 1e-9)), runs[0]), runs[1])
    for number, names in enumerate(shuffled_rounds(candidates, rounds)):
        for name in names:
            if number < 2 or first[name] <= SLOW_S:
                durations[name].append(_turn(candidates[name], device))
    return {name: _summary(values) for name, values in durations.items()}


def shuffled_rounds(names: Iterable[T], count: int) -> Iterator[list[T]]:
    """Orders in which candidates take turns, the same ones at every call; no fixed neighbours."""
    rng, candidates = random.Random(0), list(names)
    return (rng.sample(candidates, len(candidates)) for _ in range(count))


def now() -> float:
    """Seconds of a steady clock, after everything that was queued on a GPU."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    return time.perf_counter()


def _turn(call: Callable[[], object], device: str) -> float:
    """Seconds per call of one turn: of a quick callable a block of calls, after a first one."""
    once = _time(call, device)
    if once > QUICK_S:
        return once
    calls = min(max(int(BLOCK_S / max(once, 1e-9)), 1), 20)
    return _time(call, device, calls) / calls


def _time(call: Callable[[], object], device: str, calls: int = 1) -> float:
    """Seconds of some calls, each of whose results is dropped before the next."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _summary(values: list[float]) -> Timing:
    quarters = statistics.quantiles(values, n=4)
    return Timing(statistics.median(values), quarters[2] - quarters[0], min(values), len(values))
