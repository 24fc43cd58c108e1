"""Affine maps of the plane as (..., 2, 3) arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["affine", "chain", "invert", "rotation"]

Floats = npt.NDArray[np.float64]


def rotation(angle: Floats) -> Floats:
    """(...) radians -> (..., 2, 2)."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack((np.stack((cos, -sin), -1), np.stack((sin, cos), -1)), -2)


def affine(linear: Floats, offset: Floats) -> Floats:
    """(..., 2, 2) and (..., 2) -> (..., 2, 3)."""
    return np.concatenate((linear, offset[..., None]), -1)


def chain(outer: Floats, inner: Floats) -> Floats:
    """The map that applies `inner`, then `outer`; (..., 2, 3) each, broadcast."""
    linear = outer[..., :2] @ inner[..., :2]
    offset = outer[..., :2] @ inner[..., 2:] + outer[..., 2:]
    return np.concatenate((linear, offset), -1)


def invert(maps: Floats) -> Floats:
    """Inverse of affine maps (..., 2, 3)."""
    linear = np.linalg.inv(maps[..., :2])
    return np.concatenate((linear, -linear @ maps[..., 2:]), -1)
