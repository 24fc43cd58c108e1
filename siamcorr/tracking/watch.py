"""Watching N targets: what is usual for each, who is in sight, and looking for the lost ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from siamcorr.tracking import lost
from siamcorr.tracking.common_steps import running_mean
from siamcorr.tracking.lost_settings import WatchSettings
from siamcorr.tracking.state import TrackState, concatenate, select

__all__ = ["Watch", "best_windows", "look_by_group", "new_watch", "observe"]

S = TypeVar("S", bound=TrackState)
L = TypeVar("L")


class Watch(NamedTuple):
    """What is remembered of N targets' signals; stays as it began where nobody asks for losses.

    Attributes:
        usual: (N, 3) running means of the signals of `lost.confidence`; NaN before the first.
        confidence: (N,) of the last frame, 1 before the first.
        age: (N,) int64, frames since the target's first.
        low_for: (N,) int64, frames in a row with a low confidence.
        lost_for: (N,) int64, frames since the target was lost; 0 while it is in sight.
    """

    usual: Tensor
    confidence: Tensor
    age: Tensor
    low_for: Tensor
    lost_for: Tensor

    @property
    def lost(self) -> Tensor:
        """(N,) bool."""
        return self.lost_for > 0

    @property
    def sure(self) -> Tensor:
        """(N,) bool, in sight with a confidence that is not low: the look can be trusted."""
        return (self.low_for == 0) & ~self.lost


def new_watch(count: int) -> Watch:
    """Of targets that start."""
    none = torch.zeros(count, dtype=torch.int64)
    return Watch(torch.full((count, 3), torch.nan), torch.ones(count), none, none, none)


def observe(watch: Watch, signals: Tensor, rules: WatchSettings) -> Watch:
    """After a frame; what is usual moves with the targets that are surely in sight.

    Args:
        watch: before it.
        signals: (N, 3) of this frame, as `lost.confidence` takes them.
        rules: the thresholds.
    """
    signals = signals.float().cpu()
    confidence = lost.confidence(signals, watch.usual, rules.signal)
    low_for, lost_for = lost.count_lost(
        watch.low_for,
        watch.lost_for,
        confidence,
        young=watch.age < rules.warm_up,
        below=rules.below,
        after=rules.after,
        found_above=rules.found_above,
    )
    after = Watch(watch.usual, confidence, watch.age + 1, low_for, lost_for)
    usual = running_mean(watch.usual, signals, rules.usual_rate, watch.age)
    return after._replace(usual=torch.where(after.sure[:, None], usual, watch.usual))


def look_by_group(state: S, lost: Tensor, near: Callable[[S], L], wide: Callable[[S], L]) -> L:
    """Looks of all targets in the order of the state, one pass a group.

    Args:
        state: N targets.
        lost: (N,) bool.
        near: looks of targets in sight.
        wide: looks of lost targets.
    """
    if not lost.any():
        return near(state)
    if lost.all():
        return wide(state)
    both = concatenate(near(select(state, ~lost)), wide(select(state, lost)))
    return select(both, lost.to(torch.int8).argsort(stable=True).argsort())


def best_windows(looks: L, strength: Tensor, count: int) -> L:
    """Of `count` looks in a row at each target the strongest one; `strength` is (N * count,)."""
    best = strength.reshape(-1, count).argmax(1).cpu()
    return select(looks, torch.arange(len(best)) * count + best)
