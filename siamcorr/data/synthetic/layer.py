"""One object as a picture with opacity, warped into any frame."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic.curves import FloatArray
from siamcorr.data.synthetic.motion import Poses, Ripple
from siamcorr.data.synthetic.patterns import coordinates
from siamcorr.data.synthetic.recipe import Recipe, SceneObject
from siamcorr.data.synthetic.shapes import coverage
from siamcorr.opencv import load_cv2

__all__ = ["Layer", "Patch", "generator", "make_layer"]

Bytes = npt.NDArray[np.uint8]


class Patch(NamedTuple):
    """Pixels that belong at column `left` and row `top` of the frame, possibly outside of it."""

    pixels: Bytes
    left: int
    top: int


@dataclass(frozen=True)
class Layer:
    """A sprite and its way through the clip.

    Attributes:
        name: of the object.
        target: whether it has ground truth.
        pictures: the sprite, colours times opacity and opacity as (H, W, 4), then each again at
            half the size.
        opacities: the opacity alone of each picture, (H, W).
        unit: pixels of the largest picture per pixel of the object at scale 1.
        half_size: half (width, height) of the object at scale 1.
        poses: from the object to the frame.
        ripples: deformation in each frame.
        gains: (T,) brightness.
    """

    name: str
    target: bool
    pictures: tuple[Bytes, ...]
    opacities: tuple[Bytes, ...]
    unit: float
    half_size: FloatArray
    poses: Poses
    ripples: list[Ripple | None]
    gains: FloatArray

    def window(self, t: int, margin: float = 0.0) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in whole pixels, around everything drawn in frame `t`."""
        ripple = self.ripples[t]
        half = self.half_size + (0 if ripple is None else ripple.amplitude)
        reach = np.abs(self.poses.linear[t]) @ half + 1 + margin
        low, high = self.poses.centre[t] - reach, self.poses.centre[t] + reach
        return int(low[0] // 1), int(low[1] // 1), int(-(-high[0] // 1)), int(-(-high[1] // 1))

    def colours(self, t: int, margin: float = 0.0) -> Patch:
        """Colours times opacity, and opacity, in frame `t`; (h, w, 4)."""
        level = self._level(t)
        patch = self._warped(self.pictures[level], level, t, margin)
        if self.gains[t] != 1:
            rgb = load_cv2().convertScaleAbs(patch.pixels[..., :3], alpha=float(self.gains[t]))
            patch.pixels[..., :3] = rgb
        return patch

    def silhouette(self, t: int) -> tuple[npt.NDArray[np.bool_], int, int]:
        """Whole silhouette in frame `t`, hidden or not: mask (h, w), left, top."""
        level = self._level(t)
        pixels, left, top = self._warped(self.opacities[level], level, t, 0.0)
        return pixels >= 128, left, top

    def _level(self, t: int) -> int:
        """Index of the smallest picture that is still as fine as the frame."""
        growth = float(np.sqrt(abs(np.linalg.det(self.poses.linear[t]))))
        return int(np.clip(np.log2(self.unit / growth) + 1e-6, 0, len(self.pictures) - 1))

    def _warped(self, picture: Bytes, level: int, t: int, margin: float) -> Patch:
        """A picture as it lies in frame `t`."""
        cv2 = load_cv2()
        left, top, right, bottom = self.window(t, margin)
        size = (right - left, bottom - top)
        inverse = np.linalg.inv(self.poses.linear[t])
        start = inverse @ (np.array([left, top]) + 0.5 - self.poses.centre[t])
        unit, ripple = self.unit / 2**level, self.ripples[t]
        middle = (np.array(picture.shape[1::-1]) - 1) / 2  # index of the object's own (0, 0)
        if ripple is None:
            matrix = np.column_stack((unit * inverse, unit * start + middle))
            pixels = cv2.warpAffine(
                picture, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            )
            return Patch(pixels, left, top)
        columns, rows = np.arange(size[0])[None, :], np.arange(size[1])[:, None]
        x, y = (
            (inverse[i, 0] * columns + inverse[i, 1] * rows + start[i]).astype(np.float32)
            for i in (0, 1)
        )
        x, y = ripple.undone(x, y)
        x, y = np.float32(unit) * x + middle[0], np.float32(unit) * y + middle[1]
        x, y = x.astype(np.float32), y.astype(np.float32)
        return Patch(cv2.remap(picture, x, y, cv2.INTER_LINEAR), left, top)


def generator(seed: int, *stream: str | int) -> np.random.Generator:
    """Independent random numbers for each named stream of a seed."""
    keys = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in stream]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def make_layer(
    recipe: Recipe, item: SceneObject, poses: dict[str, Poses], frames: FloatArray
) -> Layer:
    """Paint an object and bring it on its way.

    Args:
        recipe: the whole scene.
        item: one of its objects.
        poses: of all objects by name; a look-alike is painted as fine as its twin needs.
        frames: (T,) frame numbers.
    """
    looks = recipe.looks(item)
    family = [other for other in recipe.objects if looks.name in (other.name, other.like)]
    ranges = [poses[other.name].stretch_range for other in family]
    unit = max(high for _, high in ranges)
    halvings = int(max(np.log2(unit / min(low for low, _ in ranges)), 0))
    pictures = [_paint(recipe, item, unit, 2**halvings)]
    for _ in range(halvings):
        height, width = pictures[-1].shape[:2]
        half = (width // 2, height // 2)
        pictures.append(load_cv2().resize(pictures[-1], half, interpolation=load_cv2().INTER_AREA))
    return Layer(
        name=item.name,
        target=item.target,
        pictures=tuple(pictures),
        opacities=tuple(np.ascontiguousarray(picture[..., 3]) for picture in pictures),
        unit=unit,
        half_size=np.array(recipe.size_of(item)) / 2,
        poses=poses[item.name],
        ripples=Ripple.over(item.deformation, frames),
        gains=item.gain.at(frames),
    )


def _paint(recipe: Recipe, item: SceneObject, unit: float, multiple: int) -> Bytes:
    """The sprite at `unit` pixels per pixel at scale 1, its sides multiples of 2 * `multiple`."""
    looks, size = recipe.looks(item), recipe.size_of(item)
    shape, texture = item.shape or looks.shape, item.texture or looks.texture
    assert shape is not None  # by the validators of the recipe
    assert texture is not None
    step = 2 * multiple
    width, height = (step * (int(side * unit + 4) // step + 1) for side in size)
    x, y = coordinates(height, width, unit)
    x, y = np.broadcast_arrays(x * np.float32(2 / size[0]), y * np.float32(2 / size[1]))
    level = shape.level(x, y, generator(recipe.seed, looks.name, "shape"))
    opacity = coverage(level)
    surface = texture.paint(height, width, unit, generator(recipe.seed, looks.name, "texture"))
    surface *= (1 - np.float32(item.rim) * np.clip(level, 0, 1) ** 6)[..., None]
    picture = np.dstack((surface * opacity[..., None], 255 * opacity))
    return np.rint(picture).astype(np.uint8)
