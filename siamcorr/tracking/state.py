"""State of a tracker: frozen dataclasses of tensors with one row per target, and row operations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

__all__ = ["SiameseState", "TrackState", "concatenate", "select"]

S = TypeVar("S", bound="TrackState")


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


@dataclass(frozen=True)
class SiameseState(TrackState):
    """State of the scale-pyramid trackers (SiamFC, fixed filters).

    Attributes:
        centre_yx: (N, 2) float32, pixel-index coordinates: 0 is the middle of the first pixel.
        size_hw: (N, 2) float32, pixels.
        search_side: (N,) float64, side of the search square in frame pixels at scale 1.
        border_colour: (N, 3) uint8 RGB, fills crops where they leave the frame.
        template: (N, C, Hz, Wz) features of the template crops, on the model's device.
    """

    centre_yx: Tensor
    size_hw: Tensor
    search_side: Tensor
    border_colour: Tensor
    template: Tensor


def select(state: S, rows: Tensor) -> S:
    """The state of some of its targets.

    Args:
        state: N targets.
        rows: (N,) bool mask or (M,) int64 row numbers.
    """
    kept: dict[str, Any] = {
        name: _each(lambda tensor: tensor[rows.to(tensor.device)], value)
        for name, value in _tensors(state).items()
    }
    return dataclasses.replace(state, **kept)


def concatenate(first: S, second: S) -> S:
    """The targets of both states in this order; what is no tensor comes from the second."""
    ahead = _tensors(first)
    joined: dict[str, Any] = {
        name: _each(lambda *rows: torch.cat(rows), ahead[name], value)
        for name, value in _tensors(second).items()
    }
    return dataclasses.replace(second, **joined)


def _each(function: Callable[..., Tensor], *values: Any) -> Any:
    """A function on tensors, or level by level on tuples of them."""
    if isinstance(values[0], Tensor):
        return function(*values)
    return tuple(function(*tensors) for tensors in zip(*values, strict=True))


def _tensors(state: TrackState) -> dict[str, Any]:
    values = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    return {name: value for name, value in values.items() if isinstance(value, (Tensor, tuple))}
