"""Calls of a network whose answer for one target does not depend on the others in the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from siamcorr.nn.features import Features
from siamcorr.tracking.state import concatenate

__all__ = ["per_target"]

R = TypeVar("R")


def per_target(network: Callable[..., R], *inputs: Features, row_by_row: bool, crops: int = 1) -> R:
    """A network's answer for N targets: one call in all, or one call a target.

    Args:
        network: takes and gives tensors, or tuples of them, with N * crops rows.
        inputs: what it takes.
        row_by_row: what `Network.row_by_row` says.
        crops: rows of each target.

    Returns:
        What the network gives for all rows.
    """
    first = inputs[0] if isinstance(inputs[0], Tensor) else inputs[0][0]
    if not row_by_row or len(first) == crops:
        return network(*inputs)
    pieces = zip(*(_pieces(each, crops) for each in inputs), strict=True)
    return concatenate(*(network(*piece) for piece in pieces))


def _pieces(features: Features, size: int) -> list[Features]:
    if isinstance(features, Tensor):
        return list(torch.split(features, size))
    return list(zip(*(torch.split(level, size) for level in features), strict=True))
