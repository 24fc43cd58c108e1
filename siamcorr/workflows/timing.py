"""Side-by-side timing: candidates take turns, so that a drifting machine is fair to all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

__all__ = ["Timing", "interleave"]


QUICK_S, SLOW_S = 0.05, 1.0


@dataclass(frozen=True)
class Timing:
    """Seconds per call over the counted runs."""

    median_s: float
    iqr_s: float
    least_s: float
    runs: int


def interleave(
    candidates: Mapping[str, Callable[[], object]],
    *,
    seconds: float = 0.2,
    runs: tuple[int, int] = (4, 60),
    device: str = "cpu",
) -> dict[str, Timing]:
    """Time several callables in turns (A B C, B C A, ...), after a warm-up round.

    Every turn of a callable that takes less than `QUICK_S` begins with a call that is not counted,
    which brings its data back into the caches. A callable that takes over `SLOW_S` a call counts
    in the first two rounds only.

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
    names = list(candidates)
    for number in range(rounds):
        shift = number % len(names)  # nobody always follows the same neighbour
        for name in names[shift:] + names[:shift]:
            if first[name] < QUICK_S:
                candidates[name]()
            if number < 2 or first[name] <= SLOW_S:
                durations[name].append(_time(candidates[name], device))
    return {name: _summary(values) for name, values in durations.items()}


def _time(call: Callable[[], object], device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _summary(values: list[float]) -> Timing:
    quarters = statistics.quantiles(values, n=4)
    return Timing(statistics.median(values), quarters[2] - quarters[0], min(values), len(values))
