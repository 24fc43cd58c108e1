"""Backend `triton`: fused GPU kernels for the forward map and both gradients.

The three maps are operators of `torch.library`, so that torch.compile keeps them whole and their
gradients are known wherever they are met. `TRITON_INTERPRET=1` runs them on CPU, slowly, in tests.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from typing import Any

import torch
from torch import Tensor

from siamcorr.ops.problem import Problem, Window, response_size, towards

__all__ = [
    "correlate",
    "correlate_input_gradient",
    "correlate_weight_gradient",
    "forward",
    "input_gradient",
    "machine_reasons",
    "reasons",
    "weight_gradient",
]

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_PROGRAMS = 512
"""Programs that fill a GPU; a reduction is cut into parts until there are as many."""
_DOT = 16
"""Least side of the tiles that `tl.dot` takes."""


def machine_reasons() -> list[str]:
    """Why no correlation can run on this backend here; empty: some can."""
    if importlib.util.find_spec("triton") is None:
        return ["triton is not installed; it comes with torch's CUDA builds for Linux"]
    if not torch.cuda.is_available() and not _interpreted():
        return ["no CUDA device (TRITON_INTERPRET=1 runs the kernels on CPU, slowly, for tests)"]
    return []


def reasons(problem: Problem) -> list[str]:
    """Why this backend cannot run the problem; empty: it can."""
    found = [] if problem.device == "meta" else machine_reasons()
    if problem.device not in ("cuda", "meta") and not _interpreted():
        found.append(f"the tensors are on {problem.device}")
    if problem.dtype not in _DTYPES:
        found.append(f"no kernels for {problem.dtype}")
    if problem.exporting:
        found.append("ONNX has no such operator")
    return found


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w); returns (B, O, Hr, Wr)."""
    y: Tensor = correlate(x, k, _flat(problem.window))
    return y


def input_gradient(g: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Spread (B, O, Hr, Wr) through the kernel; returns (B, C, H, W)."""
    size, window = list(problem.input_size), _flat(problem.window)
    dx: Tensor = correlate_input_gradient(g, k, size, window)
    return dx


def weight_gradient(x: Tensor, g: Tensor, problem: Problem) -> Tensor:
    """Correlate the input with the output gradient; returns (B or 1, O, C/G, h, w)."""
    size, window = list(problem.kernel_size), _flat(problem.window)
    dk: Tensor = correlate_weight_gradient(x, g, size, problem.shared, window)
    return dk


# schemas in words: torch 2.6 cannot infer one from list[int]
@torch.library.custom_op(
    "siamcorr::correlate",
    mutates_args=(),
    schema="(Tensor x, Tensor k, int[] window) -> Tensor",
)
def correlate(x: Tensor, k: Tensor, window: list[int]) -> Tensor:
    """The forward map as an operator.

    Args:
        x: (B, C, H, W).
        k: (B or 1, O, C/G, h, w).
        window: strides, paddings, dilations (rows before columns) and groups, 7 numbers.
    """
    return _gather(x, k, _described(x.shape, k.shape, x, window))


@torch.library.custom_op(
    "siamcorr::correlate_input_gradient",
    mutates_args=(),
    schema="(Tensor g, Tensor k, int[] input_size, int[] window) -> Tensor",
)
def correlate_input_gradient(
    g: Tensor, k: Tensor, input_size: list[int], window: list[int]
) -> Tensor:
    """The gradient for the input as an operator: (B, O, Hr, Wr) to (B, C, H, W)."""
    shape = (g.shape[0], k.shape[2] * window[-1], *input_size)
    return _gather(g, k, towards("input_gradient", _described(shape, k.shape, g, window)))


@torch.library.custom_op(
    "siamcorr::correlate_weight_gradient",
    mutates_args=(),
    schema="(Tensor x, Tensor g, int[] kernel_size, bool shared, int[] window) -> Tensor",
)
def correlate_weight_gradient(
    x: Tensor, g: Tensor, kernel_size: list[int], shared: bool, window: list[int]
) -> Tensor:
    """The gradient for the kernel as an operator: to (B or 1, O, C/G, h, w)."""
    samples = 1 if shared else x.shape[0]
    shape = (samples, g.shape[1], x.shape[1] // window[-1], *kernel_size)
    return _taps(x, g, shape, _described(x.shape, shape, x, window))


@correlate.register_fake
def _(x: Tensor, k: Tensor, window: list[int]) -> Tensor:
    problem = _described(x.shape, k.shape, x, window)
    return x.new_empty(x.shape[0], k.shape[1], *response_size(problem))


@correlate_input_gradient.register_fake
def _(g: Tensor, k: Tensor, input_size: list[int], window: list[int]) -> Tensor:
    return g.new_empty(g.shape[0], k.shape[2] * window[-1], *input_size)


@correlate_weight_gradient.register_fake
def _(x: Tensor, g: Tensor, kernel_size: list[int], shared: bool, window: list[int]) -> Tensor:
    samples = 1 if shared else x.shape[0]
    return x.new_empty(samples, g.shape[1], x.shape[1] // window[-1], *kernel_size)


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.window = inputs[-1]


def _correlate_backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    x, k = ctx.saved_tensors
    needs_x, needs_k, _ = ctx.needs_input_grad
    shared = k.shape[0] == 1 and x.shape[0] != 1
    dx = correlate_input_gradient(g, k, list(x.shape[2:]), ctx.window) if needs_x else None
    dk = None
    if needs_k:
        dk = correlate_weight_gradient(x, g, list(k.shape[3:]), shared, ctx.window)
    return dx, dk, None


def _input_gradient_backward(ctx: Any, dx: Tensor) -> tuple[Any, ...]:
    g, k = ctx.saved_tensors
    needs_g, needs_k, *_ = ctx.needs_input_grad
    shared = k.shape[0] == 1 and g.shape[0] != 1
    dg = correlate(dx, k, ctx.window) if needs_g else None
    dk = None
    if needs_k:
        dk = correlate_weight_gradient(dx, g, list(k.shape[3:]), shared, ctx.window)
    return dg, dk, None, None


def _weight_gradient_backward(ctx: Any, dk: Tensor) -> tuple[Any, ...]:
    x, g = ctx.saved_tensors
    needs_x, needs_g, *_ = ctx.needs_input_grad
    dx = correlate_input_gradient(g, dk, list(x.shape[2:]), ctx.window) if needs_x else None
    dg = correlate(x, dk, ctx.window) if needs_g else None
    return dx, dg, None, None, None


correlate.register_autograd(_correlate_backward, setup_context=_save)
correlate_input_gradient.register_autograd(_input_gradient_backward, setup_context=_save)
correlate_weight_gradient.register_autograd(_weight_gradient_backward, setup_context=_save)


def _gather(source: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Forward map and input gradient: every place of the result gathers from the source."""
    spread = problem.direction == "input_gradient"
    groups, taps = problem.window.groups, k.shape[3] * k.shape[4]
    outputs, channels = problem.out_channels // groups, problem.in_channels // groups
    made, summed = (channels, outputs) if spread else (outputs, channels)
    kernel_made, kernel_summed = (taps, channels * taps) if spread else (channels * taps, taps)
    size = problem.input_size if spread else response_size(problem)
    places = size[0] * size[1]
    dot = made >= _DOT // 2 and summed >= _DOT and source.dtype != torch.float64
    blocks = _gather_blocks(made, summed, places, dot=dot)
    planes = problem.batch * groups * _cdiv(made, blocks.get("BLOCK_R", 1))
    programs = planes * _cdiv(places, blocks["BLOCK_P"])
    share, parts = _cut(summed, blocks["BLOCK_Q"], programs)
    result, partial = _outputs(source, (problem.batch, groups * made, *size), parts)
    if result.numel():
        kernel = _kernels().gather_dot if dot else _kernels().gather
        kernel[(programs, parts)](
            source.contiguous(), k.contiguous(), partial, groups, made, summed,
            *source.shape[2:], *size, 0 if problem.shared else k[0].numel(),
            kernel_made, kernel_summed, share,
            **_constants(problem, source.dtype, dot=dot), SPREAD=spread, **blocks,
        )  # fmt: skip
    return result if parts == 1 else partial.sum(0).to(source.dtype)


def _taps(x: Tensor, g: Tensor, shape: tuple[int, ...], problem: Problem) -> Tensor:
    """Weight gradient: every tap of the result adds up its places."""
    groups, samples = problem.window.groups, shape[0]
    outputs, all_taps = problem.out_channels // groups, shape[2] * shape[3] * shape[4]
    places = g.shape[2] * g.shape[3]
    dot = outputs >= _DOT // 2 and all_taps >= _DOT and x.dtype != torch.float64
    blocks = _tap_blocks(outputs, all_taps, places, dot=dot)
    planes = samples * groups * _cdiv(outputs, blocks.get("BLOCK_R", 1))
    programs = planes * _cdiv(all_taps, blocks["BLOCK_T"])
    share, parts = _cut(places, blocks["BLOCK_P"], programs)
    result, partial = _outputs(x, shape, parts)
    if result.numel():
        kernel = _kernels().taps_dot if dot else _kernels().taps
        kernel[(programs, parts)](
            x.contiguous(), g.contiguous(), partial, groups, outputs, shape[2],
            problem.batch if problem.shared else 1, *x.shape[2:], *g.shape[2:], share,
            **_constants(problem, x.dtype, dot=dot), **blocks,
        )  # fmt: skip
    return result if parts == 1 else partial.sum(0).to(x.dtype)


def _gather_blocks(made: int, summed: int, places: int, *, dot: bool) -> dict[str, int]:
    """Tile of a program: matrix products, or one channel with as many places as a block has."""
    if dot:
        return {
            "BLOCK_R": _power(made, _DOT, 64),
            "BLOCK_Q": _power(summed, _DOT, 32),
            "BLOCK_P": _power(places, _DOT, 64),
        }
    across = _power(summed, 1, 8)
    return {"BLOCK_Q": across, "BLOCK_P": _power(places, 16, 1024 // across)}


def _tap_blocks(outputs: int, all_taps: int, places: int, *, dot: bool) -> dict[str, int]:
    if dot:
        return {
            "BLOCK_R": _power(outputs, _DOT, 64),
            "BLOCK_T": _power(all_taps, _DOT, 64),
            "BLOCK_P": _power(places, _DOT, 32),
        }
    across = _power(all_taps, 1, 32)
    return {"BLOCK_T": across, "BLOCK_P": _power(places, 16, 2048 // across)}


def _constants(problem: Problem, dtype: torch.dtype, *, dot: bool) -> dict[str, Any]:
    """What a kernel is compiled for: how it slides, the dtypes of its sums and products."""
    import triton.language as tl

    stride, padding, dilation, _ = problem.window
    names = ("SY", "SX", "PY", "PX", "DY", "DX", "KY", "KX")
    numbers = (*stride, *padding, *dilation, *problem.kernel_size)
    constants = dict(zip(names, numbers, strict=True))
    accumulated = tl.float64 if dtype == torch.float64 else tl.float32
    if not dot:
        return {**constants, "ACC": accumulated}
    exact = dtype == torch.float32 or _interpreted()  # the interpreter's dot reads bfloat16 as bits
    factor = (
        tl.float32 if exact else {torch.float16: tl.float16, torch.bfloat16: tl.bfloat16}[dtype]
    )
    return {**constants, "ACC": accumulated, "FACTOR": factor}


def _outputs(like: Tensor, shape: tuple[int, ...], parts: int) -> tuple[Tensor, Tensor]:
    """The result, and what the kernel writes: the same, or a sum a part in full precision."""
    result = like.new_empty(shape)
    if parts == 1:
        return result, result
    full = torch.float64 if like.dtype == torch.float64 else torch.float32
    return result, like.new_empty((parts, *shape), dtype=full)


def _cut(length: int, block: int, programs: int) -> tuple[int, int]:
    """Share of a part and number of parts that a sum over `length` is cut into."""
    wanted = min(_cdiv(length, block), _cdiv(_PROGRAMS, max(programs, 1)))
    share = _cdiv(_cdiv(length, wanted), block) * block
    return share, _cdiv(length, share)


def _power(length: int, least: int, most: int) -> int:
    """The power of two that holds `length`, within limits that are powers of two."""
    return min(max(1 << (length - 1).bit_length(), least), most)


def _cdiv(length: int, block: int) -> int:
    return -(-length // block)


def _flat(window: Window) -> list[int]:
    return [*window.stride, *window.padding, *window.dilation, window.groups]


def _described(x_shape: Any, k_shape: Any, like: Tensor, window: list[int]) -> Problem:
    """The problem of the forward map from the arguments of an operator."""
    sy, sx, py, px, dy, dx, groups = window
    return Problem(
        "forward",
        x_shape[0],
        k_shape[0] == 1 and x_shape[0] != 1,
        x_shape[1],
        k_shape[1],
        (x_shape[2], x_shape[3]),
        (k_shape[3], k_shape[4]),
        Window((sy, sx), (py, px), (dy, dx), groups),
        like.dtype,
        like.device.type,
    )


def _interpreted() -> bool:
    return os.environ.get("TRITON_INTERPRET") == "1"


@functools.cache
def _kernels() -> Any:
    from siamcorr.ops.backends import triton_kernels

    return triton_kernels
