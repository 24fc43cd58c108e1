"""Bodies with looks and a pose in both crops, and the parts that they are painted with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.bodies import Body, pose_parts
from siamcorr.data.synthetic_pairs.colours import Looks
from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.parts import VIEWS, Parts
from siamcorr.data.synthetic_pairs.poses import affine, chain, rotation
from siamcorr.data.synthetic_pairs.settings import ChangeSettings
from siamcorr.data.synthetic_pairs.shapes import ANGLES, boxes_around

__all__ = ["Actor", "actor_parts", "draw_actor", "shadow_parts", "vary_looks", "view_boxes"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Actor:
    """A body that moves: all maps lead from a part to the body, whose rest fills about -1 ... 1.

    Attributes:
        body: of B pairs and Q parts.
        looks: its colours and textures.
        rest: (B, Q, 2, 3) at rest.
        poses: (B, 2, Q, 2, 3) in either crop.
        colour: (B, 2, GROUPS, 3) mean RGB in either crop.
        slide: (B, 2, 2) of the texture in either crop, in half bodies.
    """

    body: Body
    looks: Looks
    rest: Floats
    poses: Floats
    colour: Floats
    slide: Floats


def draw_actor(
    draws: Draws, name: str, body: Body, looks: Looks, change: ChangeSettings, gap: Floats
) -> Actor:
    """Pose a body in both crops; `gap` (B,) in 0 ... 1 scales what differs between them."""
    q = body.turn.shape[1]
    swing = change.pose * body.swing
    first = swing * draws.normal(f"{name}/pose", q)
    second = first + gap[:, None] * swing * draws.normal(f"{name}/moved", q)
    foreshortened = 0.12 * change.pose * gap[:, None, None] * draws.normal(f"{name}/depth", q, 2)
    ones = np.ones_like(body.size)
    rest = pose_parts(body, np.zeros_like(first), ones)
    box = boxes_around(body.radius, body.bend, rest, body.present)
    unit = 2 / box[:, 2:].max(-1)
    centre = box[:, :2] + box[:, 2:] / 2
    to_unit = affine(np.eye(2) * unit[:, None, None], -unit[:, None] * centre)[:, None]
    views = (pose_parts(body, first, ones), pose_parts(body, second, np.exp(foreshortened)))
    step = gap[:, None] * draws.normal(f"{name}/colour", VIEWS)[:, 1:]
    light = np.stack((np.ones_like(gap), np.exp(change.light * step[:, 0])), 1)
    tint = change.colour * gap[:, None] * draws.normal(f"{name}/tint", 3)
    tints = np.stack((np.zeros_like(tint), tint), 1)[:, :, None]  # (B, 2, 1, 3)
    slide = change.slide * gap[:, None] * draws.normal(f"{name}/slide", 2) / 2
    return Actor(
        body=body,
        looks=looks,
        rest=chain(to_unit, rest),
        poses=chain(to_unit[:, None], np.stack(views, 1)),
        colour=np.clip(looks.colour[:, None] * light[..., None, None] + tints, 0, 255),
        slide=np.stack((np.zeros_like(slide), slide), 1),
    )


def vary_looks(draws: Draws, name: str, looks: Looks, spread: float) -> Looks:
    """The same looks but for small differences of colour; `spread` in 0 ... 255."""
    noise = spread * draws.normal(f"{name}/alike", looks.colour.shape[1], 3)
    return dataclasses.replace(looks, colour=np.clip(looks.colour + noise, 4, 251))


def view_boxes(actor: Actor, maps: Floats, counted: Bools) -> Floats:
    """Tight boxes of an actor in both crops.

    Args:
        actor: of B pairs and Q parts.
        maps: (B, 2, 2, 3) from the body to either crop.
        counted: (B, Q) parts that count.

    Returns:
        (B, 2, 4) xywh.
    """
    poses = chain(maps[:, :, None], actor.poses)
    boxes = [
        boxes_around(actor.body.radius, actor.body.bend, poses[:, view], counted)
        for view in range(VIEWS)
    ]
    return np.stack(boxes, 1)


def actor_parts(actor: Actor, maps: Floats, shown: Bools, member: Bools) -> Parts:
    """The parts of an actor.

    Args:
        actor: of B pairs and Q parts.
        maps: (B, 2, 2, 3) from the body to either crop.
        shown: (B, 2) whether it is in the crop.
        member: (B, Q) parts that belong to the target.
    """
    body, looks = actor.body, actor.looks
    rows = np.arange(len(body.plan))[:, None]
    to_tile = affine(rotation(looks.turn) * looks.zoom[:, None, None], looks.offset)
    texture = np.repeat(chain(to_tile[:, None], actor.rest)[:, :, None], VIEWS, 2)
    texture[..., 2] += actor.slide[:, None]
    shape = body.present.shape
    return Parts(
        radius=body.radius,
        bend=body.bend,
        poses=chain(maps[:, :, None], actor.poses).swapaxes(1, 2),
        present=body.present[..., None] & shown[:, None],
        member=np.repeat(member[..., None], VIEWS, 2),
        tile=looks.tile[rows, body.group],
        texture=texture,
        gain=looks.gain[rows, body.group],
        colour=actor.colour.swapaxes(1, 2)[rows, body.group],
        shade=np.broadcast_to(looks.shade[:, None], (*shape, 3)),
        softness=np.full((*shape, VIEWS), 1.2),
        opacity=np.ones((*shape, VIEWS)),
    )


def shadow_parts(draws: Draws, name: str, boxes: Floats, shown: Bools) -> Parts:
    """A soft dark ellipse under each box; boxes (B, 2, 4), shown (B, 2)."""
    b = len(boxes)
    low = draws.uniform(f"{name}/low", 0.06, 0.3)[:, None]
    aside = draws.uniform(f"{name}/aside", -0.5, 0.5)[:, None]
    half = np.stack((0.6 * boxes[..., 2], low * boxes[..., 3]), -1)
    centre = boxes[..., :2] + boxes[..., 2:] * np.stack((0.5 + aside, np.ones_like(aside)), -1)
    poses = affine(half[..., None] * np.eye(2), centre)[:, None]
    strength = draws.uniform(f"{name}/strength", 0.15, 0.6)[:, None, None]
    return Parts(
        radius=np.ones((b, 1, ANGLES)),
        bend=np.zeros((b, 1)),
        poses=poses,
        present=shown[:, None],
        member=np.zeros((b, 1, VIEWS), dtype=bool),
        tile=np.zeros((b, 1), dtype=np.int64),
        texture=np.zeros((b, 1, VIEWS, 2, 3)),
        gain=np.zeros((b, 1)),
        colour=np.full((b, 1, VIEWS, 3), 12.0),
        shade=np.zeros((b, 1, 3)),
        softness=np.maximum(half.min(-1), 1.0)[:, None],
        opacity=np.repeat(strength, VIEWS, 2),
    )
