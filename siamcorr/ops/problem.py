"""The static properties of one batched correlation: all that backends and dispatch may look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from siamcorr.ops.exporting import is_exporting

__all__ = [
    "Direction",
    "Pair",
    "Problem",
    "Window",
    "describe",
    "is_symbolic",
    "kernel_extent",
    "padded_size",
    "response_size",
    "slices",
    "towards",
]

Pair = tuple[int, int]
Direction = Literal["forward", "input_gradient", "weight_gradient"]
"""The three bilinear maps that are closed under differentiation (see `primitive`)."""


class Window(NamedTuple):
    """How the kernel slides: the arguments of `F.conv2d` after the tensors."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int


class Problem(NamedTuple):
    """One correlation `y[b, o] = sum_c x[b, c] * k[b, o, c]`, or one of its two gradients.

    `shared` says that one kernel serves the whole batch, `exporting` that an ONNX file is being
    written; sizes are (rows, columns) in cells.
    """

    direction: Direction
    batch: int
    shared: bool
    in_channels: int
    out_channels: int
    input_size: Pair
    kernel_size: Pair
    window: Window
    dtype: torch.dtype
    device: str
    exporting: bool = False


def describe(x: Tensor, k: Tensor, window: Window, dtype: torch.dtype, kernels: int = 1) -> Problem:
    """The problem of `forward(x, k)` in a dtype; its gradients differ in the direction alone.

    Args:
        x: input (B, C, ., .).
        k: kernel (B or 1, O, C/G, h, w).
        window: stride, padding, dilation, groups.
        dtype: that both will have, which autocast may change.
        kernels: N where N kernels become N*O kernels of one sample.
    """
    return Problem(
        "forward",
        x.shape[0],
        k.shape[0] == 1 and x.shape[0] != 1,
        k.shape[2] * window.groups,
        k.shape[1] * kernels,
        (x.shape[2], x.shape[3]),
        (k.shape[3], k.shape[4]),
        window,
        dtype,
        x.device.type,
        is_exporting(),
    )


def towards(direction: Direction, problem: Problem) -> Problem:
    """The same correlation in another direction."""
    _, batch, shared, channels, outputs, size, taps, window, dtype, device, exporting = problem
    return Problem(
        direction, batch, shared, channels, outputs, size, taps, window, dtype, device, exporting
    )  # `_replace` is beyond the compiler of torch 2.6


def is_symbolic(size: int) -> bool:
    """Whether a size stands for many: a dynamic one under torch.export."""
    return isinstance(size, torch.SymInt)


def kernel_extent(kernel_size: Pair, dilation: Pair) -> Pair:
    """Rows and columns that a dilated kernel covers: (h - 1) * d + 1."""
    return (
        (kernel_size[0] - 1) * dilation[0] + 1,
        (kernel_size[1] - 1) * dilation[1] + 1,
    )


def padded_size(problem: Problem) -> Pair:
    """Rows and columns of the input with its padding."""
    (rows, columns), (top, left) = problem.input_size, problem.window.padding
    return rows + 2 * top, columns + 2 * left


def response_size(problem: Problem) -> Pair:
    """Rows and columns of the response, as `F.conv2d` counts them."""
    rows, columns = padded_size(problem)
    high, wide = kernel_extent(problem.kernel_size, problem.window.dilation)
    stride = problem.window.stride
    return (rows - high) // stride[0] + 1, (columns - wide) // stride[1] + 1


def slices(length: int, step: int) -> Iterator[slice]:
    """Cut 0 ... length into pieces of at most `step`: how backends bound their workspace."""
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))
