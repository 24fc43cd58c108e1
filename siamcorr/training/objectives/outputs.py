"""Checks of what a model answered, so that an objective that does not fit its head says so."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.heads.outputs import BoxOutput

__all__ = ["as_boxes", "as_response"]


def as_response(who: str, output: Any, pairs: int) -> Tensor:
    """One square response a pair.

    Raises:
        InvalidArgument: no tensor.
        ShapeError: not (B, 1, S, S).
    """
    if not isinstance(output, Tensor):
        raise InvalidArgument(
            f"{who}: this objective is for heads that answer one response, got "
            f"{type(output).__name__}; for heads that answer boxes use 'rpn', 'point' or 'mask'"
        )
    _check(who, "response", output, (pairs, 1))
    return output


def as_boxes(who: str, output: Any, pairs: int, anchors: int) -> BoxOutput:
    """Maps of K anchors a cell, 1 for points.

    Raises:
        InvalidArgument: no `BoxOutput`.
        ShapeError: not (B, 2K, S, S) and (B, 4K, S, S) with one S.
    """
    if not isinstance(output, BoxOutput):
        raise InvalidArgument(
            f"{who}: this objective is for heads that answer boxes, got {type(output).__name__}; "
            "for heads that answer one response use 'siamfc' or 'filter'"
        )
    _check(who, "cls", output.cls, (pairs, 2 * anchors))
    _check(who, "loc", output.loc, (pairs, 4 * anchors), output.cls.shape[-1])
    return output


def _check(
    who: str, name: str, answer: Tensor, start: tuple[int, int], size: int | None = None
) -> None:
    """Square maps, of a size if it is given."""
    shape = tuple(answer.shape)
    side = shape[-1] if size is None else size
    if shape != (*start, side, side):
        cells = "S, S" if size is None else f"{size}, {size}"
        raise ShapeError(f"{who}: expected {name} ({start[0]}, {start[1]}, {cells}), got {shape}")
