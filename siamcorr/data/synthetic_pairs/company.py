"""Other bodies than the target: look-alikes, bystanders, and what replaces it in negative pairs."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.actors import (
    Actor,
    actor_parts,
    draw_actor,
    shadow_parts,
    vary_looks,
)
from siamcorr.data.synthetic_pairs.bodies import (
    draw_body,
    draw_plan,
    is_upright,
    select,
)
from siamcorr.data.synthetic_pairs.cast import Cast
from siamcorr.data.synthetic_pairs.colours import draw_looks
from siamcorr.data.synthetic_pairs.parts import VIEWS, Parts
from siamcorr.data.synthetic_pairs.placement import Placement, free_turns
from siamcorr.data.synthetic_pairs.poses import affine, chain, invert

__all__ = ["bystander_parts", "distractor_parts", "draw_impostor", "with_shadow"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def draw_impostor(cast: Cast, target: Actor) -> Actor:
    """Another object, of the plan of the target or of any."""
    draws, settings = cast.draws, cast.settings
    any_plan = draw_plan(draws, "impostor", settings.objects.articulated)
    alike = draws.chance("impostor/alike", settings.negatives.alike)
    body = draw_body(draws, "impostor", np.where(alike, target.body.plan, any_plan))
    looks = draw_looks(draws, "impostor", cast.palette, cast.tiles, settings.objects)
    return draw_actor(draws, "impostor", body, looks, settings.change, cast.gap)


def distractor_parts(
    cast: Cast, target: Actor, placed: Placement
) -> tuple[list[Parts], list[Parts]]:
    """Look-alikes round the target: those behind it and those in front of it."""
    parts = [_distractor(cast, i, target, placed) for i in range(cast.settings.distractors.count)]
    return parts[::2], parts[1::2]


def _distractor(cast: Cast, number: int, target: Actor, placed: Placement) -> Parts:
    """One look-alike; twins have the body and looks of the target, but for small differences."""
    draws, settings, name = cast.draws, cast.settings, f"distractor{number}"
    twin = draws.chance(f"{name}/twin", settings.distractors.twin)
    factors = np.exp(0.06 * draws.normal(f"{name}/build", *target.body.size.shape[1:]))
    same = dataclasses.replace(target.body, size=target.body.size * factors)
    body = select(twin, draw_body(draws, name, target.body.plan), same)
    looks = draw_looks(draws, name, cast.palette, cast.tiles, settings.objects)
    looks = select(twin, looks, vary_looks(draws, name, target.looks, 10.0))
    actor = draw_actor(draws, name, body, looks, settings.change, cast.gap)
    size = placed.boxes[..., 2:].max(-1)  # (B, 2)
    way = draws.uniform(f"{name}/way", 0, 2 * np.pi)
    distance = draws.uniform(f"{name}/distance", 0.75, settings.distractors.reach)
    towards = np.stack((np.cos(way), np.sin(way)), -1) * distance[:, None]
    drift = 0.4 * cast.gap[:, None] * draws.normal(f"{name}/drift", 2)
    away = np.stack((towards + drift, towards), 1) * size[..., None]
    mirror = np.where(draws.chance(f"{name}/mirror", 0.5), -1.0, 1.0)
    flip = np.stack((mirror, np.ones_like(mirror)), -1)[:, None, None]
    ratio = np.exp(0.15 * draws.normal(f"{name}/ratio"))[:, None, None, None]
    linear = placed.maps[..., :2] * flip * ratio
    middle = placed.boxes[..., :2] + placed.boxes[..., 2:] / 2
    there = draws.chance(f"{name}/there", settings.distractors.probability)
    shown = np.repeat(there[:, None], VIEWS, 1)
    nobody = np.zeros(body.present.shape, dtype=bool)
    return actor_parts(actor, affine(linear, middle + away), shown, nobody)


def bystander_parts(cast: Cast, camera: Floats, replaced: Bools) -> list[Parts]:
    """Whole objects that belong to the background."""
    return [
        _bystander(cast, f"bystander{i}", camera, replaced)
        for i in range(cast.settings.background.objects)
    ]


def _bystander(cast: Cast, name: str, camera: Floats, replaced: Bools) -> Parts:
    draws, settings, size = cast.draws, cast.settings, cast.shape.search_size
    body = draw_body(draws, name, draw_plan(draws, name, settings.objects.articulated))
    looks = draw_looks(draws, name, cast.palette, cast.tiles, settings.objects)
    actor = draw_actor(draws, name, body, looks, settings.change, cast.gap)
    half = size * draws.uniform(f"{name}/half", 0.05, 0.3)[:, None, None]
    centre = size * draws.uniform(f"{name}/centre", 0, 1, 2)
    search = affine(half * free_turns(draws, name, is_upright(body.plan)), centre)
    template = chain(invert(camera), search)
    walk = 0.2 * size * cast.gap[:, None] * draws.normal(f"{name}/walk", 2)
    moving = draws.chance(f"{name}/moving", 0.4)[:, None]
    template[..., 2] += np.where(moving, walk, 0.0)
    there = draws.chance(f"{name}/there", 0.5)
    shown = np.stack((there & ~replaced, there), -1)
    nobody = np.zeros(body.present.shape, dtype=bool)
    return actor_parts(actor, np.stack((template, search), 1), shown, nobody)


def with_shadow(
    cast: Cast, name: str, placed: Placement, actor: Actor, shown: Bools, member: Bools
) -> list[Parts]:
    """The parts of an actor, over its shadow on the ground."""
    chance = cast.draws.chance(f"{name}/shadow", cast.settings.objects.shadow)
    shadow = shadow_parts(cast.draws, f"{name}/shadow", placed.boxes, shown & chance[:, None])
    return [shadow, actor_parts(actor, placed.maps, shown, member)]
