"""Checks of what callers pass in, and the one form of the errors they get."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.ops.precision import autocast_is_on
from siamcorr.ops.problem import Pair, Window, kernel_extent

__all__ = ["as_pair", "broadcast_batch", "check_operands", "check_window", "shape_error"]

_CAST = {torch.float16, torch.bfloat16, torch.float32}
_LAYOUT = {
    "search": "(B, C, Hx, Wx)",
    "input": "(B, C, H, W)",
    "template": "(B, C, Hz, Wz)",
    "weight": "(B, O, C/G, h, w)",
    "bias": "(B, O)",
    "scale": "(C,)",
    "shift": "(C,)",
}


def _rows(tensors: dict[str, Tensor]) -> str:
    """The inputs, aligned: name, shape, symbols, dtype, device."""
    width = max(map(len, tensors))
    shapes = {name: str(tuple(tensor.shape)) for name, tensor in tensors.items()}
    wide = max(map(len, shapes.values()))
    return "".join(
        f"\n  {name:<{width}} : {shapes[name]:<{wide}}  as {_LAYOUT[name]}  "
        f"{str(tensor.dtype).removeprefix('torch.')} on {tensor.device}"
        for name, tensor in tensors.items()
    )


def shape_error(who: str, what: str, tensors: dict[str, Tensor], hint: str = "") -> ShapeError:
    """`who: what`, the inputs aligned, and a hint."""
    return ShapeError(f"{who}: {what}{_rows(tensors)}" + (f"\n  hint: {hint}" if hint else ""))


def check_operands(who: str, **tensors: Tensor) -> None:
    """Same floating dtype, same device, the rank that each name stands for, nothing empty.

    Under autocast dtypes may differ, as far as it makes them the same.

    Raises:
        InvalidArgument: not a tensor, not floating point, or dtypes or devices differ.
        ShapeError: another rank, or an axis of length 0.
    """
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise InvalidArgument(
                f"{who}: {name} must be a torch.Tensor as {_LAYOUT[name]}, "
                f"got {type(tensor).__name__}"
            )
    for name, tensor in tensors.items():
        rank = _LAYOUT[name].count(",") + (1 if name not in {"scale", "shift"} else 0)
        if tensor.ndim != rank:
            raise shape_error(who, f"{name} must have {rank} axes, got {tensor.ndim}", tensors)
        if 0 in tensor.shape:
            raise shape_error(who, f"{name} has an axis of length 0", tensors)
    first = next(iter(tensors.values()))
    if not first.is_floating_point():
        raise InvalidArgument(
            f"{who}: needs floating point, got {first.dtype}{_rows(tensors)}\n  hint: .float()"
        )
    if not _dtypes_agree(tensors):
        raise InvalidArgument(f"{who}: dtypes differ{_rows(tensors)}")
    if any(tensor.device != first.device for tensor in tensors.values()):
        raise InvalidArgument(f"{who}: devices differ{_rows(tensors)}")


def _dtypes_agree(tensors: dict[str, Tensor]) -> bool:
    """One dtype; under autocast any mixture that it casts, as half features and float32 weights."""
    dtypes = {tensor.dtype for tensor in tensors.values()}
    device = next(iter(tensors.values())).device.type
    return len(dtypes) == 1 or (autocast_is_on(device) and dtypes <= _CAST)


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
    batches = {tensor.shape[0] for tensor in tensors.values() if tensor.shape[0] != 1}
    if len(batches) > 1:
        names = " and ".join(tensors)
        numbers = " and ".join(str(tensor.shape[0]) for tensor in tensors.values())
        raise shape_error(
            who,
            f"{names} disagree on B: {numbers}",
            tensors,
            "batches must be equal, or one of them 1",
        )
    return batches.pop() if batches else 1


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
