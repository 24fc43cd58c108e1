"""Silhouettes of synthetic objects as level functions: 1 on the contour, less inside."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field

from siamcorr.data.synthetic.curves import FiniteSettings

__all__ = ["Blob", "Ellipse", "Polygon", "Rectangle", "Rounded", "Shape", "Star", "coverage"]

Field2D: TypeAlias = npt.NDArray[np.float32]
"""One float per pixel, (H, W) float32."""


class Ellipse(FiniteSettings):
    """The ellipse inside the box."""

    kind: Literal["ellipse"]

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        return np.hypot(x, y)


class Rectangle(FiniteSettings):
    """The whole box."""

    kind: Literal["rectangle"]

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        return np.maximum(np.abs(x), np.abs(y))


class Rounded(FiniteSettings):
    """A box with round corners: the superellipse of power 5."""

    kind: Literal["rounded"]

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        return np.asarray((np.abs(x) ** 5 + np.abs(y) ** 5) ** np.float32(0.2))


class Polygon(FiniteSettings):
    """A regular polygon inscribed in the ellipse of the box, one corner up."""

    kind: Literal["polygon"]
    corners: int = Field(ge=3, le=12)

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        return _star_level(x, y, self.corners, float(np.cos(np.pi / self.corners)))


class Star(FiniteSettings):
    """A star inscribed in the ellipse of the box, one corner up.

    Attributes:
        corners: number of tips.
        inner: radius of the notches as a share of the radius of the tips.
    """

    kind: Literal["star"]
    corners: int = Field(ge=3, le=12)
    inner: float = Field(default=0.5, ge=0.2, lt=1)

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        return _star_level(x, y, self.corners, self.inner)


class Blob(FiniteSettings):
    """A smooth random outline: its radius is a random sum of the harmonics 2 ... 5 of the angle.

    Attributes:
        irregularity: relative size of the harmonics; 0 gives the ellipse.
    """

    kind: Literal["blob"]
    irregularity: float = Field(default=0.25, ge=0, le=0.6)

    def level(self, x: Field2D, y: Field2D, rng: np.random.Generator) -> Field2D:
        """Level at box coordinates in -1 ... 1."""
        order = np.arange(2, 6)
        weight = self.irregularity * rng.uniform(0.4, 1, 4) / order
        phase = rng.uniform(0, 2 * np.pi, 4)

        def radius(angle: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
            return np.asarray(1 + (weight * np.cos(angle[..., None] * order + phase)).sum(-1))

        largest = radius(np.linspace(0, 2 * np.pi, 720)).max()
        return np.asarray(np.hypot(x, y) * largest / radius(np.arctan2(y, x)), dtype=np.float32)


Shape = Annotated[
    Ellipse | Rectangle | Rounded | Polygon | Star | Blob, Field(discriminator="kind")
]


def _star_level(x: Field2D, y: Field2D, corners: int, inner: float) -> Field2D:
    """Level of a star with tips at radius 1 and notches at radius `inner`.

    Folded by its symmetry into half a tip, the contour is the straight line from the tip (1, 0)
    to the notch.
    """
    half = np.pi / corners
    angle = np.abs((np.arctan2(x, -y) + half) % (2 * half) - half)
    radius = np.hypot(x, y)
    along, across = radius * np.cos(angle), radius * np.sin(angle)
    notch_along, notch_across = inner * np.cos(half), inner * np.sin(half)
    return np.asarray(along + across * (1 - notch_along) / notch_across, dtype=np.float32)


def coverage(level: Field2D) -> Field2D:
    """Opacity of the pixels of a shape, 0.5 exactly on the contour.

    The distance to the contour in pixels is taken as (level - 1) / |grad level|.

    Args:
        level: (H, W), at least 2x2, sampled at the pixel centres.

    Returns:
        (H, W) float32 in 0 ... 1.
    """
    slope = np.hypot(*np.gradient(level))
    distance = (level - 1) / np.maximum(slope, np.float32(1e-6))
    return np.asarray(np.clip(np.float32(0.5) - distance, 0, 1), dtype=np.float32)
