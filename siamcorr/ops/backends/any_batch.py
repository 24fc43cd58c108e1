"""The forward map of `matmul` in operators that ONNX has, one graph for every batch size.

ONNX fixes the number of groups of a convolution, so the batch cannot be folded into it.

    A[t, p, q] = sum_c k[c, t] * x[c, p, q],  y = A correlated with E     taps t = (u, v)
    E[t, u, v] = 1 where t = (u, v), else 0                               a constant kernel

Where every group has one channel the products A would be larger than all else. There the rows under
the kernel, side by side, meet a banded matrix:

    y[i, j] = sum_{u, q} x[i*s + u*d, q] * T[u, q, j],  T[u, j*s + v*d, j] = k[u, v]
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.ops.problem import Problem, kernel_extent, padded_size, response_size

__all__ = ["forward"]


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w); returns (B, O, Hr, Wr)."""
    top, left = problem.window.padding
    dtype = arithmetic_dtype(problem.dtype)
    padded = F.pad(x, (left, left, top, top)).to(dtype) if top or left else x.to(dtype)
    one_channel = problem.in_channels == problem.window.groups
    formula = _banded if one_channel else _taps
    return formula(padded, k.to(dtype), problem).to(x.dtype)


def _taps(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """All taps as one product of matrices, then a convolution that moves and adds them."""
    window, taps = problem.window, problem.kernel_size[0] * problem.kernel_size[1]
    channels = problem.in_channels // window.groups
    kernels = k.permute(0, 1, 3, 4, 2).reshape(k.shape[0], window.groups, -1, channels)
    pixels = x.reshape(x.shape[0], window.groups, channels, -1)
    products = torch.matmul(kernels, pixels)  # (B, G, O/G*t, H*W)
    if taps > 1:
        shift = torch.eye(taps, dtype=x.dtype, device=x.device)
        products = F.conv2d(
            products.reshape(-1, taps, *padded_size(problem)),
            shift.reshape(1, taps, *problem.kernel_size),
            None,
            window.stride,
            0,
            window.dilation,
        )  # (B*O, 1, Hr, Wr)
        return products.reshape(-1, problem.out_channels, *response_size(problem))
    maps = products.reshape(-1, problem.out_channels, *padded_size(problem))
    return maps[:, :, :: window.stride[0], :: window.stride[1]]


def _banded(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """The rows under the kernel times a matrix with the kernel's rows in diagonal bands."""
    (sy, sx), (dy, dx) = problem.window.stride, problem.window.dilation
    (rows, _), (hr, wr) = problem.kernel_size, response_size(problem)
    extent, width = kernel_extent(problem.kernel_size, problem.window.dilation)[1], x.shape[3]
    starts = range(0, rows * dy, dy)
    strips = torch.cat([x[:, :, u : u + (hr - 1) * sy + 1 : sy] for u in starts], dim=3)
    per_channel = problem.out_channels // problem.window.groups
    if per_channel > 1:
        strips = strips.repeat_interleave(per_channel, dim=1)  # (B, O, Hr, h*W)
    spread = k[:, :, 0]  # (B or 1, O, h, w)
    if dx > 1:
        zeros = spread.new_zeros(*spread.shape, dx - 1)
        spread = torch.cat((spread[..., None], zeros), dim=-1).flatten(3)[..., :extent]
    columns = torch.arange(width, device=x.device)[:, None]
    tap = columns - torch.arange(wr, device=x.device) * sx + 1  # (W, Wr); 0 and below: before it
    tap = tap.clamp(0, extent + 1)
    bands = F.pad(spread, (1, 1))[..., tap.flatten()]  # (B or 1, O, h, W*Wr), 0 beyond the kernel
    return torch.matmul(strips, bands.reshape(*spread.shape[:2], rows * width, wr))
