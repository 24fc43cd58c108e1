"""Windows as linear maps: from a kernel on a support to its circular response, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.ops.problem import Pair

__all__ = ["CircularWindows", "corner", "spectrum_of"]

Array = npt.NDArray[np.floating]

# Planes are (N, Wf, H, 2) with Wf = W // 2 + 1: columns first, so that a column transform reads
# adjacent numbers; the last axis holds real and imaginary part. Real matrix products of these sizes
# take a third of the time of complex transforms on CPU, less for kernels of few rows.


class CircularWindows:
    """N windows x of C channels, and kernels k on their central h x w cells.

    With X the orthonormal spectra of x, and E the plain transform of a kernel put into its window:

        correlate: k -> sum_c X_c conj((E k)_c)      orthonormal spectrum of the circular response
        spread:    z -> the kernel's cells of the inverse of E on X_c conj(z)

    Both are exact. For each column of frequencies they are a product with one (C, 2H) matrix.

    Args:
        windows: (N, C, H, W), float32 or float64.
        support: (h, w), at most (H, W).
    """

    def __init__(self, windows: Tensor, support: Pair) -> None:
        count, channels, height, width = windows.shape
        self._tables = _tables_for((height, width), support, windows)
        rows = torch.matmul(self._tables.window_rows, windows.flatten(1, 2).mT)  # (N, 2 Wf, C*H)
        rows = rows.reshape(count, -1, 2, channels, height)
        spectra = torch.fft.fft(torch.complex(rows[:, :, 0], rows[:, :, 1]))  # (N, Wf, C, H)
        self._spectra = torch.view_as_real(spectra).flatten(3)  # (N, Wf, C, 2H)

    def energy(self) -> Tensor:
        """sum_c |X_c|^2 as planes, the same number twice: (N, Wf, H, 2)."""
        sums = self._spectra.square().sum(2)
        sums = sums.reshape(*sums.shape[:2], -1, 2)
        return sums + sums.flip(-1)

    def correlate(self, kernels: Tensor) -> Tensor:
        """(N, w, C, h) kernels to (N, Wf, H, 2) planes."""
        count, _, channels, height = kernels.shape
        rows = torch.matmul(self._tables.kernel_rows, kernels.flatten(2))  # (N, 2 Wf, C*h)
        rows = rows.reshape(count, -1, 2, channels, height).transpose(2, 3).flatten(3)
        products = torch.matmul(self._spectra.mT, rows)  # (N, Wf, 2H, 2h): re, im of each factor
        products = products.reshape(count, products.shape[1], -1, 4 * height)
        real, imaginary = self._tables.columns.unbind(1)  # (H, 4h)
        sums = (products * real).sum(-1), (products * imaginary).sum(-1)  # alike for any batch
        return torch.stack(sums, -1)

    def spread(self, planes: Tensor) -> Tensor:
        """(N, Wf, H, 2) planes to (N, w, C, h) kernels: up to scale the adjoint of `correlate`."""
        count, half, height, _ = planes.shape
        real, imaginary = self._tables.columns.unbind(1)
        columns = torch.addcmul(planes[..., :1] * real, planes[..., 1:], imaginary)
        rows = torch.matmul(self._spectra, columns.reshape(count, half, 2 * height, -1))
        channels = rows.shape[2]  # (N, Wf, C, 2h)
        rows = rows.reshape(count, half, channels, 2, -1).transpose(2, 3)
        kernels = torch.matmul(self._tables.rows_back, rows.reshape(count, 2 * half, -1))
        return kernels.reshape(count, -1, channels, rows.shape[-1])


class _Tables(NamedTuple):
    """Fourier transforms of one length as real matrices, for one size and support."""

    window_rows: Tensor
    kernel_rows: Tensor
    rows_back: Tensor
    columns: Tensor


def _tables_for(size: Pair, support: Pair, like: Tensor) -> _Tables:
    make = _arrays if torch.compiler.is_compiling() else _kept_arrays
    arrays = make(size, support, like.dtype == torch.float64)
    return _Tables(*(torch.from_numpy(array).to(like.device) for array in arrays))


def _arrays(size: Pair, support: Pair, double: bool) -> tuple[Array, ...]:
    """Computed in float64 and rounded once."""
    (height, width), (top, left) = size, corner(size, support)
    half = width // 2 + 1
    rows = _fourier(half, np.arange(width), width)  # (Wf, W, 2)
    rows = rows.transpose(0, 2, 1).reshape(2 * half, width)
    kernel_rows = rows[:, left : left + support[1]]  # (2 Wf, w)
    twice = np.full(half, 2.0)  # a column of the half plane stands for its mirror image, too
    twice[0] = twice[width // 2 if width % 2 == 0 else 0] = 1.0
    rows_back = (kernel_rows * twice.repeat(2)[:, None] / (height * width)).T  # (w, 2 Wf)
    re, im = np.moveaxis(_fourier(height, np.arange(top, top + support[0]), height), 2, 0)
    columns = np.stack((re, -im, im, re, -im, -re, re, -im), 1).reshape(height, 2, 4 * support[0])
    arrays = (rows / np.sqrt(height * width), kernel_rows, rows_back, columns)
    return tuple(np.ascontiguousarray(a, np.float64 if double else np.float32) for a in arrays)


_kept_arrays = lru_cache(maxsize=64)(_arrays)


def _fourier(frequencies: int, cells: npt.NDArray[np.int64], length: int) -> Array:
    """exp(-2 pi i f u / n), (frequencies, cells, 2)."""
    turns = np.arange(frequencies)[:, None] * cells % length * (2 * np.pi / length)
    return np.stack((np.cos(turns), -np.sin(turns)), 2)


def corner(size: Pair, support: Pair) -> Pair:
    """Row and column of the window where its central support begins."""
    return (size[0] - support[0]) // 2, (size[1] - support[1]) // 2


def spectrum_of(responses: Tensor) -> Tensor:
    """(N, H, W) responses to (N, Wf, H, 2) planes, orthonormal."""
    spectra: Tensor = torch.fft.rfft2(responses, norm="ortho")
    return torch.view_as_real(spectra.mT).contiguous()
