"""Where things are in each frame: affine poses of camera and objects, and the deforming wave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic.curves import FloatArray
from siamcorr.data.synthetic.recipe import Background, Deformation, SceneObject

__all__ = ["Poses", "Ripple", "camera_poses", "object_poses"]


@dataclass(frozen=True)
class Poses:
    """Affine maps to the frame, one per frame: p_in_frame = linear @ p_in_object + centre.

    Attributes:
        linear: (T, 2, 2).
        centre: (T, 2), in continuous pixels of the frame.
        stretch_range: smallest and largest factor by which a length grows in any frame.
    """

    linear: FloatArray
    centre: FloatArray

    @property
    def stretch_range(self) -> tuple[float, float]:
        """Smallest and largest factor by which a length grows in any frame."""
        factors = np.linalg.svd(self.linear, compute_uv=False)
        return float(factors.min()), float(factors.max())

    def velocity(self) -> FloatArray:
        """Motion of the centre in pixels per frame; (T, 2)."""
        if len(self.centre) == 1:
            return np.zeros((1, 2))
        return np.gradient(self.centre, axis=0)


def camera_poses(background: Background, frames: FloatArray, size: tuple[int, int]) -> Poses:
    """Maps from the background plane to a frame of (width, height) pixels."""
    linear = _turns(background.rotation_deg.at(frames))
    linear *= background.zoom.at(frames)[:, None, None]
    looked_at = np.stack((background.x.at(frames), background.y.at(frames)), -1)
    centre = np.array(size) / 2 - (linear @ looked_at[..., None])[..., 0]
    return Poses(linear, centre)


def object_poses(item: SceneObject, camera: Poses, frames: FloatArray) -> Poses:
    """Maps from an object's own coordinates, its middle at 0, to the frame."""
    scale, stretch = item.scale.at(frames), item.stretch.at(frames)
    sides = np.stack((scale * stretch, scale / stretch), -1)
    linear = _turns(item.rotation_deg.at(frames)) * sides[:, None, :]
    centre = np.stack((item.x.at(frames), item.y.at(frames)), -1)
    if item.anchor == "background":
        linear = camera.linear @ linear
        centre = (camera.linear @ centre[..., None])[..., 0] + camera.centre
    return Poses(linear, centre)


@dataclass(frozen=True)
class Ripple:
    """A `Deformation` at one frame."""

    amplitude: float
    wavelength: float
    phase: float

    @classmethod
    def over(cls, deformation: Deformation | None, frames: FloatArray) -> list[Ripple | None]:
        """The deformation in each frame; None where there is none."""
        if deformation is None:
            return [None] * len(frames)
        amplitudes = deformation.amplitude.at(frames).tolist()
        phases = deformation.phase.at(frames).tolist()
        return [
            cls(amplitude, deformation.wavelength, phase) if amplitude else None
            for amplitude, phase in zip(amplitudes, phases, strict=True)
        ]

    def undone(
        self, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Points of the undeformed object that lie at x, y after deformation; exact."""
        y = y - self._wave(x)
        return x - self._wave(y), y

    def _wave(self, along: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        turns = along * np.float32(1 / self.wavelength) + np.float32(self.phase % 1)
        return np.asarray(np.float32(self.amplitude) * np.sin(np.float32(2 * np.pi) * turns))


def _turns(degrees: FloatArray) -> FloatArray:
    """Rotations that turn x towards y; (T,) -> (T, 2, 2)."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.stack((np.stack((cos, -sin), -1), np.stack((sin, cos), -1)), -2)
