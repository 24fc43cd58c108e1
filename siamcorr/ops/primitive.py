"""The one primitive with its gradients: three bilinear maps that are closed under differentiation.

    forward(x, k) = y            dx = input_gradient(dy, k)   dk = weight_gradient(x, dy)
    input_gradient(g, k) = x     dg = forward(dx, k)          dk = weight_gradient(dx, g)
    weight_gradient(x, g) = k    dx = input_gradient(g, dk)   dg = forward(x, dk)

Every gradient of a correlation is a correlation again, so each of the three is dispatched to its
own fastest backend and derivatives of any order exist. Written out instead of left to the grouped
convolution's backward, they are several times faster on CPU (see benchmarks/).
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from siamcorr.ops.dispatch import backend_for
from siamcorr.ops.problem import Problem, towards

__all__ = ["correlate", "records"]


def correlate(x: Tensor, k: Tensor, problem: Problem, backend: str | None) -> Tensor:
    """Correlate checked inputs of one dtype; differentiable in both, vmap-able, compilable.

    Args:
        x: (B, C, H, W).
        k: (B or 1, O, C/G, h, w).
        problem: what they are, in the direction `forward`.
        backend: a name, or None for the fastest.
    """
    return _run(_Forward, x, k, problem, backend)


def records(a: Tensor, b: Tensor) -> bool:
    """Whether autograd or a transform of torch.func has to see what happens to the operands."""
    recording = torch.is_grad_enabled() and (a.requires_grad or b.requires_grad)
    return recording or torch._C._are_functorch_transforms_active()


def _run(
    function: type[_Bilinear], a: Tensor, b: Tensor, problem: Problem, backend: str | None
) -> Tensor:
    """Apply one of the three; where nothing records, without the cost of an autograd function."""
    if records(a, b):
        y: Tensor = function.apply(a, b, problem, backend)
        return y
    result: Tensor = function.forward(a, b, problem, backend)
    return result


class _Bilinear(torch.autograd.Function):
    """What the three share: both operands are saved. No `jvp`: torch.compile refuses one."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        first, second, ctx.problem, ctx.backend = inputs
        ctx.save_for_backward(first, second)


class _Forward(_Bilinear):
    @staticmethod
    def forward(x: Tensor, k: Tensor, problem: Problem, backend: str | None) -> Tensor:
        return backend_for(problem, backend).forward(x, k, problem)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        (x, k), rest = ctx.saved_tensors, (ctx.problem, ctx.backend)
        needs_x, needs_k, *_ = ctx.needs_input_grad
        dx = _run(_InputGradient, g, k, *rest) if needs_x else None
        dk = _run(_WeightGradient, x, g, *rest) if needs_k else None
        return dx, dk, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Tensor, k: Tensor, *rest: Any) -> Any:
        return _with_kernels(_Forward, info.batch_size, in_dims, (x, k), rest)


class _InputGradient(_Bilinear):
    @staticmethod
    def forward(g: Tensor, k: Tensor, problem: Problem, backend: str | None) -> Tensor:
        problem = towards("input_gradient", problem)
        return backend_for(problem, backend).input_gradient(g, k, problem)

    @staticmethod
    def backward(ctx: Any, dx: Tensor) -> tuple[Tensor | None, ...]:
        (g, k), rest = ctx.saved_tensors, (ctx.problem, ctx.backend)
        needs_g, needs_k, *_ = ctx.needs_input_grad
        dg = _run(_Forward, dx, k, *rest) if needs_g else None
        dk = _run(_WeightGradient, dx, g, *rest) if needs_k else None
        return dg, dk, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], g: Tensor, k: Tensor, *rest: Any) -> Any:
        return _with_kernels(_InputGradient, info.batch_size, in_dims, (g, k), rest)


class _WeightGradient(_Bilinear):
    @staticmethod
    def forward(x: Tensor, g: Tensor, problem: Problem, backend: str | None) -> Tensor:
        problem = towards("weight_gradient", problem)
        return backend_for(problem, backend).weight_gradient(x, g, problem)

    @staticmethod
    def backward(ctx: Any, dk: Tensor) -> tuple[Tensor | None, ...]:
        (x, g), rest = ctx.saved_tensors, (ctx.problem, ctx.backend)
        needs_x, needs_g, *_ = ctx.needs_input_grad
        dx = _run(_InputGradient, g, dk, *rest) if needs_x else None
        dg = _run(_Forward, x, dk, *rest) if needs_g else None
        return dx, dg, None, None

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        x: Tensor,
        g: Tensor,
        problem: Problem,
        backend: str | None,
    ) -> Any:
        size = info.batch_size
        x, g = _fold(x, in_dims[0], size), _fold(g, in_dims[1], size)
        folded = problem._replace(batch=x.shape[0], shared=False)
        k = _WeightGradient.apply(x, g, folded, backend).unflatten(0, (size, -1))
        return (k.sum(1, keepdim=True) if problem.shared else k), 0


for _function in (_Forward, _InputGradient, _WeightGradient):
    # `apply` binds its arguments by the signature of `forward`; deriving it takes 20 us a call
    vars(_function.forward)["__signature__"] = inspect.signature(_function.forward)


def _with_kernels(
    function: type[_Bilinear],
    size: int,
    in_dims: tuple[Any, ...],
    operands: tuple[Tensor, Tensor],
    rest: tuple[Problem, str | None],
) -> tuple[Tensor, int]:
    """The vmap rule of the maps that take (x or g, k): `size` entries become more samples."""
    (x, k), (problem, backend) = operands, rest
    one_kernel = in_dims[1] is None and k.shape[0] == 1
    x = _fold(x, in_dims[0], size)
    if not one_kernel:
        k = _fold(k, in_dims[1], size, x.shape[0] // size)
    folded = problem._replace(batch=x.shape[0], shared=one_kernel and x.shape[0] != 1)
    return function.apply(x, k, folded, backend).unflatten(0, (size, -1)), 0


def _fold(tensor: Tensor, dim: int | None, size: int, batch: int | None = None) -> Tensor:
    """Move a vmapped axis into the batch; an operand without one is repeated.

    `batch` is the batch that the operand must have per vmapped entry (a kernel of 1 is repeated).
    """
    moved = tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
    if batch is not None and moved.shape[1] == 1:
        moved = moved.expand(-1, batch, *moved.shape[2:])
    return moved.flatten(0, 1)
