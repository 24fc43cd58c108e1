"""Checks of what callers pass in, and the one form of the errors they get."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.ops.precision import autocast_is_on
from siamcorr.ops.problem import Pair, Window, kernel_extent

__all__ = [
    "Operands",
    "as_pair",
    "broadcast_batch",
    "check_operands",
    "check_tensors",
    "check_window",
    "operand_error",
    "shape_error",
]

_CAST = {torch.float16, torch.bfloat16, torch.float32}
_AXES = re.compile(r"\(([^)]*)\)")
_LAYOUT = {
    "search": "(B, C, Hx, Wx)",
    "input": "(B, C, H, W)",
    "template": "(B, C, Hz, Wz)",
    "weight": "(B, O, C/G, h, w)",
    "bias": "(B, O)",
    "scale": "(C,)",
    "shift": "(C,)",
}


Operands: TypeAlias = dict[str, tuple[Tensor, str]]
"""Tensors by name, each with its layouts in words: "(H, W) or (B, H, W)"."""


def shape_error(who: str, what: str, tensors: dict[str, Tensor], hint: str = "") -> ShapeError:
    """`operand_error` for operands whose names tell their layouts."""
    return operand_error(who, what, _with_layouts(tensors), hint)


def operand_error(who: str, what: str, operands: Operands, hint: str = "") -> ShapeError:
    """`who: what`, the inputs aligned, and a hint."""
    return ShapeError(f"{who}: {what}{_rows(operands)}" + (f"\n  hint: {hint}" if hint else ""))


def check_operands(who: str, **tensors: Tensor) -> None:
    """`check_tensors` for operands whose names tell their layouts."""
    check_tensors(who, _with_layouts(tensors))


def check_tensors(who: str, operands: Operands) -> None:
    """Same floating dtype, same device, a rank that the layout names, nothing empty.

    Under autocast dtypes may differ, as far as it makes them the same.

    Raises:
        InvalidArgument: not a tensor, not floating point, or dtypes or devices differ.
        ShapeError: another rank, or an axis of length 0.
    """
    for name, (tensor, layout) in operands.items():
        if not isinstance(tensor, Tensor):
            raise InvalidArgument(
                f"{who}: {name} must be a torch.Tensor as {layout}, got {type(tensor).__name__}"
            )
    for name, (tensor, layout) in operands.items():
        ranks = [axes.rstrip(",").count(",") + 1 for axes in _AXES.findall(layout)]
        if tensor.ndim not in ranks:
            needed = " or ".join(map(str, ranks)) + (" axis" if ranks == [1] else " axes")
            raise operand_error(who, f"{name} must have {needed}, got {tensor.ndim}", operands)
        if 0 in tensor.shape:
            raise operand_error(who, f"{name} has an axis of length 0", operands)
    tensors = [tensor for tensor, _ in operands.values()]
    dtypes, device = {tensor.dtype for tensor in tensors}, tensors[0].device
    if not tensors[0].is_floating_point():
        raise InvalidArgument(
            f"{who}: needs floating point, got {tensors[0].dtype}{_rows(operands)}\n"
            "  hint: .float()"
        )
    # under autocast any mixture that it casts, as half features and float32 weights
    if len(dtypes) > 1 and not (autocast_is_on(device.type) and dtypes <= _CAST):
        raise InvalidArgument(f"{who}: dtypes differ{_rows(operands)}")
    if any(tensor.device != device for tensor in tensors):
        raise InvalidArgument(f"{who}: devices differ{_rows(operands)}")


def _with_layouts(tensors: dict[str, Tensor]) -> Operands:
    return {name: (tensor, _LAYOUT[name]) for name, tensor in tensors.items()}


def _rows(operands: Operands) -> str:
    """The inputs, aligned: name, shape, symbols, dtype, device."""
    width = max(map(len, operands))
    shapes = {name: str(tuple(tensor.shape)) for name, (tensor, _) in operands.items()}
    wide = max(map(len, shapes.values()))
    return "".join(
        f"\n  {name:<{width}} : {shapes[name]:<{wide}}  as {layout}  "
        f"{str(tensor.dtype).removeprefix('torch.')} on {tensor.device}"
        for name, (tensor, layout) in operands.items()
    )


def as_pair(who: str, name: str, value: object, least: int) -> Pair:
    """An int, or a pair of ints (rows, columns), each at least `least`."""
    pair = tuple(value) if isinstance(value, Sequence) else (value, value)
    whole = all(isinstance(number, (int, torch.SymInt)) for number in pair)
    if not whole or len(pair) != 2 or min(pair) < least:
        raise InvalidArgument(
            f"{who}: {name} must be an int >= {least} or a pair of them (rows, columns), "
            f"got {value!r}"
        )
    return pair[0], pair[1]


def broadcast_batch(who: str, tensors: dict[str, Tensor]) -> int:
    """The common batch of the tensors; 1 goes with any."""
    # compared, not hashed: a symbolic size has no hash
    batches = [tensor.shape[0] for tensor in tensors.values() if tensor.shape[0] != 1]
    if any(batch != batches[0] for batch in batches):
        names = " and ".join(tensors)
        numbers = " and ".join(str(tensor.shape[0]) for tensor in tensors.values())
        raise shape_error(
            who,
            f"{names} disagree on B: {numbers}",
            tensors,
            "batches must be equal, or one of them 1",
        )
    return batches[0] if batches else 1


def check_window(who: str, tensors: dict[str, Tensor], window: Window) -> None:
    """The kernel, spread by its dilation, must fit into the padded input.

    Raises:
        ShapeError: it does not.
    """
    large, small = list(tensors.values())[:2]
    extent = kernel_extent((small.shape[-2], small.shape[-1]), window.dilation)
    padded = [n + 2 * p for n, p in zip(large.shape[-2:], window.padding, strict=True)]
    if extent[0] > padded[0] or extent[1] > padded[1]:
        first, second = list(tensors)[:2]
        swapped = first == "search" and small.shape[-1] > large.shape[-1]
        raise shape_error(
            who,
            f"{second} of {extent[0]}x{extent[1]} does not fit into {first} of "
            f"{padded[0]}x{padded[1]} (with padding {window.padding})",
            tensors,
            "the search comes first, the template second" if swapped else "",
        )
