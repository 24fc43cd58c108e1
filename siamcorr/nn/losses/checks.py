"""What losses of classes ask of their arguments: one name of `Balance`, and shapes that agree."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.ops.precision import arithmetic_dtype

__all__ = ["Balance", "as_logits", "check_balance"]

Balance: TypeAlias = Literal["batch", "pair"]
"""Over what a loss is averaged; see `weighted_mean`."""


def check_balance(who: str, balance: Balance) -> None:
    """`batch` or `pair`.

    Raises:
        InvalidArgument: anything else.
    """
    if balance not in ("batch", "pair"):
        raise InvalidArgument(f"{who}: balance must be batch or pair, got {balance!r}")


def as_logits(who: str, logits: Tensor, **cells: Tensor) -> Tensor:
    """The logits, at least in float32.

    Raises:
        ShapeError: something that is told of each cell, such as labels, has another shape.
    """
    for name, each in cells.items():
        if logits.shape != each.shape:
            shapes = f"{tuple(logits.shape)} and {tuple(each.shape)}"
            raise ShapeError(f"{who}: logits and {name} differ in shape: {shapes}")
    return logits.to(arithmetic_dtype(logits.dtype))
