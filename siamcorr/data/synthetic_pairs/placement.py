"""Where the target and the background lie in both crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.data.synthetic_pairs.actors import Actor, view_boxes
from siamcorr.data.synthetic_pairs.cast import Cast
from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.poses import affine, rotation
from siamcorr.geometry.crops import context_side

__all__ = ["Placement", "camera_maps", "free_turns", "place_target"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Placement:
    """An object in both crops.

    Attributes:
        maps: (B, 2, 2, 3) from the body to the pixels of either crop.
        boxes: (B, 2, 4) tight xywh in either crop.
    """

    maps: Floats
    boxes: Floats


def free_turns(draws: Draws, name: str, upright: Bools) -> Floats:
    """Linear part of the map of a body into a picture: (B, 2, 2), its size near 1."""
    anyhow = draws.uniform(f"{name}/turn", -np.pi, np.pi)
    turn = np.where(upright, 0.1 * draws.normal(f"{name}/lean"), anyhow)
    stretch = np.exp(0.2 * draws.normal(f"{name}/stretch"))
    mirror = np.where(draws.chance(f"{name}/mirror", 0.5), -1.0, 1.0)
    return np.asarray(rotation(turn) * np.stack((mirror * stretch, 1 / stretch), -1)[:, None])


def place_target(cast: Cast, actor: Actor, counted: Bools, linear: Floats) -> Placement:
    """Put an object into the middle of the template crop and somewhere into the search crop.

    Args:
        cast: of B pairs.
        actor: the object.
        counted: (B, Q) its parts that the box holds.
        linear: (B, 2, 2) how it lies in the picture.

    Returns:
        The placement; the centre of the box in the search crop is at most the shift off the
        middle of the crop.
    """
    draws, gap, shape = cast.draws, cast.gap, cast.shape
    change, jitter = cast.settings.change, cast.settings.objects.box_jitter
    turn = np.deg2rad(change.rotation_deg) * gap * draws.normal("target/roll")
    scale = change.scale * gap * draws.uniform("target/scale", -1, 1)
    stretch = change.stretch * gap * draws.normal("target/squeeze")
    factors = np.exp(np.stack((scale + stretch, scale - stretch), -1))
    both = np.stack((linear, factors[..., None] * (rotation(turn) @ linear)), 1)
    offset = np.zeros(both.shape[:-1])
    plain = view_boxes(actor, affine(both, offset), counted)
    side = context_side(torch.from_numpy(plain[:, 0, 2:]), shape.context_amount).numpy()
    unit = shape.template_size / side * np.exp(jitter * draws.normal("target/box_scale"))
    boxes = plain * unit[:, None, None]
    aside = jitter * boxes[:, 0, 2:] * draws.normal("target/box_centre", 2)
    shift = change.shift * shape.search_size * draws.uniform("target/shift", -1, 1, 2)
    centres = np.stack((shape.template_size / 2 + aside, shape.search_size / 2 + shift), 1)
    offset = centres - (boxes[..., :2] + boxes[..., 2:] / 2)
    boxes = np.concatenate((centres - boxes[..., 2:] / 2, boxes[..., 2:]), -1)
    return Placement(affine(both * unit[:, None, None, None], offset), boxes)


def camera_maps(cast: Cast, centres: Floats) -> Floats:
    """How the background moves from the template crop to the search crop.

    Args:
        cast: of B pairs.
        centres: (B, 2, 2) the target in either crop.

    Returns:
        (B, 2, 3) from pixels of the template crop to pixels of the search crop.
    """
    draws, gap, settings = cast.draws, cast.gap, cast.settings.background
    reach = settings.parallax * cast.shape.search_size * gap[:, None]
    roll = np.deg2rad(settings.rotation_deg) * gap * draws.normal("camera/roll")
    zoom = np.exp(settings.zoom * gap * draws.normal("camera/zoom"))
    away = reach * draws.uniform("camera/parallax", -1, 1, 2)
    linear = rotation(roll) * zoom[:, None, None]
    start = centres[:, 0] + away
    return affine(linear, centres[:, 1] - (linear @ start[..., None])[..., 0])
