"""Painting parts over pictures: windows of many pairs and both crops at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.data.synthetic_pairs.parts import Parts
from siamcorr.data.synthetic_pairs.poses import invert
from siamcorr.data.synthetic_pairs.shapes import ANGLES

__all__ = ["Canvas", "paint_parts"]

Ints = npt.NDArray[np.int64]

_SIDES_ON_CPU = (12, 22, 38, 64, 100, 150, 1 << 30)
"""Widths and heights of the windows that parts are painted through, at most the crop's."""
_SIDES_ON_GPU = (24, 64, 140, 1 << 30)  # fewer launches, more pixels painted in vain
_PIXELS_ON_CPU = 1 << 16  # of one call, so that the temporaries stay in the cache
_PIXELS_ON_GPU = 1 << 24


@dataclass(frozen=True)
class Canvas:
    """Both crops of B pairs in one buffer.

    Attributes:
        pixels: (B * (St * St + Sx * Sx), 4) float32; RGB in 0 ... 255 and how much of the target
            is seen in the pixel, 0 ... 1; of each pair the template, then the search crop.
        sizes: (St, Sx).
    """

    pixels: Tensor
    sizes: tuple[int, int]

    @classmethod
    def of(cls, crops: tuple[Tensor, Tensor]) -> Canvas:
        """A canvas of (B, 3, S, S) crops without a target."""
        flat = [crop.flatten(2).transpose(1, 2) for crop in crops]
        middle, last = flat[0].shape[1], flat[0].shape[1] + flat[1].shape[1]
        pixels = crops[0].new_zeros(len(crops[0]), last, 4)
        pixels[:, :middle, :3], pixels[:, middle:, :3] = flat
        return cls(pixels.view(-1, 4), (crops[0].shape[-1], crops[1].shape[-1]))

    def crops(self) -> tuple[Tensor, Tensor]:
        """The template crops (B, 4, St, St) and the search crops (B, 4, Sx, Sx)."""
        small, large = self.sizes
        both = self.pixels.view(-1, small**2 + large**2, 4).transpose(1, 2)
        template, search = both[..., : small**2], both[..., small**2 :]
        return template.reshape(-1, 4, small, small), search.reshape(-1, 4, large, large)


@dataclass(frozen=True)
class _Jobs:
    """M parts to paint, each in one crop of one pair, all in the order of the steps.

    Attributes:
        numbers: (M, 23) float32 on the device.
        places: (M, 10) int64 on the device: row of the radius table, texture, first pixel of the
            crop in the canvas, side of the crop, left and top of the window, and first and last
            column and row that the part may touch.
        radius: (R, ANGLES) float32 on the device, and what each entry grows by to the next.
        groups: (first, last, height and width of the window) of what is painted in one call.
    """

    numbers: Tensor
    places: Tensor
    radius: tuple[Tensor, Tensor]
    groups: list[tuple[int, int, int, int]]


def paint_parts(canvas: Canvas, parts: Parts, tiles: Tensor) -> None:
    """Paint parts over the canvas, in place.

    Args:
        canvas: of B pairs.
        parts: N for each pair, the last one nearest.
        tiles: (B, K, 3, S, S) textures, deviations around 0.
    """
    jobs = _jobs(canvas, parts, tiles.shape[1])
    textures = tiles.flatten(0, 1)
    most = _PIXELS_ON_CPU if tiles.device.type == "cpu" else _PIXELS_ON_GPU
    for first, last, height, width in jobs.groups:
        step = max(most // (height * width), 1)
        for start in range(first, last, step):
            rows = slice(start, min(start + step, last))
            _paint(canvas.pixels, jobs, rows, (height, width), textures)


def _jobs(canvas: Canvas, parts: Parts, tiles: int) -> _Jobs:
    """Which parts are seen at all, where, and in which order and window they are painted."""
    b, n = parts.bend.shape
    sizes = np.array(canvas.sizes)
    left_top, right_bottom = _reach(parts)
    inside = ((right_bottom > 0) & (left_top < sizes[:, None])).all(-1)
    seen = parts.present & inside & (parts.opacity > 0)  # (B, N, 2)
    low = np.clip(left_top, 0, sizes[:, None])
    need = np.clip(right_bottom, 0, sizes[:, None]) - low
    on_cpu = canvas.pixels.device.type == "cpu"
    usual = np.array(_SIDES_ON_CPU if on_cpu else _SIDES_ON_GPU)
    windows = np.minimum(usual[np.searchsorted(usual, need.clip(1))], sizes[:, None])
    corners = np.minimum(low, sizes[:, None] - windows)  # (B, N, 2, 2) as (x, y)
    steps = _steps(seen, corners, corners + windows)[seen]
    order = np.lexsort((*windows[seen].T, steps))
    pair, part, view = (each[order] for each in np.nonzero(seen))
    corner, window = corners[pair, part, view], windows[pair, part, view]
    area = sizes**2
    first_pixel = pair * area.sum() + view * area[0]
    texture = pair * tiles + parts.tile[pair, part]
    bounds = (*left_top[pair, part, view].T, *right_bottom[pair, part, view].T)
    places = np.stack((pair * n + part, texture, first_pixel, sizes[view], *corner.T, *bounds), 1)
    device = canvas.pixels.device
    radius = torch.from_numpy(parts.radius.reshape(b * n, ANGLES).astype(np.float32)).to(device)
    return _Jobs(
        torch.from_numpy(_numbers(parts, pair, part, view)).to(device),
        torch.from_numpy(places.astype(np.int64)).to(device),
        (radius, radius.roll(-1, 1) - radius),
        list(_groups(steps[order], window)),
    )


def _reach(parts: Parts) -> tuple[Ints, Ints]:
    """First and last pixel, exclusive, that a part can touch; (B, N, 2, 2) as (x, y) each."""
    half = np.stack((1 + np.abs(parts.bend), np.ones_like(parts.bend)), -1)[:, :, None, :, None]
    reach = (np.abs(parts.poses[..., :2]) @ half)[..., 0] + parts.softness[..., None] / 2
    centre = parts.poses[..., 2]
    first, last = np.floor(centre - reach), np.ceil(centre + reach)
    return first.astype(np.int64), last.astype(np.int64)


def _numbers(
    parts: Parts,
    pair: Ints,
    part: Ints,
    view: Ints,
) -> npt.NDArray[np.float32]:
    """What `_paint` unpacks, a row a job."""
    shared, seen = (pair, part), (pair, part, view)
    columns = (
        invert(parts.poses[seen]).reshape(-1, 6),
        parts.bend[shared][:, None],
        parts.softness[seen][:, None],
        parts.opacity[seen][:, None],
        parts.texture[seen].reshape(-1, 6),
        parts.gain[shared][:, None],
        parts.colour[seen],
        parts.member[seen][:, None],
        parts.shade[shared],
    )
    return np.concatenate(columns, 1).astype(np.float32)


def _steps(seen: npt.NDArray[np.bool_], first: Ints, last: Ints) -> Ints:
    """When each part is painted: after all earlier ones whose windows meet its own.

    Args:
        seen: (B, N, 2) parts that are painted at all.
        first: (B, N, 2, 2) first pixel of the window.
        last: (B, N, 2, 2) last pixel of the window, exclusive.

    Returns:
        (B, N, 2); windows of one step and crop are disjoint, so that they can be painted at once.
    """
    steps = np.zeros(seen.shape, dtype=np.int64)
    first, last = first.astype(np.int16), last.astype(np.int16)
    for i in range(1, seen.shape[1]):
        meets = (first[:, :i] < last[:, i : i + 1]) & (first[:, i : i + 1] < last[:, :i])
        before = meets[..., 0] & meets[..., 1] & seen[:, :i]
        steps[:, i] = np.where(before, steps[:, :i], -1).max(1) + 1
    return steps


def _groups(steps: Ints, windows: Ints) -> Iterator[tuple[int, int, int, int]]:
    """Runs of jobs of one step and one window."""
    keys = np.concatenate((steps[:, None], windows), 1)
    changes = np.flatnonzero((np.diff(keys, axis=0) != 0).any(1)) + 1
    for first, last in pairwise([0, *changes.tolist(), len(steps)]):
        if last > first:
            yield first, last, int(windows[first, 1]), int(windows[first, 0])


def _paint(
    canvas: Tensor, jobs: _Jobs, rows: slice, window: tuple[int, int], textures: Tensor
) -> None:
    """Paint some jobs of one step, each through a window of P rows and Q columns."""
    columns = jobs.numbers[rows].T[..., None, None]  # (23, J, 1, 1)
    inverse, (bend, softness, opacity) = columns[:6], columns[6:9]
    table, texture, base, stride, left, top, *bounds = jobs.places[rows].T[..., None, None]
    column = left + torch.arange(window[1], device=canvas.device)
    row = top + torch.arange(window[0], device=canvas.device)[:, None]
    x, y = _local(inverse, column + 0.5, row + 0.5)
    x = x - bend * y * y  # (J, P, Q)
    radius, slant = _radius_at(jobs.radius, table, x, y)
    distance, level = _distance(inverse, x, y, radius, slant)
    alpha = (0.5 + distance / softness).clamp_(0, 1)
    # Beyond sharp tips the distance is too small; nothing is painted outside of the part's bounds.
    alpha *= ((column >= bounds[0]) & (column < bounds[2])) * opacity
    alpha *= (row >= bounds[1]) & (row < bounds[3])
    colours = _colours(columns[9:], x, y, level, textures[texture.flatten()])
    index = (base + row * stride + column).flatten()
    under = canvas.index_select(0, index)
    over = torch.lerp(under, colours.reshape(-1, 4), alpha.reshape(-1, 1))
    canvas.index_copy_(0, index, over)


def _local(maps: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Affine maps (6, J, 1, 1) at x and y; the sums of single terms come first, they are small."""
    a, b, c, d, e, f = maps
    return a * x + (b * y + c), d * x + (e * y + f)


def _radius_at(
    tables: tuple[Tensor, Tensor], table: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor]:
    """Radius of the silhouette in the direction of (x, y), and its growth over one entry."""
    turn = torch.atan2(y, x).mul_(ANGLES / (2 * math.pi))
    floor = turn.floor()
    place = (floor.long() & (ANGLES - 1)).add_(table * ANGLES)
    radius, rise = tables
    step = rise.take(place)
    return torch.addcmul(radius.take(place), turn.sub_(floor), step), step


def _distance(
    inverse: Tensor, x: Tensor, y: Tensor, radius: Tensor, slant: Tensor
) -> tuple[Tensor, Tensor]:
    """Pixels to the silhouette, positive inside, to first order; and the level, 1 on it.

    (1 - level) / |grad level|,  level = rho / radius(theta)
    """
    rho = (x * x + y * y).sqrt_().clamp_min_(1e-4)
    slope = slant * (ANGLES / (2 * math.pi)) / radius
    along, across = x + slope * y, y - slope * x
    a, b, _, d, e, _ = inverse
    steep = ((a * along + d * across).square_() + (b * along + e * across).square_()).sqrt_()
    return (radius - rho) * rho / steep.clamp_min_(1e-6), rho / radius


def _colours(looks: Tensor, x: Tensor, y: Tensor, level: Tensor, textures: Tensor) -> Tensor:
    """RGB and membership of the pixels of parts; (J, P, Q, 4)."""
    gain, red, green, blue, member, shade_x, shade_y, rim = looks[6:]
    grid = x.new_empty((*x.shape, 2))
    grid[..., 0], grid[..., 1] = _local(looks[:6], x, y)
    sampled = F.grid_sample(
        textures, grid, padding_mode="reflection", align_corners=False
    )  # (J, 3, P, Q)
    light = torch.addcmul(1 + shade_x * x + shade_y * y, rim * level, level, value=-1)
    means = torch.stack((red, green, blue), 1)  # (J, 3, 1, 1)
    lit = torch.addcmul(means, gain[:, None], sampled).mul_(light[:, None]).clamp_(0, 255)
    colours = x.new_empty((*x.shape, 4))
    colours[..., :3] = lit.permute(0, 2, 3, 1)
    colours[..., 3] = member
    return colours
