"""Steps that trackers of every method share, as pure functions over N targets."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["MAX_CROP_SIDE", "running_mean", "take"]

MAX_CROP_SIDE = 8192
"""Largest square in pixels that is cut out of a frame; smallest 1. The reference implementations
have no bound and fail in OpenCV once a target has shrunk or grown beyond all measure."""


def take(values: Tensor, best: Tensor) -> Tensor:
    """Of each target's K entries (N, K, ...) the one numbered by `best` (N,): (N, ...)."""
    return values[torch.arange(len(best), device=values.device), best.to(values.device)]


def running_mean(mean: Tensor, value: Tensor, rate: float, age: Tensor) -> Tensor:
    """Mean of all values while there are few, then one that forgets at a rate.

    mean = (1 - r) * mean + r * value,  r = max(rate, 1 / (age + 1))

    Args:
        mean: (N, ...); does not count where age is 0.
        value: (N, ...).
        rate: share of a new value in the long run.
        age: (N,) int64, number of values before this one.
    """
    share = (1 / (age + 1.0)).clamp_min(rate).to(value)
    share = share.reshape(-1, *[1] * (value.ndim - 1))
    return torch.where(share == 1, value, torch.lerp(mean, value, share))
