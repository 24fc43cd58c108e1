"""Bodies drawn from the plans, and their poses: where each part lies in the body's frame."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.plans import MOST_PARTS, PLANS, PlanTable, tabulate
from siamcorr.data.synthetic_pairs.poses import rotation
from siamcorr.data.synthetic_pairs.shapes import FAMILIES, radius_tables

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Body", "draw_body", "draw_plan", "is_upright", "pose_parts", "select"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Chosen = TypeVar("Chosen", bound="DataclassInstance")


@dataclass(frozen=True)
class Body:
    """One body a pair, of Q parts in the order of painting.

    Attributes:
        plan: (B,) index into `PLANS`.
        size: (B, Q, 2) half width and half height in units of the body.
        at: (B, Q, 2) joint in the parent's -1 ... 1.
        pivot: (B, Q, 2) joint in the part's -1 ... 1.
        turn: (B, Q) angle to the parent in radians.
        swing: (B, Q) standard deviation of the angle between poses.
        present: (B, Q).
        core: (B, Q) the piece that can be a target of its own.
        group: (B, Q) colour group, 0 ... 3.
        radius: (B, Q, ANGLES) silhouettes.
        bend: (B, Q) curvature of each part.
    """

    plan: npt.NDArray[np.int64]
    size: Floats
    at: Floats
    pivot: Floats
    turn: Floats
    swing: Floats
    present: Bools
    core: Bools
    group: npt.NDArray[np.int64]
    radius: Floats
    bend: Floats


@functools.cache
def _plans() -> PlanTable:
    return tabulate()


def draw_plan(draws: Draws, name: str, articulated: float) -> npt.NDArray[np.int64]:
    """The plan of each pair's body: (B,), of several parts with the given probability."""
    many = 1 + draws.below(f"{name}/plan", len(PLANS) - 1)
    return np.where(draws.chance(f"{name}/many", articulated), many, 0)


def is_upright(plan: npt.NDArray[np.int64]) -> Bools:
    """Whether bodies of a plan keep their up direction."""
    return np.asarray(_plans().upright[plan])


def draw_body(draws: Draws, name: str, plan: npt.NDArray[np.int64]) -> Body:
    """A random body of each plan (B,)."""
    table = _plans()
    loose = table.looseness[plan][:, None]
    q = MOST_PARTS
    wide = np.exp(loose[..., None] * draws.normal(f"{name}/size", q, 2))
    aspect = np.exp(0.25 * draws.normal(f"{name}/aspect"))
    build = np.stack((aspect, 1 / aspect), -1)[:, None]
    moved = 0.5 * loose[..., None] * draws.normal(f"{name}/at", q, 2)
    main = table.parent[plan] == np.arange(q)
    any_family = draws.below(f"{name}/family", len(FAMILIES), q)
    family = np.where(table.family[plan] < 0, any_family, table.family[plan])
    return Body(
        plan=plan,
        size=table.size[plan] * wide * build,
        at=table.at[plan] + np.where(main[..., None], 0, moved),
        pivot=table.pivot[plan],
        turn=table.turn[plan] + loose * draws.normal(f"{name}/turned", q) * ~main,
        swing=table.swing[plan],
        present=draws.uniform(f"{name}/present", 0, 1, q) < table.probability[plan],
        core=table.core[plan],
        group=table.group[plan],
        radius=radius_tables(family, draws, f"{name}/shape"),
        bend=0.12 * draws.normal(f"{name}/bend", q),
    )


def pose_parts(body: Body, angles: Floats, stretch: Floats) -> Floats:
    """Affine maps from every part to the frame of its body.

    Args:
        body: of B pairs and Q parts.
        angles: (B, Q) what each joint turns by beside its angle of rest, radians.
        stretch: (B, Q, 2) factors of width and height of each part.

    Returns:
        (B, Q, 2, 3); a point (x, y) of the part in -1 ... 1 lies at M[:, :2] @ (x, y) + M[:, 2].
    """
    table = _plans()
    rows = np.arange(len(body.plan))
    size = body.size * stretch
    poses = np.zeros((*body.turn.shape, 2, 3))
    heading = np.zeros(body.turn.shape)
    for step in range(MOST_PARTS):
        part = table.order[body.plan, step]
        parent = table.parent[body.plan, part]
        is_main = (parent == part)[:, None]
        base = np.where(is_main[..., None], 0.0, poses[rows, parent])
        joint = (base[..., :2] @ body.at[rows, part, :, None])[..., 0] + base[..., 2]
        inherited = np.where(is_main[:, 0], 0.0, heading[rows, parent])
        heading[rows, part] = inherited + body.turn[rows, part] + angles[rows, part]
        linear = rotation(heading[rows, part]) * size[rows, part, None, :]
        poses[rows, part, :, :2] = linear
        poses[rows, part, :, 2] = joint - (linear @ body.pivot[rows, part, :, None])[..., 0]
    return poses


def select(other: Bools, first: Chosen, second: Chosen) -> Chosen:
    """The second where `other` (B,), else the first: dataclasses of arrays of B rows."""
    fields = {}
    for item in dataclasses.fields(first):
        one, two = getattr(first, item.name), getattr(second, item.name)
        fields[item.name] = np.where(other.reshape(-1, *(1,) * (one.ndim - 1)), two, one)
    return dataclasses.replace(first, **fields)
