"""What is behind everything: one or two textured regions, and fine detail on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.data.synthetic_pairs.cast import Cast
from siamcorr.data.synthetic_pairs.colours import ON_GROUND, draw_textures
from siamcorr.data.synthetic_pairs.parts import VIEWS
from siamcorr.data.synthetic_pairs.poses import affine, chain, rotation
from siamcorr.data.synthetic_pairs.textures import TextureSpecs, paint_textures

__all__ = ["Backdrop", "draw_backdrop", "paint_backdrop"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_REGIONS = 2
_SIDE = 96  # pixels of the tile that is stretched over the scene
_REPLACED = affine(rotation(np.array(2.1)) * 0.8, np.array([0.35, -0.2]))  # another piece of it


@dataclass(frozen=True)
class Backdrop:
    """The background of B pairs.

    Attributes:
        textures: specifications of B * 2 regions, those of a pair side by side.
        colour: (B, 2, 3) mean RGB of the regions.
        border: (B, 4): the second region lies where a x + b y + c + d * texture > 0, (x, y) in the
            -1 ... 1 of the tile.
        maps: (B, 2, 2, 3) from the pixels of either crop to the tile.
        detail: (B, 2, 2, 3) from the tile to the -1 ... 1 of the texture of the detail.
        tile: (B,) number of that texture among those of the pair.
        strength: (B,) of the detail.
    """

    textures: TextureSpecs
    colour: Floats
    border: Floats
    maps: Floats
    detail: Floats
    tile: npt.NDArray[np.int64]
    strength: Floats


def draw_backdrop(cast: Cast, camera: Floats, replaced: Bools) -> Backdrop:
    """Draw the backgrounds of B pairs.

    Args:
        cast: of B pairs.
        camera: (B, 2, 3) from the template crop to the search crop.
        replaced: (B,) whether the template shows another place than the search.
    """
    draws, settings, palette = cast.draws, cast.settings.background, cast.palette
    rows = np.arange(len(draws))[:, None]
    colour = palette[rows, draws.below("backdrop/colour", palette.shape[1], _REGIONS)]
    way = np.pi / 2 + 0.15 * draws.normal("backdrop/slope")
    way = np.where(draws.chance("backdrop/wall", 0.3), way + np.pi / 2, way)
    height = np.where(
        draws.chance("backdrop/regions", settings.regions),
        draws.uniform("backdrop/height", -0.6, 0.6),
        -9.0,
    )
    rough = 0.004 * np.maximum(draws.normal("backdrop/rough"), 0)
    fine = (
        rotation(draws.uniform("backdrop/spin", 0, np.pi))
        * 2 ** draws.uniform("backdrop/fine", 0.5, 3)[:, None, None]
    )
    return Backdrop(
        textures=draw_textures(draws, "backdrop", np.stack([palette] * _REGIONS, 1), ON_GROUND),
        colour=colour,
        border=np.stack((np.cos(way), np.sin(way), height, rough), -1),
        maps=_maps(cast, camera, replaced),
        detail=affine(np.stack([fine] * VIEWS, 1), np.zeros((len(draws), VIEWS, 2))),
        tile=cast.tiles[draws.below("backdrop/tile", len(cast.tiles))],
        strength=settings.detail * draws.uniform("backdrop/strength", 0, 1),
    )


def _maps(cast: Cast, camera: Floats, replaced: Bools) -> Floats:
    """Maps from the pixels of both crops to the tile: (B, 2, 2, 3)."""
    draws, size = cast.draws, cast.shape.search_size
    span = size * draws.uniform("backdrop/span", 0.45, 0.8)[:, None, None]
    turn = np.where(
        draws.chance("backdrop/level", 0.6), 0.0, draws.uniform("backdrop/turn", -np.pi, np.pi)
    )
    linear = rotation(turn) / span
    middle = np.full((len(draws), 2, 1), size / 2)
    aside = draws.uniform("backdrop/aside", -0.3, 0.3, 2)
    search = affine(linear, aside - (linear @ middle)[..., 0])
    template = chain(search, camera)
    template = np.where(replaced[:, None, None], chain(_REPLACED, template), template)
    return np.stack((template, search), 1)


def paint_backdrop(
    backdrop: Backdrop, tiles: Tensor, sizes: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Paint the background of both crops.

    Args:
        backdrop: of B pairs.
        tiles: (B, T, 3, S, S) textures of the pairs.
        sizes: sides of the template crop and of the search crop.

    Returns:
        (B, 3, St, St) and (B, 3, Sx, Sx) float32, in about 0 ... 255.
    """
    device = tiles.device
    ground = _ground(backdrop, device)
    index = torch.from_numpy(backdrop.tile).to(device)[:, None, None, None, None]
    fine = tiles.take_along_dim(index, 1)[:, 0]
    strength = torch.from_numpy(backdrop.strength).float().to(device)[:, None, None, None]
    crops = []
    for view, size in enumerate(sizes):
        maps = backdrop.maps[:, view]
        coarse = _sampled(ground, maps, size)
        detail = _sampled(fine, chain(backdrop.detail[:, view], maps), size)
        crops.append(torch.addcmul(coarse, strength, detail))
    return crops[0], crops[1]


def _ground(backdrop: Backdrop, device: torch.device) -> Tensor:
    """Both regions joined at their border; (B, 3, S, S)."""
    painted = paint_textures(backdrop.textures, _SIDE, device)
    colour = torch.from_numpy(backdrop.colour).float().to(device)[..., None, None]
    regions = painted.view(-1, _REGIONS, *painted.shape[1:]) + colour  # (B, 2, 3, S, S)
    border = torch.from_numpy(backdrop.border).float().to(device)[..., None, None]
    axis = (torch.arange(_SIDE, device=device) * 2 + 1) / _SIDE - 1
    a, b, c, rough = border.unbind(1)  # (B, 1, 1) each
    level = a * axis + b * axis[:, None] + c + rough * regions[:, 0].mean(1)
    second = (0.5 + level * (_SIDE / 2)).clamp(0, 1)[:, None]
    return torch.lerp(regions[:, 0], regions[:, 1], second)


def _sampled(picture: Tensor, maps: Floats, size: int) -> Tensor:
    """A square picture, mirrored beyond its edges, in a crop; maps (B, 2, 3) from its pixels."""
    numbers = torch.from_numpy(maps.reshape(-1, 6)).float().to(picture.device)
    a, b, c, d, e, f = numbers.T[..., None, None]
    x = torch.arange(size, device=picture.device) + 0.5
    y = x[:, None]
    grid = torch.stack((a * x + (b * y + c), d * x + (e * y + f)), -1)
    return F.grid_sample(picture, grid, padding_mode="reflection", align_corners=False)
