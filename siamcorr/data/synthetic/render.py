"""Frames of a synthetic clip: background, objects with shadows, light, defocus, noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic.composite import cast_shadow, is_long, lay_over, overlap, smeared
from siamcorr.data.synthetic.curves import FloatArray
from siamcorr.data.synthetic.layer import Layer, Patch, generator, make_layer
from siamcorr.data.synthetic.motion import Poses, camera_poses, object_poses
from siamcorr.data.synthetic.recipe import Recipe
from siamcorr.errors import ConfigError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["Renderer"]

_LARGEST_BACKGROUND = 32_000_000  # pixels
_NOISE_MARGIN = 64  # pixels by which the stored noise is larger than the frame


class Renderer:
    """Draws any frame of a recipe, independently of the others.

    Args:
        recipe: what to draw.

    Raises:
        ConfigError: the camera travels so far that its background would not fit in memory.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        frames = np.arange(recipe.frames, dtype=np.float64)
        size = (recipe.width, recipe.height)
        camera = camera_poses(recipe.background, frames, size)
        poses = {item.name: object_poses(item, camera, frames) for item in recipe.objects}
        self.layers = [make_layer(recipe, item, poses, frames) for item in recipe.objects]
        self._plane, self._camera = _paint_background(recipe, camera)
        self._gain, self._slope = recipe.light.gain.at(frames), recipe.light.slope.at(frames)
        self._blur, self._noise = recipe.sensor.blur.at(frames), recipe.sensor.noise.at(frames)
        shutter = recipe.sensor.shutter
        self._background_smear = shutter * _middle_velocity(self._camera, size)
        self._smears = [shutter * layer.poses.velocity() for layer in self.layers]
        self._ramp = _light_ramp(recipe)
        self._grain = _sensor_noise(recipe) if self._noise.any() else None

    def frame(self, t: int) -> FrameArray:
        """Frame number `t`, RGB uint8 (H, W, 3)."""
        image = self._background(t)
        for layer, smear in zip(self.layers, self._smears, strict=True):
            self._draw(image, layer, t, smear[t])
        return self._sensed(image, t)

    def _background(self, t: int) -> FrameArray:
        cv2 = load_cv2()
        inverse = np.linalg.inv(self._camera.linear[t])
        start = inverse @ (0.5 - self._camera.centre[t]) - 0.5
        image: FrameArray = cv2.warpAffine(
            self._plane,
            np.column_stack((inverse, start)),
            (self.recipe.width, self.recipe.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        return smeared(image, self._background_smear[t])

    def _draw(self, image: FrameArray, layer: Layer, t: int, smear: FloatArray) -> None:
        """Lay one object over the image."""
        margin = float(np.abs(smear).max()) + 1 if is_long(smear) else 0.0
        patch = layer.colours(t, margin)
        pixels = smeared(patch.pixels, smear)
        if self.recipe.shadow is not None:
            opacity = Patch(np.ascontiguousarray(pixels[..., 3]), patch.left, patch.top)
            cast_shadow(image, opacity, self.recipe.shadow)
        where = overlap(image.shape[:2], pixels.shape[:2], patch.left, patch.top)
        if where is None:
            return
        in_frame, in_patch = where
        lay_over(image[in_frame], pixels[in_patch][..., 3], pixels[in_patch][..., :3])

    def _sensed(self, image: FrameArray, t: int) -> FrameArray:
        """Defocus, light and noise, in the order of a camera."""
        cv2 = load_cv2()
        if self._blur[t] > 0:
            image = cv2.GaussianBlur(image, (0, 0), float(self._blur[t]))
        gain, sigma = float(self._gain[t]), float(self._noise[t])
        lit: Any = image
        if self._slope[t] != 0:
            lit = cv2.multiply(image, 1 + np.float32(self._slope[t]) * self._ramp, dtype=cv2.CV_32F)
        if sigma > 0 and self._grain is not None:
            grain = _window_of(self._grain, t, self.recipe)
            return np.asarray(cv2.addWeighted(lit, gain, grain, sigma, 0, dtype=cv2.CV_8U))
        return np.asarray(cv2.addWeighted(lit, gain, lit, 0, 0, dtype=cv2.CV_8U))


def _paint_background(recipe: Recipe, camera: Poses) -> tuple[FrameArray, Poses]:
    """The part of the plane that the camera ever sees, and the poses from its pixels."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * (recipe.width, recipe.height)
    inverse = np.linalg.inv(camera.linear)
    seen = np.einsum("tij,tkj->tki", inverse, corners - camera.centre[:, None, :])
    low, high = np.floor(seen.min((0, 1))) - 2, np.ceil(seen.max((0, 1))) + 2
    width, height = (int(side) for side in high - low)
    if width * height > _LARGEST_BACKGROUND:
        raise ConfigError(
            f"{recipe.name}: background: the camera sees {width} x {height} pixels of the plane, "
            "which is too much to paint; let x, y travel less or raise zoom"
        )
    colours = recipe.background.texture.paint(
        height, width, 1.0, generator(recipe.seed, "background")
    )
    shifted = camera.centre + (camera.linear @ low)
    return np.rint(colours).astype(np.uint8), Poses(camera.linear, shifted)


def _middle_velocity(camera: Poses, size: tuple[int, int]) -> FloatArray:
    """Motion of what is in the middle of the frame, in pixels per frame; (T, 2)."""
    if len(camera.centre) == 1:
        return np.zeros((1, 2))
    middle = np.array(size) / 2
    seen = np.linalg.solve(camera.linear, (middle - camera.centre)[..., None])
    linear, centre = np.gradient(camera.linear, axis=0), np.gradient(camera.centre, axis=0)
    return np.asarray((linear @ seen)[..., 0] + centre)


def _light_ramp(recipe: Recipe) -> npt.NDArray[np.float32]:
    """From -1 to 1 across the frame in the direction of the light; (H, W, 3)."""
    angle = np.deg2rad(recipe.light.direction_deg)
    x = (np.arange(recipe.width) + 0.5 - recipe.width / 2) * np.cos(angle)
    y = (np.arange(recipe.height) + 0.5 - recipe.height / 2) * np.sin(angle)
    ramp = y[:, None] + x[None, :]
    ramp /= max(float(np.abs(ramp).max()), 1e-12)
    return np.repeat(ramp.astype(np.float32)[..., None], 3, axis=2)


def _sensor_noise(recipe: Recipe) -> npt.NDArray[np.float32]:
    """Unit Gaussian noise, larger than the frame by `_NOISE_MARGIN` on each axis."""
    shape = (recipe.height + _NOISE_MARGIN, recipe.width + _NOISE_MARGIN, 3)
    return generator(recipe.seed, "noise").standard_normal(shape, dtype=np.float32)


def _window_of(grain: npt.NDArray[np.float32], t: int, recipe: Recipe) -> npt.NDArray[np.float32]:
    """The noise of frame `t`: a random window of the stored noise."""
    rng = generator(recipe.seed, "noise", t)
    top, left = rng.integers(0, _NOISE_MARGIN + 1, 2).tolist()
    return grain[top : top + recipe.height, left : left + recipe.width]
