"""Silhouettes of parts as tables of the radius over the angle, and boxes around posed parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.hashing import Draws

__all__ = ["ANGLES", "FAMILIES", "boxes_around", "radius_tables"]

Floats = npt.NDArray[np.float64]
ANGLES = 128
"""Samples of the radius over a full turn; between them it is linear."""
FAMILIES = ("ellipse", "superellipse", "capsule", "box", "polygon", "star", "blob", "drop")
"""Names of the families, in the order of their numbers."""


def radius_tables(family: npt.NDArray[np.int64], draws: Draws, name: str) -> Floats:
    """Radius of each shape, scaled so that its extent is -1 ... 1 along x and along y.

    Args:
        family: (B, K) index into `FAMILIES`.
        draws: of the B pairs.
        name: stream of the random numbers.

    Returns:
        (B, K, ANGLES); entry i is at the angle 2 pi i / ANGLES, of (x, y) = (cos, sin).
    """
    k = family.shape[1]
    angle = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    cos, sin = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    power = np.choose(
        np.minimum(family, 4),
        [
            np.full(family.shape, 2.0),
            2 * 2 ** draws.uniform(f"{name}/power", -0.6, 1.6, k),
            draws.uniform(f"{name}/capsule", 3, 4.5, k),
            draws.uniform(f"{name}/box", 6, 14, k),
            np.full(family.shape, 2.0),
        ],
    )[..., None]
    radius = (cos**power + sin**power) ** (-1 / power)  # (B, K, ANGLES)
    corners = (3 + draws.below(f"{name}/corners", 5, k)).astype(np.float64)[..., None]
    turn = draws.uniform(f"{name}/turn", 0, 2 * np.pi, k)[..., None]
    notch = draws.uniform(f"{name}/notch", 0.45, 0.8, k)[..., None]

    def is_a(kind: str) -> npt.NDArray[np.bool_]:
        return np.asarray(family == FAMILIES.index(kind))[..., None]

    flat = np.where(is_a("star"), notch, np.cos(np.pi / corners))
    radius = np.where(
        is_a("polygon") | is_a("star"), _cornered(angle + turn, corners, flat), radius
    )
    radius = radius * np.where(is_a("blob"), _bumps(angle, draws, name, k), 1.0)
    drop = 1 - 0.35 * draws.uniform(f"{name}/drop", 0.4, 1, k)[..., None] * np.sin(angle)
    radius = radius * np.where(is_a("drop"), drop, 1.0)
    return _to_unit_extent(radius, angle)


def boxes_around(
    radius: Floats, bend: Floats, poses: Floats, present: npt.NDArray[np.bool_]
) -> Floats:
    """Tight boxes around the union of posed parts.

    Args:
        radius: (B, Q, ANGLES), of each part.
        bend: (B, Q), x of the part moves by bend * y^2.
        poses: (B, Q, 2, 3), from the part to the picture.
        present: (B, Q), which parts count; at least one in each row.

    Returns:
        (B, 4) xywh.
    """
    angle = np.arange(2 * ANGLES) * (np.pi / ANGLES)
    fine = np.empty((*radius.shape[:2], 2 * ANGLES))
    fine[..., ::2] = radius
    fine[..., 1::2] = (radius + np.roll(radius, -1, -1)) / 2
    y = fine * np.sin(angle)
    x = fine * np.cos(angle) + bend[..., None] * y**2
    a, b, c = np.moveaxis(poses[..., None], -2, 0)  # (B, Q, 2, 1) each
    points = a * x[..., None, :] + b * y[..., None, :] + c  # (B, Q, 2, 2 ANGLES)
    absent = ~present[..., None]
    low = np.where(absent, np.inf, points.min(-1)).min(1)
    high = np.where(absent, -np.inf, points.max(-1)).max(1)
    return np.concatenate((low, high - low), -1)


def _cornered(angle: Floats, corners: Floats, flat: Floats) -> Floats:
    """Radius of a polygon or star with tips at radius 1 and the middles between at `flat`."""
    half = np.pi / corners
    folded = np.abs((angle + half) % (2 * half) - half)  # 0 at a tip, `half` at a middle
    rise = (1 - flat * np.cos(half)) / (flat * np.sin(half))
    return np.asarray(1 / (np.cos(folded) + rise * np.sin(folded)))


def _bumps(angle: Floats, draws: Draws, name: str, k: int) -> Floats:
    """A random sum of the harmonics 2 ... 6, around 1."""
    order = np.arange(2, 7)
    strength = draws.uniform(f"{name}/bumps", 0, 0.55, k)[..., None]
    weight = strength * draws.uniform(f"{name}/weights", 0.2, 1, k, 5) / order
    phase = draws.uniform(f"{name}/phases", 0, 2 * np.pi, k, 5)
    waves = np.cos(order[:, None] * angle + phase[..., None])  # (B, K, 5, ANGLES)
    return np.asarray(1 + (weight[..., None] * waves).sum(-2))


def _to_unit_extent(radius: Floats, angle: Floats) -> Floats:
    """Stretch along x and y to the extent -1 ... 1 on the long side, and read the radius anew."""
    reach = np.abs(radius * np.cos(angle)).max(-1), np.abs(radius * np.sin(angle)).max(-1)
    return np.asarray(radius / np.maximum(*reach)[..., None])
