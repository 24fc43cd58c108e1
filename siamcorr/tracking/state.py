"""State of a tracker: frozen dataclasses of tensors with one row per target, and row operations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

__all__ = ["TrackState", "concatenate", "select"]

V = TypeVar("V")


@dataclass(frozen=True)
class TrackState:
    """What every tracker's state has; all tensor fields have the N targets as first axis.

    Attributes:
        ids: (N,) int64, in the order of the results.
        next_id: the id that the next added target gets; never goes back.
        frame_index: number of frames since the first one.
    """

    ids: Tensor
    next_id: int
    frame_index: int


def select(value: V, rows: Tensor) -> V:
    """Some rows of a state, or of what else holds tensors with a row per target.

    Args:
        value: a state, a tensor, or a tuple (named or not) of these and of tuples.
        rows: (N,) bool mask or (M,) int64 row numbers.
    """
    return cast(V, _each(lambda tensor: tensor[rows.to(tensor.device)], value))


def concatenate(*values: V) -> V:
    """The rows of all values in this order; what is no tensor comes from the last."""
    return cast(V, _each(lambda *tensors: torch.cat(tensors), *values))


def _each(function: Callable[..., Tensor], *values: Any) -> Any:
    """A function on tensors, or place by place on states and tuples of them."""
    last = values[-1]
    if isinstance(last, Tensor):
        return function(*values)
    if isinstance(last, TrackState):
        names = [field.name for field in dataclasses.fields(last)]
        fields = {name: _each(function, *(getattr(v, name) for v in values)) for name in names}
        return dataclasses.replace(last, **fields)
    if isinstance(last, tuple):
        parts = [_each(function, *items) for items in zip(*values, strict=True)]
        return type(last)(*parts) if hasattr(last, "_fields") else tuple(parts)
    return last
