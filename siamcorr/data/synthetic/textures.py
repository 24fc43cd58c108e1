"""Settings of the procedural textures and how each is painted in colour."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from siamcorr.data.synthetic import patterns
from siamcorr.data.synthetic.curves import FiniteSettings

__all__ = ["Checker", "Colour", "Leaves", "Marks", "Noise", "Rings", "Spots", "Stripes", "Texture"]

Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
"""RGB as in HTML, such as `#c05f3c`."""
ColourImage: TypeAlias = npt.NDArray[np.float32]
"""(H, W, 3) float32, RGB in 0 ... 255."""


class _Painted(FiniteSettings):
    """What all textures share.

    Attributes:
        grain: standard deviation of a fine 1/f modulation of the brightness, relative.
    """

    grain: float = Field(default=0.1, ge=0, le=0.5)

    def paint(self, height: int, width: int, unit: float, rng: np.random.Generator) -> ColourImage:
        """Paint the texture.

        Args:
            height: in pixels.
            width: in pixels.
            unit: pixels per unit, the pixel of an object at scale 1.
            rng: source of everything random.

        Returns:
            (H, W, 3) float32, RGB in 0 ... 255.
        """
        image = self._colours_at(height, width, unit, rng)
        if self.grain:
            noise = patterns.power_law(height, width, 2.0, rng)
            image = image * (1 + np.float32(self.grain) * noise)[..., None]
        return np.clip(image, 0, 255)

    def _colours_at(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> ColourImage:
        raise NotImplementedError


class Noise(_Painted):
    """Power-law noise mapped to a ramp of colours.

    Attributes:
        colours: the ramp, from low to high values.
        exponent: power falls as 1 / frequency ** exponent.
        coarsest: longest wavelength in pixels that is stronger than its neighbours; None for no
            limit.
    """

    kind: Literal["noise"]
    colours: tuple[Colour, ...] = Field(min_length=2, max_length=16)
    exponent: float = Field(default=2.0, ge=0, le=5)
    coarsest: float | None = Field(default=None, gt=2)

    def _colours_at(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> ColourImage:
        low = 0.0 if self.coarsest is None else 1 / (self.coarsest * unit)
        field = patterns.power_law(height, width, self.exponent, rng, low)
        return _ramp(np.tanh(0.7 * field), self.colours)


class _TwoColours(_Painted):
    """A pattern of two colours.

    Attributes:
        colours: the two.
        cell: size of an element in pixels at scale 1.
    """

    colours: tuple[Colour, Colour]
    cell: float = Field(ge=2)

    def _colours_at(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> ColourImage:
        return _ramp(self._field(height, width, unit, rng), self.colours)

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        raise NotImplementedError


class Checker(_TwoColours):
    """A checkerboard of squares of side `cell`, turned by `angle_deg`."""

    kind: Literal["checker"]
    angle_deg: float = 0.0

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        x, y = patterns.coordinates(height, width, unit, self.angle_deg)
        return patterns.checker(x, y, self.cell, unit)


class Stripes(_TwoColours):
    """Stripes of width `cell` that follow each other in direction `angle_deg`."""

    kind: Literal["stripes"]
    angle_deg: float = 0.0

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        x, _ = patterns.coordinates(height, width, unit, self.angle_deg)
        return patterns.stripes(x, self.cell, unit)


class Rings(_TwoColours):
    """Concentric rings of width `cell` around the middle."""

    kind: Literal["rings"]

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        x, y = patterns.coordinates(height, width, unit)
        return patterns.rings(x, y, self.cell, unit)


class Spots(_TwoColours):
    """Spots or a labyrinth as on animal coats, `cell` wide.

    Attributes:
        fill: share of the second colour.
    """

    kind: Literal["spots"]
    fill: float = Field(default=0.5, gt=0.05, lt=0.95)

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        field = patterns.blobs(height, width, 2 * self.cell * unit, rng)
        steepness = np.float32(max(self.cell * unit / 3, 1.0))  # edges of about one pixel
        above = field - np.float32(np.quantile(field, 1 - self.fill))
        return np.asarray(np.clip(above * steepness, -1, 1))


class Marks(_TwoColours):
    """Rows of letter-like strokes, `cell` high, in the second colour on the first."""

    kind: Literal["marks"]

    def _field(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> patterns.Field2D:
        return patterns.marks(height, width, self.cell * unit, rng)


class Leaves(_Painted):
    """Dead leaves: overlapping discs with radii between `smallest` and `largest` pixels."""

    kind: Literal["leaves"]
    colours: tuple[Colour, ...] = Field(min_length=2, max_length=16)
    smallest: float = Field(default=3.0, ge=1)
    largest: float = Field(default=30.0, le=400)

    @model_validator(mode="after")
    def _ordered(self) -> Leaves:
        if self.largest <= self.smallest:
            raise ValueError(
                f"largest must exceed smallest, got {self.largest:g} and {self.smallest:g}"
            )
        return self

    def _colours_at(
        self, height: int, width: int, unit: float, rng: np.random.Generator
    ) -> ColourImage:
        radii = (self.smallest * unit, self.largest * unit)
        return patterns.leaves((height, width), radii, _as_rgb(self.colours), rng)


Texture = Annotated[
    Noise | Checker | Stripes | Rings | Spots | Marks | Leaves, Field(discriminator="kind")
]


def _as_rgb(colours: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """HTML colours -> (K, 3) float32 in 0 ... 255."""
    channels: Any = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
    return np.array(channels, dtype=np.float32)


def _ramp(field: npt.NDArray[np.floating], colours: tuple[str, ...]) -> ColourImage:
    """Map -1 ... 1 to evenly spaced colours, linear between them; (H, W) -> (H, W, 3)."""
    knots = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), knots, c) for c in _as_rgb(colours).T], -1)
    return table.astype(np.float32)[((field + 1) * 127.5 + 0.5).astype(np.uint8)]
