"""Plans of articulated bodies: parts, joints and how far each joint swings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.shapes import FAMILIES

__all__ = ["MOST_PARTS", "PLANS", "PlanTable", "tabulate"]

MOST_PARTS = 11


@dataclass(frozen=True)
class PartPlan:
    """One part; lengths of the body are in units of its main part's order of size.

    Attributes:
        size: half width and half height.
        parent: number of the part that it hangs on; its own number for the main part.
        at: the joint, in the parent's -1 ... 1.
        pivot: the joint, in the part's own -1 ... 1.
        turn: angle to the parent in radians.
        swing: standard deviation of the angle from pose to pose in radians.
        family: name of the silhouette; None for any.
        group: which of the body's colours it has.
        probability: that the part is there at all.
        core: whether it belongs to the piece of the body that can be a target of its own.
    """

    size: tuple[float, float]
    parent: int
    at: tuple[float, float] = (0.0, 0.0)
    pivot: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    swing: float = 0.1
    family: str | None = "ellipse"
    group: int = 0
    probability: float = 1.0
    core: bool = False


@dataclass(frozen=True)
class BodyPlan:
    """Parts in the order in which they are painted.

    Attributes:
        parts: at most `MOST_PARTS`.
        upright: whether the body keeps its up direction; others are turned at will.
        looseness: how much proportions and joints vary from body to body.
    """

    parts: tuple[PartPlan, ...]
    upright: bool = True
    looseness: float = 0.2


def _limb(
    parent: int,
    at: tuple[float, float],
    size: tuple[float, float],
    swing: float,
    group: int,
    turn: float = 0.0,
) -> PartPlan:
    return PartPlan(size, parent, at, (0.0, -0.88), turn, swing, "capsule", group)


_BIPED = BodyPlan(
    (
        _limb(5, (-0.75, -0.8), (0.13, 0.42), 0.55, 2),
        _limb(0, (0.0, 0.85), (0.11, 0.34), 0.45, 3),
        _limb(5, (-0.4, 0.85), (0.2, 0.48), 0.4, 1),
        _limb(2, (0.0, 0.85), (0.16, 0.46), 0.35, 1),
        PartPlan((0.34, 0.5), 5, (-0.3, -0.2), group=3, probability=0.25, family="superellipse"),
        PartPlan((0.42, 0.62), 5, family="superellipse"),
        _limb(5, (0.4, 0.85), (0.2, 0.48), 0.4, 1),
        _limb(6, (0.0, 0.85), (0.16, 0.46), 0.35, 1),
        PartPlan((0.25, 0.31), 5, (0.0, -0.97), (0.0, 0.8), swing=0.15, group=3, core=True),
        PartPlan((0.26, 0.17), 8, (0.0, -0.5), group=2, core=True, family="superellipse"),
        _limb(5, (0.75, -0.8), (0.14, 0.6), 0.55, 2),
    )
)
_QUADRUPED = BodyPlan(
    (
        PartPlan((0.4, 0.09), 3, (-0.9, -0.3), (0.9, 0.0), swing=0.5, family="capsule"),
        _limb(3, (-0.6, 0.4), (0.13, 0.5), 0.4, 2),
        _limb(3, (0.6, 0.4), (0.13, 0.5), 0.4, 2),
        PartPlan((0.95, 0.48), 3, family="superellipse"),
        PartPlan((0.4, 0.3), 3, (0.1, -0.1), group=1, probability=0.5, family="blob"),
        _limb(3, (-0.75, 0.4), (0.15, 0.55), 0.4, 0),
        _limb(3, (0.75, 0.4), (0.14, 0.55), 0.4, 0),
        _limb(3, (0.85, -0.2), (0.2, 0.4), 0.3, 0, -2.6),
        PartPlan((0.36, 0.25), 7, (0.0, 0.9), (-0.5, -0.2), 2.4, 0.3, core=True),
        PartPlan((0.1, 0.16), 8, (-0.4, -0.7), group=1, family="drop", core=True),
    )
)
_VEHICLE = BodyPlan(
    (
        PartPlan((0.62, 0.36), 1, (-0.05, -0.7), (0.0, 0.5), swing=0.0, family="box", group=0),
        PartPlan((1.25, 0.36), 1, swing=0.03, family="box"),
        PartPlan((0.24, 0.2), 0, (-0.45, -0.1), swing=0.0, family="box", group=2),
        PartPlan((0.24, 0.2), 0, (0.45, -0.1), swing=0.0, family="box", group=2),
        PartPlan((0.24, 0.24), 1, (-0.62, 0.85), swing=2.0, group=3),
        PartPlan((0.24, 0.24), 1, (0.62, 0.85), swing=2.0, group=3),
        PartPlan((0.3, 0.12), 1, (0.1, 0.0), swing=0.0, family="box", group=1, probability=0.4),
        PartPlan((0.1, 0.08), 1, (0.9, -0.2), swing=0.0, family="superellipse", group=2),
    )
)
_FLYER = BodyPlan(
    (
        PartPlan((0.3, 0.85), 2, (0.0, -0.3), (0.0, 0.9), 0.3, 0.7, "drop", 1),
        PartPlan((0.4, 0.22), 2, (-0.9, 0.0), (0.8, 0.0), swing=0.3, family="polygon", group=1),
        PartPlan((0.8, 0.27), 2),
        PartPlan((0.24, 0.22), 2, (0.9, -0.2), swing=0.2, group=2, core=True),
        PartPlan((0.16, 0.07), 3, (0.9, 0.1), (-0.7, 0.0), family="capsule", group=3, core=True),
        PartPlan((0.32, 0.9), 2, (0.0, -0.2), (0.0, 0.9), 0.0, 0.7, "drop", 0),
    ),
    upright=False,
)
_FACE = BodyPlan(
    (
        PartPlan((1.5, 0.9), 2, (0.0, 1.0), (0.0, -0.5), family="superellipse", group=0),
        PartPlan((0.8, 1.05), 2, (0.0, -0.15), group=2, probability=0.5, core=True),
        PartPlan((0.72, 1.0), 2, swing=0.12, group=1, core=True),
        PartPlan((0.76, 0.4), 2, (0.0, -0.72), family="superellipse", group=2, core=True),
        PartPlan((0.13, 0.08), 2, (-0.42, -0.12), swing=0.05, group=3, core=True),
        PartPlan((0.13, 0.08), 2, (0.42, -0.12), swing=0.05, group=3, core=True),
        PartPlan((0.09, 0.2), 2, (0.0, 0.18), group=1, family="drop", core=True),
        PartPlan((0.27, 0.07), 2, (0.0, 0.56), swing=0.05, group=3, core=True),
    )
)
_RIDER = BodyPlan(
    (
        PartPlan((0.42, 0.42), 2, (-0.85, 0.6), swing=2.0, group=3),
        PartPlan((0.42, 0.42), 2, (0.85, 0.6), swing=2.0, group=3),
        PartPlan((0.8, 0.22), 2, group=0, family="superellipse"),
        PartPlan((0.28, 0.55), 2, (-0.15, -0.6), (0.0, 0.9), 0.3, 0.25, "superellipse", 1),
        _limb(3, (0.0, 0.75), (0.16, 0.5), 0.3, 2, -0.9),
        PartPlan((0.22, 0.27), 3, (0.05, -0.95), (0.0, 0.8), swing=0.2, group=3, core=True),
        _limb(3, (0.2, -0.7), (0.11, 0.5), 0.3, 2, -1.0),
        PartPlan((0.3, 0.15), 2, (0.3, -0.3), group=1, probability=0.5, family="polygon"),
    ),
    upright=False,
)
_SINGLE = BodyPlan(
    (
        PartPlan((1.0, 1.0), 0, swing=0.0, family=None),
        PartPlan((0.4, 0.4), 0, (-0.2, -0.3), family=None, group=1, probability=0.5, core=True),
        PartPlan((0.35, 0.35), 0, (0.3, 0.25), family=None, group=2, probability=0.4, core=True),
        PartPlan((0.7, 0.14), 0, (0.0, 0.3), family="box", group=3, probability=0.3),
    ),
    upright=False,
    looseness=0.4,
)
_CLUSTER = BodyPlan(
    (
        PartPlan((0.5, 0.5), 1, (0.8, 0.3), (-0.6, 0.0), swing=0.5, family=None, group=1),
        PartPlan((0.8, 0.8), 1, family=None),
        PartPlan((0.45, 0.45), 1, (-0.8, -0.3), (0.5, 0.2), swing=0.5, family=None, group=2),
        PartPlan((0.4, 0.4), 2, (-0.7, 0.1), (0.6, 0.0), 0.0, 0.5, None, 0, 0.6),
        PartPlan((0.4, 0.4), 1, (0.2, -0.9), (0.0, 0.6), 0.0, 0.4, None, 3, 0.6, core=True),
        PartPlan((0.3, 0.3), 4, (0.2, -0.8), (0.0, 0.6), 0.0, 0.4, None, 1, 0.5, core=True),
        PartPlan((0.4, 0.4), 1, (0.1, 0.2), group=2, family=None, probability=0.5),
    ),
    upright=False,
    looseness=0.45,
)
PLANS: dict[str, BodyPlan] = {
    "single": _SINGLE,
    "cluster": _CLUSTER,
    "biped": _BIPED,
    "quadruped": _QUADRUPED,
    "vehicle": _VEHICLE,
    "flyer": _FLYER,
    "face": _FACE,
    "rider": _RIDER,
}
"""Name -> plan; the first one is the body of one part and its markings."""


@dataclass(frozen=True)
class PlanTable:
    """All plans as arrays over (plan, part); parts that a plan lacks have probability 0.

    `order` lists the parts of a plan so that every parent stands before what hangs on it.
    """

    size: npt.NDArray[np.float64]
    at: npt.NDArray[np.float64]
    pivot: npt.NDArray[np.float64]
    turn: npt.NDArray[np.float64]
    swing: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    parent: npt.NDArray[np.int64]
    family: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    core: npt.NDArray[np.bool_]
    order: npt.NDArray[np.int64]
    upright: npt.NDArray[np.bool_]
    looseness: npt.NDArray[np.float64]


def tabulate() -> PlanTable:
    """The plans as arrays; the family -1 stands for any."""
    plans = tuple(PLANS.values())
    blank = PartPlan((1.0, 1.0), 0, probability=0.0)
    rows = [plan.parts + (blank,) * (MOST_PARTS - len(plan.parts)) for plan in plans]

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([[getattr(part, name) for part in row] for row in rows])

    families = [[-1 if p.family is None else FAMILIES.index(p.family) for p in r] for r in rows]
    return PlanTable(
        size=column("size"),
        at=column("at"),
        pivot=column("pivot"),
        turn=column("turn"),
        swing=column("swing"),
        probability=column("probability"),
        parent=column("parent").astype(np.int64),
        family=np.array(families),
        group=column("group").astype(np.int64),
        core=column("core").astype(bool),
        order=np.array([_parents_first(row) for row in rows]),
        upright=np.array([plan.upright for plan in plans]),
        looseness=np.array([plan.looseness for plan in plans]),
    )


def _parents_first(parts: tuple[PartPlan, ...]) -> list[int]:
    """Numbers of the parts by their depth below the main part."""

    def depth(number: int) -> int:
        parent = parts[number].parent
        return 0 if parent == number else 1 + depth(parent)

    return sorted(range(len(parts)), key=lambda i: (parts[i].probability == 0, depth(i)))
