"""Checks of what the filter solvers are given, and how their work is cut over targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument
from siamcorr.ops.checks import Operands, as_pair, operand_error
from siamcorr.ops.precision import arithmetic_dtype, autocast_is_on
from siamcorr.ops.problem import Pair, slices

__all__ = [
    "WORKSPACE_BYTES",
    "as_number",
    "by_targets",
    "check_batch",
    "check_support",
    "number_or_tensor",
]

WORKSPACE_BYTES = 8 * 2**20
"""Bound of the spectra held at once on CPU where no gradient is recorded; at least one target.

Slices of this size reuse their memory: 16 targets of 43 x 40 x 40 take 0.7 of the time of a whole
batch in closed form, and as long under constraint. Elsewhere the bound is 8 times as large.
"""


def check_batch(who: str, name: str, batch: int, operands: Operands) -> None:
    """The leading axis of `name` is the batch of the first operand, or 1.

    Raises:
        ShapeError: it is not.
    """
    if operands[name][0].shape[0] not in {1, batch}:
        first = next(iter(operands))
        what = f"{first} and {name} disagree on B: {batch} and {operands[name][0].shape[0]}"
        raise operand_error(who, what, operands)


def check_support(who: str, name: str, support: object, size: Pair, operands: Operands) -> Pair:
    """A pair (rows, columns) of at least one cell that fits into the window; None is all of it.

    Raises:
        InvalidArgument: not an int >= 1 or a pair of them.
        ShapeError: larger than the window.
    """
    if support is None:
        return size
    rows, columns = as_pair(who, name, support, 1)
    if rows > size[0] or columns > size[1]:
        what = f"{name} of {rows}x{columns} does not fit into a window of {size[0]}x{size[1]}"
        raise operand_error(who, what, operands)
    return rows, columns


def number_or_tensor(
    who: str, name: str, value: float | Tensor, template: Tensor, *, positive: bool
) -> float | Tensor:
    """A finite number, or a tensor () or (B,): as float, or as tensor (1,) or (B,) to compute with.

    The values of a tensor are not read, so that nothing waits for a GPU.

    Raises:
        InvalidArgument: a number out of range, or a tensor of another shape or device.
    """
    if isinstance(value, Tensor):
        batch = template.shape[0]
        if value.ndim > 1 or value.numel() not in {1, batch} or not value.is_floating_point():
            raise InvalidArgument(
                f"{who}: {name} must be a float, or a floating tensor () or (B,) = ({batch},), "
                f"got {tuple(value.shape)} {value.dtype}"
            )
        if value.device != template.device:
            raise InvalidArgument(
                f"{who}: {name} is on {value.device}, the template on {template.device}"
            )
        return value.reshape(-1).to(arithmetic_dtype(template.dtype))
    return as_number(who, name, value, positive=positive)


def as_number(who: str, name: str, value: object, *, positive: bool) -> float:
    """A finite float, > 0 or >= 0.

    Raises:
        InvalidArgument: another type, or out of range.
    """
    bound = "> 0" if positive else ">= 0"
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if 0 < number < math.inf or (number == 0 and not positive):
        return float(number)
    raise InvalidArgument(f"{who}: {name} must be finite and {bound}, got {value!r}")


def by_targets(
    solve: Callable[..., Tensor], bytes_each: int, template: Tensor, *rest: Tensor | float
) -> Tensor:
    """Call `solve` on slices of the targets and join the results.

    Computes with autocast off, in float32 for half precision; the result has the template's dtype,
    or float32 where autocast is on, as it has for torch's own solvers. Tensors in `rest` have a
    leading axis of all targets, or of 1 for all.
    """
    device, batch = template.device.type, template.shape[0]
    cast = autocast_is_on(device)
    dtype = arithmetic_dtype(template.dtype)
    tensors = [x.to(dtype) if isinstance(x, Tensor) else x for x in (template, *rest)]
    bound = WORKSPACE_BYTES * (1 if device == "cpu" else 8)
    with torch.autocast(device, enabled=False) if cast else nullcontext():
        parts = [
            solve(*(x[part] if isinstance(x, Tensor) and len(x) != 1 else x for x in tensors))
            for part in slices(batch, max(bound // bytes_each, 1))
        ]
    joined = parts[0] if len(parts) == 1 else torch.cat(parts)
    return joined if cast else joined.to(template.dtype)
