"""Backend `matmul`: all template taps as one batched GEMM, then a shifted sum over the taps.

    A[u, v, p, q] = sum_c k[c, u, v] * x[c, p, q]                  GEMM (h*w x C) @ (C x H*W)
    y[i, j]       = sum_{u, v} A[u, v, i*s + u*d, j*s + v*d]       shifted sum

The sum runs over u on contiguous rows first, then over v. Both gradients use the adjoint of the
shifted sum (every tap receives a shifted copy of the output gradient) and one GEMM. The work is
tiled over samples and taps so that A never exceeds `WORKSPACE_BYTES`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.ops.backends import any_batch
from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.ops.problem import Pair, Problem, padded_size, response_size, slices

__all__ = ["WORKSPACE_BYTES", "forward", "input_gradient", "reasons", "weight_gradient"]

WORKSPACE_BYTES = 16 * 2**20
"""Bound of the tap products in bytes; one tap of one sample is always taken, and in a traced graph,
whose batch may be any, one tap of all samples."""


class _Tile(NamedTuple):
    """Samples, kernel rows and kernel columns that are computed together."""

    samples: slice
    rows: slice
    columns: slice


def reasons(problem: Problem) -> list[str]:
    """Why this backend cannot run the problem; empty: it can."""
    return []


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w); returns (B, O, Hr, Wr)."""
    if problem.exporting:
        return any_batch.forward(x, k, problem)
    y = x.new_zeros(
        problem.batch,
        problem.out_channels,
        *response_size(problem),
        dtype=arithmetic_dtype(problem.dtype),
    )
    tiles = _tiles(problem)
    for tile in tiles:
        pixels = _pixels(x[tile.samples], problem)  # (n, G, C/G, H*W)
        taps = _taps(k, tile, problem)  # (n or 1, G, O/G*t, C/G)
        products = torch.matmul(taps, pixels)  # (n, G, O/G*t, H*W)
        part = _shifted_sum(products, tile, problem)
        if len(tiles) == 1:
            return part.to(x.dtype)
        y[tile.samples] += part
    return y.to(x.dtype)


def input_gradient(g: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Spread (B, O, Hr, Wr) through the kernel; returns (B, C, H, W)."""
    height, width = padded_size(problem)
    x = g.new_zeros(
        problem.batch, problem.in_channels, height, width, dtype=arithmetic_dtype(problem.dtype)
    )
    for tile in _tiles(problem):
        copies = _shifted_copies(g[tile.samples], tile, problem)  # (n, G, O/G*t, H*W)
        taps = _taps(k, tile, problem)  # (n or 1, G, O/G*t, C/G)
        x[tile.samples] += torch.matmul(taps.transpose(-1, -2), copies).view(
            copies.shape[0], -1, height, width
        )
    top, left = problem.window.padding
    rows, columns = problem.input_size
    return x[:, :, top : top + rows, left : left + columns].to(g.dtype)


def weight_gradient(x: Tensor, g: Tensor, problem: Problem) -> Tensor:
    """Correlate the input with the output gradient; returns (B or 1, O, C/G, h, w)."""
    groups = problem.window.groups
    channels = problem.in_channels // groups
    batch = 1 if problem.shared else problem.batch
    k = x.new_zeros(
        batch,
        problem.out_channels,
        *problem.kernel_size,
        channels,
        dtype=arithmetic_dtype(problem.dtype),
    )
    for tile in _tiles(problem):
        copies = _shifted_copies(g[tile.samples], tile, problem)  # (n, G, O/G*t, H*W)
        pixels = _pixels(x[tile.samples], problem)  # (n, G, C/G, H*W)
        part = torch.matmul(copies, pixels.transpose(-1, -2))  # (n, G, O/G*t, C/G)
        samples = slice(None) if problem.shared else tile.samples
        target = k[samples, :, tile.rows, tile.columns]
        target += (part.sum(0, keepdim=True) if problem.shared else part).view_as(target)
    return k.permute(0, 1, 4, 2, 3).to(x.dtype)


def _tiles(problem: Problem) -> list[_Tile]:
    """Split samples, then kernel rows, then kernel columns, until the products fit the bound."""
    traced = torch.compiler.is_compiling()
    height, width = padded_size(problem)
    rows, columns = problem.kernel_size
    tap_bytes = problem.out_channels * height * width * arithmetic_dtype(problem.dtype).itemsize
    fitting = max(WORKSPACE_BYTES // max(tap_bytes, 1), 1)  # taps of one sample that fit
    per_sample = rows * columns
    samples = max(fitting // per_sample, 1)
    kernel_rows = min(max(fitting // columns, 1), rows)
    kernel_columns = columns if fitting >= columns else fitting
    return [
        _Tile(b, u, v)
        for b in ([slice(None)] if traced else slices(problem.batch, samples))
        for u in slices(rows, kernel_rows)
        for v in slices(columns, kernel_columns)
    ]


def _pixels(x: Tensor, problem: Problem) -> Tensor:
    """Padded input as (n, G, C/G, H*W) in the dtype of the arithmetic."""
    top, left = problem.window.padding
    if top or left:
        x = F.pad(x, (left, left, top, top))
    return x.to(arithmetic_dtype(problem.dtype)).reshape(
        x.shape[0], problem.window.groups, problem.in_channels // problem.window.groups, -1
    )


def _taps(k: Tensor, tile: _Tile, problem: Problem) -> Tensor:
    """Kernel values of a tile as (n or 1, G, O/G*t, C/G)."""
    samples = slice(None) if problem.shared else tile.samples
    taps = k[samples, :, :, tile.rows, tile.columns].to(arithmetic_dtype(problem.dtype))
    groups = problem.window.groups
    channels = problem.in_channels // groups
    return taps.permute(0, 1, 3, 4, 2).reshape(taps.shape[0], groups, -1, channels)


def _origin(tile: _Tile, problem: Problem) -> Pair:
    """Input row and column under the first tap of the tile."""
    dilation = problem.window.dilation
    return tile.rows.start * dilation[0], tile.columns.start * dilation[1]


def _counts(tile: _Tile) -> Pair:
    return tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start


def _shifted_sum(products: Tensor, tile: _Tile, problem: Problem) -> Tensor:
    """Sum the products over the taps, each moved to the cell it contributes to.

    Args:
        products: (n, G, O/G*t, H*W), contiguous.
        tile: which taps they are.
        problem: the correlation.

    Returns:
        (n, O, Hr, Wr).
    """
    height, width = padded_size(problem)
    (rows, columns), (hr, wr) = _counts(tile), response_size(problem)
    (sy, sx), (dy, dx) = problem.window.stride, problem.window.dilation
    top, left = _origin(tile, problem)
    maps, area = products.shape[0] * problem.out_channels, height * width
    # products and over_rows are fresh and contiguous: their storage starts at 0
    over_rows = products.as_strided(
        (maps, rows, columns, hr, width),
        (rows * columns * area, columns * area + dy * width, area, sy * width, 1),
        top * width,
    ).sum(1)  # (M, w, Hr, W)
    return (
        over_rows.as_strided(
            (maps, columns, hr, wr),
            (columns * hr * width, hr * width + dx, width, sx),
            left,
        )
        .sum(1)
        .view(products.shape[0], problem.out_channels, hr, wr)
    )


def _shifted_copies(g: Tensor, tile: _Tile, problem: Problem) -> Tensor:
    """The adjoint of `_shifted_sum`: (n, O, Hr, Wr) to (n, G, O/G*t, H*W)."""
    height, width = padded_size(problem)
    (rows, columns), (hr, wr) = _counts(tile), response_size(problem)
    (sy, sx), (dy, dx) = problem.window.stride, problem.window.dilation
    top, left = _origin(tile, problem)
    maps, area = g.shape[0] * problem.out_channels, height * width
    copies = g.new_zeros(maps * rows * columns * area, dtype=arithmetic_dtype(problem.dtype))
    copies.as_strided(
        (maps, rows, columns, hr, wr),
        (rows * columns * area, columns * area + dy * width, area + dx, sy * width, sx),
        top * width + left,
    ).copy_(g.reshape(maps, 1, 1, hr, wr))
    return copies.view(g.shape[0], problem.window.groups, -1, area)
