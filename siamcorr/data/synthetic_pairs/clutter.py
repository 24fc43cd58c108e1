"""Loose shapes: dead leaves behind the target, and occluders in front of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.cast import Cast
from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.parts import VIEWS, Parts
from siamcorr.data.synthetic_pairs.poses import affine, chain, invert, rotation
from siamcorr.data.synthetic_pairs.shapes import FAMILIES, radius_tables

__all__ = ["leaf_parts", "occluder_parts"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_SHAPES = 6  # silhouettes of a scene; leaves share them
_OCCLUDERS = 2


def leaf_parts(cast: Cast, tiles: int, camera: Floats, replaced: Bools) -> Parts:
    """Overlapping shapes of power-law sizes, the largest ones farthest.

    Args:
        cast: of B pairs.
        tiles: textures of each pair.
        camera: (B, 2, 3) from the template crop to the search crop.
        replaced: (B,) whether both crops have leaves of their own.
    """
    draws, count = cast.draws, cast.settings.background.leaves
    size = cast.shape.search_size
    largest = size * draws.uniform("leaves/largest", 0.08, 0.4)[:, None]
    power = draws.uniform("leaves/power", 0.45, 0.85)[:, None]
    half = (
        largest
        * (1 + np.arange(count)) ** -power
        * np.exp(0.2 * draws.normal("leaves/half", count))
    )
    centre = size * draws.uniform("leaves/centre", -0.15, 1.15, count, 2)
    search = affine(_turned(draws, "leaves", half), centre)  # (B, N, 2, 3)
    moved = 0.15 * size * draws.normal("leaves/motion", count, 2)
    moving = draws.chance("leaves/moving", 0.06, count)[..., None]
    template = chain(invert(camera)[:, None], search)
    template[..., 2] += np.where(moving, moved, 0.0)
    share = draws.uniform("leaves/share", 0.1, 1.1)[:, None]
    there = draws.uniform("leaves/there", 0, 1, count) < share
    only = draws.chance("leaves/only", 0.5, count)
    apart = replaced[:, None]
    present = np.stack((there & ~(apart & only), there & ~(apart & ~only)), -1)
    soft = 1.2 + np.maximum(draws.normal("leaves/soft"), 0)[:, None, None] * 2.5
    poses = np.stack((template, search), 2)
    softness = np.broadcast_to(soft, (len(draws), count, VIEWS))
    return _loose(cast, "leaves", tiles, (poses, present, softness))


def occluder_parts(cast: Cast, tiles: int, boxes: Floats) -> Parts:
    """Shapes that reach over the target from a side.

    Args:
        cast: of B pairs.
        tiles: textures of each pair.
        boxes: (B, 2, 4) of the target in either crop.
    """
    draws, settings = cast.draws, cast.settings.occlusion
    target = np.sqrt(boxes[..., 2] * boxes[..., 3])  # (B, 2)
    half = target[:, 1:] * draws.uniform("occluder/half", 0.3, 0.9, _OCCLUDERS)
    linear = _turned(draws, "occluder", half)  # (B, N, 2, 2)
    way = draws.uniform("occluder/way", 0, 2 * np.pi, _OCCLUDERS)
    towards = np.stack((np.cos(way), np.sin(way)), -1)[:, :, None]  # (B, N, 1, 2)
    depth = settings.depth * draws.uniform("occluder/depth", 0.2, 1, _OCCLUDERS)[..., None]
    own = np.abs(linear.swapaxes(-1, -2) @ towards[..., 0, :, None]).sum((-1, -2))[..., None]
    size = (np.abs(towards) * boxes[:, None, :, 2:]).sum(-1)  # (B, N, 2), along the way
    distance = size * (0.5 - depth) + own
    middle = boxes[:, None, :, :2] + boxes[:, None, :, 2:] / 2
    poses = affine(np.repeat(linear[:, :, None], VIEWS, 2), middle + towards * distance[..., None])
    hit = np.stack(
        (
            draws.chance("occluder/template", settings.template),
            draws.chance("occluder/search", settings.search),
        ),
        -1,
    )
    second = draws.chance("occluder/second", 0.35)[:, None]
    present = np.stack((hit, hit & second), 1)
    softness = np.full((len(draws), _OCCLUDERS, VIEWS), 1.3)
    return _loose(cast, "occluder", tiles, (poses, present, softness))


def _turned(draws: Draws, name: str, half: Floats) -> Floats:
    """Linear maps of shapes of the given half size: upright or not, long or not, by scene."""
    count = half.shape[1]
    free = draws.uniform(f"{name}/free", 0, 1)[:, None]
    turn = np.where(free < 0.45, 0.06, np.pi) * draws.normal(f"{name}/turn", count)
    long = draws.uniform(f"{name}/long", 0.1, 0.9)[:, None]
    aspect = np.exp(long * draws.normal(f"{name}/aspect", count))
    sides = half[..., None] * np.stack((aspect, 1 / aspect), -1)
    return np.asarray(rotation(turn) * sides[..., None, :])


def _loose(cast: Cast, name: str, tiles: int, where: tuple[Floats, Bools, Floats]) -> Parts:
    """Parts of no body, with random looks; `where` holds poses, present and softness."""
    draws, palette = cast.draws, cast.palette
    poses, present, softness = where
    b, n = present.shape[:2]
    rows = np.arange(b)[:, None]
    family = draws.below(f"{name}/family", len(FAMILIES), _SHAPES)
    boxy = draws.chance(f"{name}/boxy", 0.35)[:, None]
    family = np.where(boxy, FAMILIES.index("box"), family)
    tables = radius_tables(family, draws, f"{name}/shape")
    colour = palette[rows, draws.below(f"{name}/colour", palette.shape[1], n)]
    tone = 14 * draws.normal(f"{name}/tone", n, 1) + 5 * draws.normal(f"{name}/hue", n, 3)
    zoom = 2 ** draws.uniform(f"{name}/zoom", -1.5, 0.5, n)
    spin = rotation(draws.uniform(f"{name}/spin", 0, 2 * np.pi, n)) * zoom[..., None, None]
    texture = affine(spin, draws.uniform(f"{name}/offset", -1, 1, n, 2))
    gain = draws.uniform(f"{name}/gain", 0.1, 1.2, n)
    light = 0.2 * draws.normal(f"{name}/light", 2)[:, None] * np.ones((b, n, 1))
    return Parts(
        radius=tables[rows, draws.below(f"{name}/which", _SHAPES, n)],
        bend=0.15 * draws.normal(f"{name}/bend", n),
        poses=poses,
        present=present,
        member=np.zeros((b, n, VIEWS), dtype=bool),
        tile=draws.below(f"{name}/tile", tiles, n),
        texture=np.repeat(texture[:, :, None], VIEWS, 2),
        gain=gain,
        colour=np.repeat(np.clip(colour + tone, 4, 251)[:, :, None], VIEWS, 2),
        shade=np.concatenate((light, np.zeros((b, n, 1))), -1),
        softness=softness,
        opacity=np.ones((b, n, VIEWS)),
    )
