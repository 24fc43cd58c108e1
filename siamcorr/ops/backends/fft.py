"""Backend `fft`: products of spectra, for large templates.

With zero-padded transforms of at least the padded input's size, no valid cell wraps around:

    Y = sum_c X_c conj(K_c)       X_c = sum_o Y_o K_oc       K_oc = X_c conj(Y_o)

Spectra are laid out as (n, G, O/G, C/G, rows, columns); the work is cut over samples, groups and
channels so that one slice of spectra stays near `WORKSPACE_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.ops.problem import Pair, Problem, kernel_extent, padded_size, response_size, slices

__all__ = [
    "WORKSPACE_BYTES",
    "fast_length",
    "forward",
    "input_gradient",
    "reasons",
    "weight_gradient",
]

WORKSPACE_BYTES = 32 * 2**20
"""Bound of the spectra held at once in bytes; one channel of one sample is always taken."""


def reasons(problem: Problem) -> list[str]:
    """Why this backend cannot run the problem; empty: it can."""
    if problem.exporting:
        return ["spectra are complex numbers, which ONNX cannot hold"]
    return []


def fast_length(least: int) -> int:
    """Smallest even length of the form 2^a 3^b 5^c that is at least `least`."""
    length = least + least % 2
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 2


class _Cut(NamedTuple):
    """How the work is cut: the blocks (samples, groups) and the channel slices within each."""

    blocks: list[tuple[slice, slice]]
    channels: list[slice]


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w); returns (B, O, Hr, Wr)."""
    planes, kernels = _grouped(x, problem), _grouped(k, problem)
    y = _by_group(problem, problem.out_channels, response_size(problem), x)
    spectrum, cut = _spectrum_of(problem), _cut(problem)
    steps = problem.window.stride
    for samples, groups in cut.blocks:
        total: Tensor | None = None
        for channels in cut.channels:
            x_hat = spectrum(_pad(planes[samples, groups, channels], problem)).unsqueeze(2)
            k_hat = spectrum(_spread(_pick(kernels, samples)[:, groups, :, channels], problem))
            part = (x_hat * k_hat.conj()).sum(3)  # (n, g, O/G, rows, columns)
            total = part if total is None else total + part
        assert total is not None  # a problem has at least one channel
        cells = torch.fft.irfft2(total, s=_transform_size(problem))
        y[samples, groups] = _every(cells, steps, response_size(problem))
    return y.flatten(1, 2).to(x.dtype)


def input_gradient(g: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Spread (B, O, Hr, Wr) through the kernel; returns (B, C, H, W)."""
    gradients, kernels = _grouped(g, problem), _grouped(k, problem)
    x = _by_group(problem, problem.in_channels, problem.input_size, g)
    spectrum, cut = _spectrum_of(problem), _cut(problem)
    (top, left), (rows, columns) = problem.window.padding, problem.input_size
    for samples, groups in cut.blocks:
        y_hat = spectrum(_comb(gradients[samples, groups], problem.window.stride)).unsqueeze(3)
        for channels in cut.channels:
            k_hat = spectrum(_spread(_pick(kernels, samples)[:, groups, :, channels], problem))
            cells = torch.fft.irfft2((y_hat * k_hat).sum(2), s=_transform_size(problem))
            x[samples, groups, channels] = cells[..., top : top + rows, left : left + columns]
    return x.flatten(1, 2).to(g.dtype)


def weight_gradient(x: Tensor, g: Tensor, problem: Problem) -> Tensor:
    """Correlate the input with the output gradient; returns (B or 1, O, C/G, h, w)."""
    planes, gradients = _grouped(x, problem), _grouped(g, problem)
    batch = 1 if problem.shared else problem.batch
    groups_, channels_ = problem.window.groups, problem.in_channels // problem.window.groups
    k = torch.zeros(
        (batch, groups_, problem.out_channels // groups_, channels_, *problem.kernel_size),
        dtype=arithmetic_dtype(problem.dtype),
        device=x.device,
    )
    spectrum, cut = _spectrum_of(problem), _cut(problem)
    for samples, groups in cut.blocks:
        y_hat = spectrum(_comb(gradients[samples, groups], problem.window.stride)).unsqueeze(3)
        for channels in cut.channels:
            x_hat = spectrum(_pad(planes[samples, groups, channels], problem)).unsqueeze(2)
            product = x_hat * y_hat.conj()  # (n, g, O/G, c, rows, columns)
            if problem.shared:
                product = product.sum(0, keepdim=True)
            cells = torch.fft.irfft2(product, s=_transform_size(problem))
            taps = _every(cells, problem.window.dilation, problem.kernel_size)
            _pick(k, samples)[:, groups, :, channels] += taps
    return k.flatten(1, 2).to(x.dtype)


def _transform_size(problem: Problem) -> Pair:
    height, width = padded_size(problem)
    return fast_length(height), fast_length(width)


def _spectrum_of(problem: Problem) -> Callable[[Tensor], Tensor]:
    """The real transform at the problem's size, in the dtype of the arithmetic."""
    size, dtype = _transform_size(problem), arithmetic_dtype(problem.dtype)
    return lambda cells: torch.fft.rfft2(cells.to(dtype), s=size)


def _cut(problem: Problem) -> _Cut:
    rows, columns = _transform_size(problem)
    groups = problem.window.groups
    channels = problem.in_channels // groups
    spectrum_bytes = rows * (columns // 2 + 1) * 2 * arithmetic_dtype(problem.dtype).itemsize
    per_channel = spectrum_bytes * (1 + 2 * problem.out_channels // groups)
    fitting = max(WORKSPACE_BYTES // per_channel, 1)
    sample_slices = slices(problem.batch, max(fitting // (groups * channels), 1))
    group_slices = list(slices(groups, max(fitting // channels, 1)))
    return _Cut(
        [(samples, block) for samples in sample_slices for block in group_slices],
        list(slices(channels, fitting)),
    )


def _grouped(tensor: Tensor, problem: Problem) -> Tensor:
    """Split axis 1 into groups: (B, G, channels/G, ...)."""
    return torch.unflatten(tensor, 1, (problem.window.groups, -1))


def _by_group(problem: Problem, channels: int, size: Pair, like: Tensor) -> Tensor:
    """An empty (B, G, channels/G, rows, columns) in the dtype of the arithmetic."""
    groups = problem.window.groups
    shape = (problem.batch, groups, channels // groups, *size)
    return torch.empty(shape, dtype=arithmetic_dtype(problem.dtype), device=like.device)


def _pick(kernels: Tensor, samples: slice) -> Tensor:
    """Kernels of some samples; a shared kernel serves all."""
    return kernels if kernels.shape[0] == 1 else kernels[samples]


def _pad(planes: Tensor, problem: Problem) -> Tensor:
    top, left = problem.window.padding
    return F.pad(planes, (left, left, top, top)) if top or left else planes


def _spread(kernels: Tensor, problem: Problem) -> Tensor:
    """Kernels with the zeros of the dilation between their taps."""
    return _comb(kernels, problem.window.dilation)


def _comb(cells: Tensor, steps: Pair) -> Tensor:
    """Put `steps - 1` zeros between neighbouring cells."""
    if steps == (1, 1):
        return cells
    spaced = cells.new_zeros(
        *cells.shape[:-2], *kernel_extent((cells.shape[-2], cells.shape[-1]), steps)
    )
    spaced[..., :: steps[0], :: steps[1]] = cells
    return spaced


def _every(cells: Tensor, steps: Pair, count: Pair) -> Tensor:
    """Take `count` cells in steps, from the first."""
    return cells[..., :: steps[0], :: steps[1]][..., : count[0], : count[1]]
