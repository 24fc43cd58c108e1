"""The recipe of a synthetic clip: canvas, background, light, sensor and animated objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from siamcorr.data.synthetic.curves import Curve, FiniteSettings
from siamcorr.data.synthetic.shapes import Shape
from siamcorr.data.synthetic.textures import Texture
from siamcorr.errors import closest

__all__ = ["Background", "Deformation", "Light", "Recipe", "SceneObject", "Sensor", "Shadow"]

_ZERO, _ONE = Curve(keys=((0, 0.0),)), Curve(keys=((0, 1.0),))
_SMALLEST = 8.0  # pixels; below it a silhouette of few pixels says nothing about its shape
_FARTHEST = 1e5  # pixels


class Deformation(FiniteSettings):
    """A wave that runs through an object and leaves its area as it is.

    x += amplitude * sin(2 pi (y / wavelength + phase)), then the same for y along the new x.

    Attributes:
        amplitude: in pixels at scale 1.
        wavelength: in pixels at scale 1.
        phase: in turns.
    """

    amplitude: Curve
    wavelength: float = Field(ge=8)
    phase: Curve = _ZERO


class SceneObject(FiniteSettings):
    """One object; in a recipe later objects lie in front of earlier ones.

    Attributes:
        name: unique in the recipe; seeds the texture.
        target: whether it has ground truth; occluders and look-alikes have none.
        like: name of another object whose shape, texture and size it has where it states none.
        shape: silhouette.
        texture: surface.
        size: (width, height) in pixels at scale 1.
        x: of the centre in pixels.
        y: of the centre in pixels.
        anchor: whether x and y are in the frame or on the background and move with it.
        scale: factor of both sides.
        rotation_deg: positive turns x towards y, clockwise on the screen.
        stretch: the width grows by it and the height shrinks by it.
        deformation: non-rigid motion, or None.
        gain: factor of the brightness.
        rim: how much darker the surface is at the contour, relative.
    """

    name: str = Field(min_length=1)
    target: bool = True
    like: str | None = None
    shape: Shape | None = None
    texture: Texture | None = None
    size: tuple[float, float] | None = None
    x: Curve
    y: Curve
    anchor: Literal["frame", "background"] = "frame"
    scale: Curve = _ONE
    rotation_deg: Curve = _ZERO
    stretch: Curve = _ONE
    deformation: Deformation | None = None
    gain: Curve = _ONE
    rim: float = Field(default=0.3, ge=0, le=1)

    @model_validator(mode="after")
    def _has_looks(self) -> SceneObject:
        absent = [key for key in ("shape", "texture", "size") if getattr(self, key) is None]
        if self.like is None and absent:
            raise ValueError(
                f"{self.name!r} states no {', '.join(absent)}, and no object it is like"
            )
        return self


class Background(FiniteSettings):
    """A textured plane seen by a moving camera.

    Attributes:
        texture: one unit of it is one pixel at zoom 1.
        x: of the point of the plane in the middle of the frame, in pixels.
        y: of this point.
        zoom: pixels of the frame per pixel of the plane.
        rotation_deg: of the picture of the plane; positive turns x towards y.
    """

    texture: Texture
    x: Curve = _ZERO
    y: Curve = _ZERO
    zoom: Curve = _ONE
    rotation_deg: Curve = _ZERO


class Shadow(FiniteSettings):
    """The soft shadow that every object casts on what lies behind it.

    Attributes:
        strength: share of the light that it takes.
        offset_xy: from the object, in pixels.
        softness: standard deviation of its edge in pixels.
    """

    strength: float = Field(default=0.35, ge=0, le=1)
    offset_xy: tuple[int, int] = (4, 6)
    softness: float = Field(default=4.0, gt=0, le=20)


class Light(FiniteSettings):
    """Illumination: every pixel is multiplied by gain * (1 + slope * s).

    s runs from -1 to 1 across the frame in `direction_deg` (0 is along x, 90 along y).
    """

    gain: Curve = _ONE
    slope: Curve = _ZERO
    direction_deg: float = 0.0


class Sensor(FiniteSettings):
    """What the camera does to the picture.

    Attributes:
        shutter: share of the frame interval that the shutter is open; what moves blurs along its
            path by this share of its motion per frame.
        blur: standard deviation of the defocus in pixels.
        noise: standard deviation of Gaussian noise in grey levels.
    """

    shutter: float = Field(default=0.0, ge=0, le=1)
    blur: Curve = _ZERO
    noise: Curve = _ZERO


class Recipe(FiniteSettings):
    """A whole synthetic clip.

    Attributes:
        name: of the sequence.
        width: of the frame in pixels.
        height: of the frame in pixels.
        frames: how many.
        fps: frames per second.
        seed: of every texture, random outline and noise; motions do not depend on it.
        background: the plane behind everything.
        objects: in drawing order, at least one of them a target.
        light: illumination.
        sensor: blur and noise.
        shadow: cast by the objects, or None.
    """

    name: str = Field(min_length=1)
    width: int = Field(ge=32, le=4096)
    height: int = Field(ge=32, le=4096)
    frames: int = Field(ge=1, le=100_000)
    fps: float = Field(default=30.0, gt=0, le=1000)
    seed: int = Field(ge=0, lt=2**63)
    background: Background
    objects: tuple[SceneObject, ...] = Field(min_length=1)
    light: Light = Light()
    sensor: Sensor = Sensor()
    shadow: Shadow | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        names = Counter(item.name for item in self.objects)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"objects: the name {twice[0]!r} is used {names[twice[0]]} times")
        if not any(item.target for item in self.objects):
            raise ValueError("objects: none is a target; ground truth needs at least one")
        for index, item in enumerate(self.objects):
            self._check_like(index, item)
        for key, curve, low, high in self._bounded():
            self._check_range(key, curve, low, high)
        for index, item in enumerate(self.objects):
            self._check_size(index, item)
        return self

    def looks(self, item: SceneObject) -> SceneObject:
        """The object itself, or the one that lends it what `like` leaves out."""
        lenders = [other for other in self.objects if other.name == item.like]
        return lenders[0] if lenders else item

    def size_of(self, item: SceneObject) -> tuple[float, float]:
        """(width, height) at scale 1, its own or that of the object it is like."""
        size = item.size or self.looks(item).size
        assert size is not None  # by the validators
        return size

    def _check_like(self, index: int, item: SceneObject) -> None:
        if item.like is None:
            return
        whole = [other.name for other in self.objects if other.like is None]
        if item.like not in whole:
            raise ValueError(
                f"objects.{index}.like: no object {item.like!r} with looks of its own"
                f"{closest(item.like, whole)}"
            )

    def _check_size(self, index: int, item: SceneObject) -> None:
        frames = np.arange(self.frames, dtype=np.float64)
        scale, stretch = item.scale.at(frames), item.stretch.at(frames)
        if item.anchor == "background":
            scale = scale * self.background.zoom.at(frames)
        width, height = self.size_of(item)
        sides = np.stack((width * scale * stretch, height * scale / stretch))
        if sides.min() < _SMALLEST or sides.max() > 4096:
            raise ValueError(
                f"objects.{index}: sides of {item.name!r} must stay in {_SMALLEST:g} ... 4096 "
                f"pixels, run from {sides.min():.1f} to {sides.max():.1f}"
            )

    def _bounded(self) -> Iterator[tuple[str, Curve, float, float]]:
        """Curves whose values have a range: (key, curve, lowest, highest)."""
        yield "background.x", self.background.x, -_FARTHEST, _FARTHEST
        yield "background.y", self.background.y, -_FARTHEST, _FARTHEST
        yield "background.zoom", self.background.zoom, 0.1, 10
        yield "light.gain", self.light.gain, 0, 10
        yield "light.slope", self.light.slope, -1, 1
        yield "sensor.blur", self.sensor.blur, 0, 20
        yield "sensor.noise", self.sensor.noise, 0, 100
        for index, item in enumerate(self.objects):
            yield f"objects.{index}.x", item.x, -_FARTHEST, _FARTHEST
            yield f"objects.{index}.y", item.y, -_FARTHEST, _FARTHEST
            yield f"objects.{index}.scale", item.scale, 1e-3, 100
            yield f"objects.{index}.stretch", item.stretch, 0.2, 5
            yield f"objects.{index}.gain", item.gain, 0, 10
            if item.deformation is not None:
                amplitude = item.deformation.amplitude
                highest = item.deformation.wavelength / 4
                yield f"objects.{index}.deformation.amplitude", amplitude, 0, highest

    def _check_range(self, key: str, curve: Curve, low: float, high: float) -> None:
        values = curve.at(np.arange(self.frames, dtype=np.float64))
        outside = np.flatnonzero((values < low) | (values > high))
        if len(outside):
            frame = int(outside[0])
            raise ValueError(
                f"{key}: must stay in {low:g} ... {high:g}, is {values[frame]:g} at frame {frame}"
            )
