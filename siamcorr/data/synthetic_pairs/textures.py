"""Procedural texture tiles, painted in batches: shaped noise and patterns bent by it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.data.synthetic_pairs.hashing import words_at

__all__ = ["PATTERNS", "TextureSpecs", "paint_textures", "shaped_noise"]


@dataclass(frozen=True)
class TextureSpecs:
    """What N tiles look like; all arrays have N rows.

    Attributes:
        keys: (N,) uint64, what the noise hangs on.
        pattern: (N,) index into `PATTERNS`.
        exponent: (N,) power of the noise falls as 1 / frequency ** exponent.
        frequency: (N,) cycles of the pattern across the tile.
        angle: (N,) radians.
        stretch: (N,) how much longer the noise is along `angle` than across, >= 1.
        warp: (N,) how far the noise bends the pattern, in sides of the tile.
        sharpness: (N,) steepness of the edges of the pattern.
        contrast: (N, 3) RGB from the one to the other end of the pattern.
        grain: (N, 3) RGB of one standard deviation of the noise on top.
    """

    keys: npt.NDArray[np.uint64]
    pattern: npt.NDArray[np.int64]
    exponent: npt.NDArray[np.float64]
    frequency: npt.NDArray[np.float64]
    angle: npt.NDArray[np.float64]
    stretch: npt.NDArray[np.float64]
    warp: npt.NDArray[np.float64]
    sharpness: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    grain: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class _Tiles:
    """Tiles of one pattern on the device: scalars are (n, 1, 1), fields (n, S, S)."""

    keys: Tensor
    frequency: Tensor
    sharpness: Tensor
    x: Tensor
    y: Tensor
    noise: Tensor

    def words(self, column: Tensor, row: Tensor, salt: int) -> Tensor:
        """Random bits, int64, for every cell (column, row) of the plane."""
        return words_at(self.keys, (column.long() * 4099 + row.long()) * 64 + salt)

    def random(self, column: Tensor, row: Tensor, salt: int = 0) -> Tensor:
        """A number in 0 ... 1 for every cell (column, row) of the plane."""
        return _share(self.words(column, row, salt), 0)

    def edge(self, level: Tensor) -> Tensor:
        """0 where the level is well below 0, 1 well above, steep by the sharpness."""
        return (0.5 + level * self.sharpness).clamp(0, 1)


def _share(words: Tensor, number: int) -> Tensor:
    """A number in 0 ... 1 from one of the four 16-bit pieces of random words."""
    return ((words >> (16 * number)) & 0xFFFF).float() * 2.0**-16


def shaped_noise(keys: Tensor, shape: Tensor, band: Tensor, banded: Tensor, size: int) -> Tensor:
    """Two independent periodic Gaussian fields with a given spectrum.

    power(f) = f ** -exponent, f in cycles per tile, measured `stretch` times longer along `angle`;
    of the fields in `banded` a ring of radius `band`, a quarter of an octave wide to either side

    Args:
        keys: (N,) int64.
        shape: (3, N) exponent, angle in radians, and stretch >= 1.
        band: (N,) cycles per tile.
        banded: (M,) int64, the fields that are rings.
        size: side S of the tiles in pixels.

    Returns:
        (N, 2, S, S) float32 of mean 0 and expected variance 1.
    """
    device = keys.device
    cell = torch.arange(size * size, device=device).view(1, size, size)
    words = words_at(keys.view(-1, 1, 1), cell)
    halves = torch.stack((words >> 32, (words << 32) >> 32), -1)  # signed 32 bits each
    white = torch.view_as_complex(halves.float() * 2.0**-32)  # (N, S, S), of the spectrum
    f = torch.fft.fftfreq(size, 1 / size, device=device)
    exponent, angle, longer = shape[..., None, None]  # (N, 1, 1) each
    cos, sin = angle.cos(), angle.sin()
    along = (f[None, None, :] * cos + f[None, :, None] * sin) * longer
    across = f[None, :, None] * cos - f[None, None, :] * sin
    squared = (along.square() + across.square()).clamp_min(1e-6)  # (N, S, S)
    envelope = squared ** (-exponent / 4)
    if len(banded):
        octaves = 0.5 * torch.log2(squared[banded] / band[banded].square().view(-1, 1, 1))
        envelope[banded] = torch.exp(-8 * octaves.square())
    envelope[:, 0, 0] = 0
    power = envelope.square().sum((1, 2), keepdim=True) / 12  # a uniform number has variance 1/12
    fields = torch.fft.ifft2(white * (envelope / power.sqrt()), norm="forward")
    return torch.view_as_real(fields).permute(0, 3, 1, 2)


def _noise(tiles: _Tiles) -> Tensor:
    return torch.sigmoid(tiles.sharpness * tiles.noise)


def _plain(tiles: _Tiles) -> Tensor:
    return torch.full_like(tiles.x, 0.5)


def _gradient(tiles: _Tiles) -> Tensor:
    return (0.5 + tiles.x).clamp(0, 1)


def _stripes(tiles: _Tiles) -> Tensor:
    return tiles.edge(torch.sin(2 * math.pi * tiles.frequency * tiles.x))


def _checks(tiles: _Tiles) -> Tensor:
    pitch = 2 * math.pi * tiles.frequency
    return tiles.edge(torch.sin(pitch * tiles.x) * torch.sin(pitch * tiles.y))


def _spots(tiles: _Tiles) -> Tensor:
    share = tiles.random(tiles.keys.new_zeros(()), tiles.keys.new_zeros(())) - 0.3
    return tiles.edge(tiles.noise - share)


def _veins(tiles: _Tiles) -> Tensor:
    return (tiles.noise.abs() * (0.4 * tiles.sharpness)).clamp(0, 1)


def _rings(tiles: _Tiles) -> Tensor:
    return tiles.edge(torch.sin(2 * math.pi * tiles.frequency * torch.hypot(tiles.x, tiles.y)))


def _patches(tiles: _Tiles) -> Tensor:
    """Cells of different brightness; bricks where alternate rows are moved by half a cell."""
    y = tiles.y * tiles.frequency
    row = y.floor()
    x = tiles.x * tiles.frequency + 0.5 * torch.remainder(row, 2)
    return tiles.random(x.floor(), row)


def _leaves(tiles: _Tiles) -> Tensor:
    """Discs of three sizes, the small ones over the large ones, each with its brightness."""
    level = tiles.random(tiles.x.new_zeros(()), tiles.x.new_zeros(())).expand_as(tiles.x)
    for octave in range(3):
        pitch = 0.8 * tiles.frequency * 2.2**octave
        x, y = tiles.x * pitch + 0.37 * octave, tiles.y * pitch - 0.21 * octave
        column, row = x.floor(), y.floor()
        words = tiles.words(column, row, octave)
        x = x - column - 0.3 - 0.4 * _share(words, 1)
        y = y - row - 0.3 - 0.4 * _share(words, 2)
        radius = 0.1 + 0.4 * _share(words, 3)
        inside = ((radius - (x * x + y * y).sqrt()) * tiles.sharpness * 2).clamp(0, 1)
        level = torch.lerp(level, _share(words, 0), inside)
    return level


def _windows(tiles: _Tiles) -> Tensor:
    """A lattice of panes, each with its brightness, on a frame."""
    x, y = tiles.x * tiles.frequency, tiles.y * tiles.frequency
    column, row = x.floor(), y.floor()
    inside = 0.32 - torch.maximum((x - column - 0.5).abs(), (y - row - 0.5).abs())
    pane = 0.4 + 0.6 * tiles.random(column, row)
    return tiles.edge(4 * inside) * pane


def _marks(tiles: _Tiles) -> Tensor:
    """Rows of letter-like marks of 3x5 strokes, with gaps between words and rows."""
    x, y = tiles.x * (4 * tiles.frequency), tiles.y * (4 * tiles.frequency)
    column, row = x.floor(), y.floor()
    letter, line = (column / 4).floor(), (row / 7).floor()
    ink = tiles.random(column, row) < 0.6
    gap = (torch.remainder(column, 4) == 3) | (torch.remainder(row, 7) > 4)
    space = tiles.random(letter, line, 1) < 0.2
    return (ink & ~gap & ~space).float()


Pattern = Callable[[_Tiles], Tensor]
PATTERNS: dict[str, Pattern] = {
    "plain": _plain,
    "noise": _noise,
    "gradient": _gradient,
    "stripes": _stripes,
    "checks": _checks,
    "spots": _spots,
    "veins": _veins,
    "rings": _rings,
    "patches": _patches,
    "leaves": _leaves,
    "windows": _windows,
    "marks": _marks,
}
"""Name of a pattern -> function that gives its level, 0 ... 1, in every pixel."""
_BANDED = list(PATTERNS).index("spots")


def paint_textures(specs: TextureSpecs, size: int, device: torch.device) -> Tensor:
    """Paint tiles as deviations from a mean colour.

    (level - 1/2) * contrast + noise * grain

    Args:
        specs: N tiles.
        size: side S in pixels.
        device: where to paint.

    Returns:
        (N, 3, S, S) float32, around 0 in units of 0 ... 255.
    """
    numbers = np.stack(
        (specs.exponent, specs.frequency, specs.angle, specs.stretch, specs.warp, specs.sharpness)
    )
    scalars = torch.from_numpy(numbers).float().to(device)
    exponent, frequency, angle, stretch, warp, sharpness = scalars
    keys = torch.from_numpy(specs.keys.view(np.int64)).to(device)
    banded = torch.from_numpy(np.flatnonzero(specs.pattern == _BANDED)).to(device)
    fields = shaped_noise(keys, torch.stack((exponent, angle, stretch)), frequency, banded, size)
    level = torch.empty(len(specs), size, size, device=device)
    axis = (torch.arange(size, device=device) + 0.5) / size - 0.5
    for index, pattern in enumerate(PATTERNS.values()):
        chosen = np.flatnonzero(specs.pattern == index)
        if not len(chosen):
            continue
        rows = torch.from_numpy(chosen).to(device)
        cos, sin, bend = (each[rows].view(-1, 1, 1) for each in (angle.cos(), angle.sin(), warp))
        noise = fields[rows]
        tiles = _Tiles(
            keys[rows].view(-1, 1, 1),
            frequency[rows].view(-1, 1, 1),
            sharpness[rows].view(-1, 1, 1),
            axis * cos + axis[:, None] * sin + bend * noise[:, 0],
            axis[:, None] * cos - axis * sin + bend * noise[:, 1],
            noise[:, 0],
        )
        level[rows] = pattern(tiles)
    contrast = torch.from_numpy(specs.contrast).float().to(device)[..., None, None]
    grain = torch.from_numpy(specs.grain).float().to(device)[..., None, None]
    return (level[:, None] - 0.5) * contrast + fields[:, 1:] * grain  # (N, 3, S, S)
