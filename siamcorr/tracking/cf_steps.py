"""Steps of the correlation-filter tracker as pure functions over N targets.

Windows are P pixels a side of S = P / 4 cells. A response (..., S, S) has no displacement in cell
(S // 2, S // 2).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from siamcorr.tracking.cf_state import CFState
from siamcorr.types import FrameArray

__all__ = [
    "box_in_cells",
    "gaussian_response",
    "group_by_support",
    "in_support",
    "merge_responses",
    "move",
    "parabola_vertex",
    "scale_parabola",
    "subcell_peak",
    "support_penalty",
    "window_sides",
    "within_frame",
]

Support = tuple[int, int]
"""Rows and columns of cells about the middle of the window."""

_SUPPORT_STEP = 4
"""Supports are rounded up to it, so that targets of like aspect share a batch."""


def window_sides(size_wh: Tensor, padding: float) -> Tensor:
    """Sides of the square windows: (N, 2) sizes to (N,) = (1 + padding) * sqrt(w h)."""
    return (1 + padding) * size_wh.prod(1).sqrt()


def box_in_cells(first_wh: Tensor, padding: float, cells: int) -> Tensor:
    """Height and width (N, 2) of the boxes in cells of their window, whatever the scale.

    Rounded to a millionth, so that a box of 8 cells has not 8.000000001.
    """
    sides = window_sides(first_wh, padding)
    return (first_wh * (cells / sides)[:, None]).flip(1).mul(1e6).round() / 1e6


def move(state: CFState, centre_xy: Tensor, scale: Tensor, seen: Tensor) -> CFState:
    """The state with the new place and scale of those targets that are `seen` (N,)."""
    return replace(
        state,
        centre_xy=torch.where(seen[:, None], centre_xy, state.centre_xy),
        scale=torch.where(seen, scale, state.scale),
    )


def within_frame(centre_xy: Tensor, frame: FrameArray) -> Tensor:
    """Centres (N, 2), brought back to the frame's border where they left it."""
    limit = torch.tensor([frame.shape[1], frame.shape[0]], dtype=centre_xy.dtype)
    return torch.minimum(centre_xy.clamp_min(0), limit)


def gaussian_response(cells: int, sigma: float, like: Tensor) -> Tensor:
    """The wanted response: a Gaussian on circular distances.

    y[i, j] = exp(-(d_i^2 + d_j^2) / (2 sigma^2)),  d_i = min(i, S - i)

    Args:
        cells: S.
        sigma: standard deviation in cells.
        like: gives dtype and device.

    Returns:
        (S, S), 1 in cell (0, 0).
    """
    line = torch.arange(cells, dtype=torch.float64)
    line = torch.minimum(line, cells - line)
    line = torch.exp(line.square() / (-2 * sigma**2))
    return torch.outer(line, line).to(like)


def group_by_support(box_cells: Tensor, cells: int) -> list[tuple[Tensor, Support]]:
    """Rows of targets whose filters have the same support, and that support.

    Args:
        box_cells: (N, 2) heights and widths of the boxes in cells.
        cells: S, even.

    Returns:
        Pairs of (M,) int64 rows and even (h, w) that hold the box, or as much as the window does.
    """
    whole = ((box_cells / _SUPPORT_STEP).ceil() * _SUPPORT_STEP).clamp(_SUPPORT_STEP, cells)
    groups: dict[Support, list[int]] = {}
    for row, (h, w) in enumerate(whole.long().tolist()):
        groups.setdefault((h, w), []).append(row)
    return [(torch.tensor(rows), support) for support, rows in groups.items()]


def in_support(kernel: Tensor, support: Support) -> Tensor:
    """The cells (N, C, h, w) of kernels (N, C, S, S) on the support, a view."""
    tops = [(kernel.shape[-1] - length) // 2 for length in support]
    rows, columns = (slice(top, top + n) for top, n in zip(tops, support, strict=True))
    return kernel[..., rows, columns]


def support_penalty(box_cells: Tensor, support: Support, penalty: float, like: Tensor) -> Tensor:
    """Penalty of the filter's cells: a number inside the box, infinite outside.

    A cell is inside if its middle is; a box thinner than that keeps the cells in the middle.

    Args:
        box_cells: (N, 2) heights and widths in cells.
        support: (h, w).
        penalty: inside the box.
        like: gives dtype and device.

    Returns:
        (N, h, w).
    """
    inside = []
    for length, box in zip(support, box_cells.unbind(1), strict=True):
        distance = (torch.arange(length, dtype=torch.float64) - (length - 1) / 2).abs()
        inside.append(distance <= box[:, None].clamp_min(1) / 2)
    rows, columns = inside
    both = rows[:, :, None] & columns[:, None, :]
    return torch.where(both, penalty, math.inf).to(like)


def merge_responses(
    filtered: Tensor, coloured: Tensor, mean_peak: Tensor, colour_weight: float
) -> Tensor:
    """Responses of filter and colour histogram on one scale.

    r = (1 - weight) * filter / running mean of its peak + weight * histogram

    Args:
        filtered: (N, K, S, S) responses of the filters.
        coloured: (N, K, S, S) or (N, 1, S, S) in 0 ... 1.
        mean_peak: (N,) running mean of the filter's peak; NaN takes the present peak.
        colour_weight: 0 ... 1.

    Returns:
        (N, K, S, S).
    """
    peak = torch.where(mean_peak.isnan(), filtered.amax((1, 2, 3)), mean_peak)
    share = (1 - colour_weight) / peak.clamp_min(1e-12)  # a flat window has no peak
    return torch.add(filtered * share[:, None, None, None], coloured, alpha=colour_weight)


def subcell_peak(response: Tensor) -> Tensor:
    """Displacement of the largest value from the middle, between cells by a parabola per axis.

    Neighbours are taken around the edges, as the response is circular.

    Args:
        response: (N, S, S).

    Returns:
        (N, 2) float64 on CPU, x and y in cells.
    """
    values = response.double().cpu()
    cells = values.shape[-1]
    best = values.flatten(1).argmax(1)
    rows, columns = best // cells, best % cells
    n = torch.arange(len(values))
    middle = values[n, rows, columns]
    across = [values[n, rows, (columns + step) % cells] for step in (-1, 1)]
    down = [values[n, (rows + step) % cells, columns] for step in (-1, 1)]
    x = columns - cells // 2 + parabola_vertex(across[0], middle, across[1])
    y = rows - cells // 2 + parabola_vertex(down[0], middle, down[1])
    return torch.stack((x, y), dim=1)


def scale_parabola(maxima: Tensor) -> Tensor:
    """Steps from the middle to the best scale; between scales where an inner one is best.

    Args:
        maxima: (N, K) largest response at each scale, K odd.

    Returns:
        (N,) float64 on CPU, in -(K - 1) / 2 ... (K - 1) / 2.
    """
    values = maxima.double().cpu()
    count = values.shape[1]
    best = values.argmax(1)
    steps = best - (count - 1) / 2
    if count == 1:
        return steps
    inner = best.clamp(1, count - 2)
    n = torch.arange(len(values))
    vertex = parabola_vertex(values[n, inner - 1], values[n, inner], values[n, inner + 1])
    return torch.where(inner == best, steps + vertex, steps)


def parabola_vertex(before: Tensor, middle: Tensor, after: Tensor) -> Tensor:
    """Where the parabola through three equidistant values is largest, -0.5 ... 0.5.

    0 where the middle value does not stand out, as on a plateau.
    """
    bend = before - 2 * middle + after
    flat = bend >= 0
    vertex = (before - after) / (2 * torch.where(flat, -1.0, bend))
    return torch.where(flat, 0.0, vertex.clamp(-0.5, 0.5))
