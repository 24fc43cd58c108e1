"""Backend `reference`: the formula as loops over the response, for tests and teaching."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.ops.problem import Problem, kernel_extent, response_size

__all__ = ["forward"]


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Evaluate the definition cell by cell; differentiable by torch's own autograd.

    y[b, o, i, j] = sum_{c, u, v} x[b, g(o)*C/G + c, i*s - p + u*d, j*s - p + v*d]
                                  * k[b, o, c, u, v]

    Returns:
        (B, O, Hr, Wr) in the dtype of the arithmetic's inputs.
    """
    window = problem.window
    (top, left), (dy, dx) = window.padding, window.dilation
    extent = kernel_extent(problem.kernel_size, window.dilation)
    padded = F.pad(x, (left, left, top, top)).to(arithmetic_dtype(problem.dtype))
    planes = torch.unflatten(padded, 1, (window.groups, 1, -1))  # (B, G, 1, C/G, H, W)
    kernels = torch.unflatten(k.to(arithmetic_dtype(problem.dtype)), 1, (window.groups, -1))
    rows = []
    for i in range(response_size(problem)[0]):
        cells = []
        for j in range(response_size(problem)[1]):
            y, z = i * window.stride[0], j * window.stride[1]
            under = planes[..., y : y + extent[0] : dy, z : z + extent[1] : dx]
            cells.append((under * kernels).sum((-3, -2, -1)).flatten(1))  # (B, O)
        rows.append(torch.stack(cells, -1))
    return torch.stack(rows, -2).to(x.dtype)
