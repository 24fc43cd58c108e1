"""What correlation filters are compared with: loops, dense systems, the formulas in spectra."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float64]


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal, float64."""
    return torch.randn(
        *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + sum(shape))
    )


def shift_matrix(window: Array, support: tuple[int, int]) -> Array:
    """(C, H, W) to (H*W, C*h*w): times a kernel's cells it is the circular response, by loops."""
    channels, height, width = window.shape
    rows, columns = support
    top, left = (height - rows) // 2, (width - columns) // 2
    matrix = np.empty((height, width, channels, rows, columns))
    for i in range(height):
        for j in range(width):
            for u in range(rows):
                for v in range(columns):
                    cell = window[:, (top + i + u) % height, (left + j + v) % width]
                    matrix[i, j, :, u, v] = cell
    return matrix.reshape(height * width, -1)


def dense_ridge(windows: Array, responses: Array, regularization: float) -> Array:
    """The normal equations of S samples, (S, C, H, W) with (S, H, W), as one dense system."""
    size = windows.shape[2:]
    data = np.concatenate([shift_matrix(window, size) for window in windows])
    gram = data.T @ data / len(data) + regularization * np.eye(data.shape[1])
    kernel = np.linalg.solve(gram, data.T @ responses.reshape(-1) / len(data))
    return kernel.reshape(windows.shape[1:])


def dense_constrained(
    window: Array, response: Array, penalty: Array, previous: Array, temporal: float
) -> Array:
    """The optimum on the support for (C, H, W), (H, W), (h, w) and (C, h, w), as a dense system."""
    data = shift_matrix(window, penalty.shape)
    free = np.isfinite(np.broadcast_to(penalty, previous.shape)).reshape(-1)
    ridge = np.broadcast_to(penalty, previous.shape).reshape(-1)[free] + temporal
    gram = data[:, free].T @ data[:, free] / len(data) + np.diag(ridge)
    right = data[:, free].T @ response.reshape(-1) / len(data)
    kernel = np.zeros(previous.size)
    kernel[free] = np.linalg.solve(gram, right + temporal * previous.reshape(-1)[free])
    return kernel.reshape(previous.shape)


def admm_in_spectra(
    x: Array,
    y: Array,
    penalty: Array,
    previous: Array,
    temporal: float,
    rhos: list[float],
) -> Array:
    """The method as published, every spectrum whole, complex and orthonormal; for one target.

    There the filter is sqrt(H*W) times the kernel. `rhos` has one value more than there are steps.
    """
    root = np.sqrt(y.size)
    X, Y = np.fft.fft2(x, norm="ortho"), np.fft.fft2(y, norm="ortho")
    P = np.fft.fft2(previous * root, norm="ortho")
    G, H, energy = P, np.zeros_like(P), (np.abs(X) ** 2).sum(0)
    for rho, next_rho in pairwise(rhos):
        q = X * Y.conj() + rho * (G - H) + temporal * P
        stiffness = rho + temporal
        F = (q - X * (X.conj() * q).sum(0) / (stiffness + energy)) / stiffness
        g = np.fft.ifft2(F + H, norm="ortho").real * rho / (penalty + rho)
        G = np.fft.fft2(g, norm="ortho")
        H = (H + F - G) * rho / next_rho
    return g / root


def central(cells: Array, support: tuple[int, int]) -> Array:
    """The central h x w of the last two axes."""
    top, left = (cells.shape[-2] - support[0]) // 2, (cells.shape[-1] - support[1]) // 2
    return cells[..., top : top + support[0], left : left + support[1]]
