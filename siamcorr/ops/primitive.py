"""The one primitive with its gradients: three bilinear maps that are closed under differentiation.

    forward(x, k) = y            dx = input_gradient(dy, k)   dk = weight_gradient(x, dy)
    input_gradient(g, k) = x     dg = forward(dx, k)          dk = weight_gradient(dx, g)
    weight_gradient(x, g) = k    dx = input_gradient(g, dk)   dg = forward(x, dk)

Every gradient of a correlation is a correlation again, so each of the three is dispatched to its
own fastest backend and derivatives of any order exist. Written out instead of left to the grouped
convolution's backward, they are several times faster on CPU (see benchmarks/).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from siamcorr.ops.dispatch import backend_for
from siamcorr.ops.problem import Pair, Window, describe

__all__ = ["correlate"]


def correlate(x: Tensor, k: Tensor, window: Window, backend: str | None) -> Tensor:
    """Correlate checked inputs of one dtype; differentiable in both, vmap-able, compilable.

    Args:
        x: (B, C, H, W).
        k: (B or 1, O, C/G, h, w).
        window: stride, padding, dilation, groups.
        backend: a name, or None for the fastest.
    """
    records = torch.is_grad_enabled() and (x.requires_grad or k.requires_grad)
    if not records and not torch._C._are_functorch_transforms_active():
        return _Forward.forward(x, k, window, backend)  # `apply` alone takes longer than a small y
    y: Tensor = _Forward.apply(x, k, window, backend)
    return y


class _Bilinear(torch.autograd.Function):
    """What the three share: both operands are saved. No `jvp`: torch.compile refuses one."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        first, second, *ctx.rest = inputs
        ctx.save_for_backward(first, second)


class _Forward(_Bilinear):
    @staticmethod
    def forward(x: Tensor, k: Tensor, window: Window, backend: str | None) -> Tensor:
        problem = describe("forward", x, k, window, (0, 0))
        return backend_for(problem, backend).forward(x, k, problem)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        (x, k), (window, backend) = ctx.saved_tensors, ctx.rest
        needs_x, needs_k, *_ = ctx.needs_input_grad
        size, shared = (x.shape[2], x.shape[3]), k.shape[0] == 1
        taps = (k.shape[3], k.shape[4])
        dx = _InputGradient.apply(g, k, window, backend, size) if needs_x else None
        dk = _WeightGradient.apply(x, g, window, backend, taps, shared) if needs_k else None
        return dx, dk, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Tensor, k: Tensor, *rest: Any) -> Any:
        size = info.batch_size
        shared = in_dims[1] is None and k.shape[0] == 1
        x = _fold(x, in_dims[0], size)
        k = k if shared else _fold(k, in_dims[1], size, x.shape[0] // size)
        return _Forward.apply(x, k, *rest).unflatten(0, (size, -1)), 0


class _InputGradient(_Bilinear):
    @staticmethod
    def forward(g: Tensor, k: Tensor, window: Window, backend: str | None, size: Pair) -> Tensor:
        problem = describe("input_gradient", g, k, window, size)
        return backend_for(problem, backend).input_gradient(g, k, problem)

    @staticmethod
    def backward(ctx: Any, dx: Tensor) -> tuple[Tensor | None, ...]:
        (g, k), (window, backend, _) = ctx.saved_tensors, ctx.rest
        needs_g, needs_k, *_ = ctx.needs_input_grad
        taps, shared = (k.shape[3], k.shape[4]), k.shape[0] == 1
        dg = _Forward.apply(dx, k, window, backend) if needs_g else None
        dk = _WeightGradient.apply(dx, g, window, backend, taps, shared) if needs_k else None
        return dg, dk, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], g: Tensor, k: Tensor, *rest: Any) -> Any:
        size = info.batch_size
        shared = in_dims[1] is None and k.shape[0] == 1
        g = _fold(g, in_dims[0], size)
        k = k if shared else _fold(k, in_dims[1], size, g.shape[0] // size)
        return _InputGradient.apply(g, k, *rest).unflatten(0, (size, -1)), 0


class _WeightGradient(_Bilinear):
    @staticmethod
    def forward(
        x: Tensor, g: Tensor, window: Window, backend: str | None, taps: Pair, shared: bool
    ) -> Tensor:
        problem = describe("weight_gradient", x, g, window, taps, one_kernel=shared)
        return backend_for(problem, backend).weight_gradient(x, g, problem)

    @staticmethod
    def backward(ctx: Any, dk: Tensor) -> tuple[Tensor | None, ...]:
        (x, g), (window, backend, *_) = ctx.saved_tensors, ctx.rest
        needs_x, needs_g, *_ = ctx.needs_input_grad
        size = (x.shape[2], x.shape[3])
        dx = _InputGradient.apply(g, dk, window, backend, size) if needs_x else None
        dg = _Forward.apply(x, dk, window, backend) if needs_g else None
        return dx, dg, None, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Tensor, g: Tensor, *rest: Any) -> Any:
        size, (*rest_, shared) = info.batch_size, rest
        x, g = _fold(x, in_dims[0], size), _fold(g, in_dims[1], size)
        k = _WeightGradient.apply(x, g, *rest_, False).unflatten(0, (size, -1))
        return (k.sum(1, keepdim=True) if shared else k), 0


def _fold(tensor: Tensor, dim: int | None, size: int, batch: int | None = None) -> Tensor:
    """Move a vmapped axis into the batch; an operand without one is repeated.

    `batch` is the batch that the operand must have per vmapped entry (a kernel of 1 is repeated).
    """
    moved = tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
    if batch is not None and moved.shape[1] == 1:
        moved = moved.expand(-1, batch, *moved.shape[2:])
    return moved.flatten(0, 1)
