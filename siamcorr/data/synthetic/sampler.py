"""Random recipes: whole scenes drawn from a seed, for training."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from siamcorr.config import parse_config
from siamcorr.data.synthetic.curves import FiniteSettings
from siamcorr.data.synthetic.layer import generator
from siamcorr.data.synthetic.recipe import Recipe
from siamcorr.errors import InvalidArgument

__all__ = ["RandomScenes", "random_recipe"]

Keys = list[tuple[float, float]]
_SHAPES = ("ellipse", "rectangle", "rounded", "polygon", "star", "blob")
_TEXTURES = ("noise", "checker", "stripes", "rings", "spots", "marks", "leaves")


class RandomScenes(FiniteSettings):
    """What `random_recipe` draws from; a pair is the smallest and the largest value.

    Attributes:
        width: of the frame in pixels.
        height: of the frame in pixels.
        frames: per clip.
        fps: frames per second.
        targets: how many.
        look_alikes: how many copies of targets that are no targets.
        occluders: how many objects in front of all targets.
        size: sides of a target at scale 1 in pixels.
        speed: highest speed of an object in pixels per frame.
        camera_speed: highest speed of the background in pixels per frame.
        scale: at the keys of an object's way.
        rotation_deg: largest turn to either side.
        key_interval: frames between two keys of a way.
        deformed: share of the targets that deform.
        gain: of the light.
        blur: standard deviation of the defocus in pixels.
        noise: standard deviation of the noise in grey levels.
    """

    width: int = Field(default=320, ge=64, le=4096)
    height: int = Field(default=240, ge=64, le=4096)
    frames: int = Field(default=64, ge=1, le=100_000)
    fps: float = Field(default=30.0, gt=0, le=1000)
    targets: tuple[int, int] = (1, 4)
    look_alikes: tuple[int, int] = (0, 2)
    occluders: tuple[int, int] = (0, 2)
    size: tuple[float, float] = (24.0, 80.0)
    speed: float = Field(default=6.0, ge=0)
    camera_speed: float = Field(default=3.0, ge=0)
    scale: tuple[float, float] = (0.7, 1.5)
    rotation_deg: float = Field(default=45.0, ge=0)
    key_interval: float = Field(default=24.0, ge=2)
    deformed: float = Field(default=0.4, ge=0, le=1)
    gain: tuple[float, float] = (0.6, 1.3)
    blur: tuple[float, float] = (0.0, 1.2)
    noise: tuple[float, float] = (0.0, 6.0)

    @model_validator(mode="after")
    def _ordered(self) -> RandomScenes:
        for key in (
            "targets",
            "look_alikes",
            "occluders",
            "size",
            "scale",
            "gain",
            "blur",
            "noise",
        ):
            low, high = getattr(self, key)
            if not 0 <= low <= high:
                raise ValueError(f"{key}: expected 0 <= smallest <= largest, got {low} and {high}")
        if self.targets[0] < 1:
            raise ValueError(f"targets: at least one per scene, got {self.targets[0]}")
        if self.size[0] * self.scale[0] < 12:
            raise ValueError(
                "size, scale: the smallest target must have 12 pixels, has "
                f"{self.size[0] * self.scale[0]:g}"
            )
        return self


def random_recipe(seed: int, scenes: RandomScenes | None = None) -> Recipe:
    """Draw a whole scene: textures of several spectra, shapes, ways, light, blur and noise.

    Args:
        seed: the same seed and settings give the same recipe.
        scenes: what to draw from; None takes the defaults.

    Returns:
        A recipe like one from a file; `recipe.model_dump(mode="json")` writes it down.

    Raises:
        InvalidArgument: the seed is negative or not below 2 ** 63.

    Example:
        >>> from siamcorr.data.synthetic import SyntheticSequence
        >>> clip = SyntheticSequence(random_recipe(7))
        >>> clip.sample(0).image.shape
        (240, 320, 3)
    """
    if not 0 <= seed < 2**63:
        raise InvalidArgument(f"random_recipe: seed must be in 0 ... 2**63 - 1, got {seed}")
    drawn = _Draw(scenes or RandomScenes(), generator(seed, "scene"))
    return parse_config(drawn.recipe(seed), Recipe, f"random_recipe({seed})")


class _Draw:
    """One scene in the making."""

    def __init__(self, scenes: RandomScenes, rng: np.random.Generator) -> None:
        self.scenes, self.rng = scenes, rng

    def recipe(self, seed: int) -> dict[str, Any]:
        scenes = self.scenes
        targets = [self._target(f"target {i}") for i in range(self._count(scenes.targets))]
        copies = [self._look_alike(i, targets) for i in range(self._count(scenes.look_alikes))]
        mixed = [*targets, *copies]
        order = self.rng.permutation(len(mixed)).tolist()
        occluders = [self._occluder(i) for i in range(self._count(scenes.occluders))]
        return {
            "name": f"random-{seed}",
            "seed": seed,
            **scenes.model_dump(include={"width", "height", "frames", "fps"}),
            "background": self._background(),
            "objects": [*(mixed[i] for i in order), *occluders],
            "light": {
                "gain": self._keys(scenes.gain),
                "slope": self._keys((-0.3, 0.3)),
                "direction_deg": self._between(0, 360),
            },
            "sensor": {
                "shutter": self._between(0, 0.6),
                "blur": self._keys(scenes.blur),
                "noise": self._between(*scenes.noise),
            },
            "shadow": {"strength": self._between(0.1, 0.5)} if self.rng.uniform() < 0.5 else None,
        }

    def _background(self) -> dict[str, Any]:
        texture = self._texture(("noise", "noise", "leaves", "spots", "checker"), (20, 120))
        x, y = self._way(self.scenes.camera_speed, None)
        return {"texture": texture, "x": x, "y": y, "rotation_deg": self._keys((-4, 4))}

    def _target(self, name: str) -> dict[str, Any]:
        size = (self._between(*self.scenes.size), self._between(*self.scenes.size))
        item = {
            "name": name,
            "shape": self._shape(),
            "texture": self._texture(_TEXTURES, (min(size) / 8, min(size) / 3)),
            "size": size,
            **self._motion(),
        }
        if self.rng.uniform() < self.scenes.deformed:
            item["deformation"] = {
                "amplitude": self._keys((0, 0.06 * min(size))),
                "wavelength": max(min(size) * self._between(0.8, 1.6), 8),
                "phase": [(0, 0), (self.scenes.frames, self.scenes.frames / 60)],
            }
        return item

    def _look_alike(self, number: int, targets: list[dict[str, Any]]) -> dict[str, Any]:
        twin = targets[int(self.rng.integers(len(targets)))]["name"]
        return {"name": f"look-alike {number}", "target": False, "like": twin, **self._motion()}

    def _occluder(self, number: int) -> dict[str, Any]:
        short, long = self._between(12, 40), self._between(60, 160)
        return {
            "name": f"occluder {number}",
            "target": False,
            "shape": self._shape(),
            "texture": self._texture(_TEXTURES, (4, 12)),
            "size": (short, long),
            **self._motion(),
        }

    def _motion(self) -> dict[str, Any]:
        x, y = self._way(self.scenes.speed, (self.scenes.width, self.scenes.height))
        turn = self.scenes.rotation_deg
        return {
            "x": x,
            "y": y,
            "scale": self._keys(self.scenes.scale),
            "rotation_deg": self._keys((-turn, turn)),
        }

    def _shape(self) -> dict[str, Any]:
        kind = _SHAPES[self.rng.integers(len(_SHAPES))]
        extra: dict[str, Any] = {}
        if kind in ("polygon", "star"):
            extra["corners"] = int(self.rng.integers(3, 8))
        if kind == "blob":
            extra["irregularity"] = self._between(0.1, 0.5)
        return {"kind": kind, **extra}

    def _texture(self, kinds: tuple[str, ...], cell: tuple[float, float]) -> dict[str, Any]:
        kind = kinds[self.rng.integers(len(kinds))]
        many = int(self.rng.integers(2, 6)) if kind in ("noise", "leaves") else 2
        colours = ["#" + bytes(self.rng.integers(0, 256, 3).tolist()).hex() for _ in range(many)]
        texture = {"kind": kind, "colours": colours, "grain": self._between(0, 0.25)}
        if kind == "noise":
            return texture | {"exponent": self._between(1, 3.5)}
        width = max(self._between(*cell), 2.0)
        if kind == "leaves":
            return texture | {"smallest": max(width / 4, 1.0), "largest": 1.5 * width}
        angle = {"angle_deg": self._between(0, 180)} if kind in ("checker", "stripes") else {}
        return texture | {"cell": width} | angle

    def _way(self, speed: float, inside: tuple[int, int] | None) -> tuple[Keys, Keys]:
        """Keys of x and y; a monotone cubic is at most three times as fast as its secants."""
        frames = self._key_frames()
        low = np.array([-np.inf, -np.inf]) if inside is None else 0.1 * np.array(inside)
        high = np.array([np.inf, np.inf]) if inside is None else 0.9 * np.array(inside)
        here = np.zeros(2) if inside is None else self.rng.uniform(low, high)
        points = [here]
        for interval in np.diff(frames):
            angle, step = self.rng.uniform(0, 2 * np.pi), self.rng.uniform(0.2, 1)
            way = step * speed * interval / 3 * np.array([np.cos(angle), np.sin(angle)])
            points.append(np.clip(points[-1] + way, low, high))
        x, y = np.array(points).T.tolist()
        return list(zip(frames, x, strict=True)), list(zip(frames, y, strict=True))

    def _keys(self, limits: tuple[float, float]) -> Keys:
        return [(frame, self._between(*limits)) for frame in self._key_frames()]

    def _key_frames(self) -> list[float]:
        count = max(2, round(self.scenes.frames / self.scenes.key_interval) + 1)
        last = max(self.scenes.frames - 1, 1)
        return [last * i / (count - 1) for i in range(count)]

    def _between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def _count(self, limits: tuple[int, int]) -> int:
        return int(self.rng.integers(limits[0], limits[1] + 1))
