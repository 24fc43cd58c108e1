"""What is painted: an ordered list of parts for every pair, each with a pose in both crops."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["VIEWS", "Parts", "join"]

Floats = npt.NDArray[np.float64]
VIEWS = 2
"""Crops of a pair: 0 is the template, 1 the search."""


@dataclass(frozen=True)
class Parts:
    """N parts for each of B pairs, from the farthest to the nearest.

    Attributes:
        radius: (B, N, ANGLES) silhouettes.
        bend: (B, N) x of the part moves by bend * y^2.
        poses: (B, N, 2, 2, 3) from the part's -1 ... 1 to the pixels of either crop.
        present: (B, N, 2) whether it is painted in the crop.
        member: (B, N, 2) whether it belongs to the target.
        tile: (B, N) which texture of the pair it wears.
        texture: (B, N, 2, 2, 3) from the part to the -1 ... 1 of the texture.
        gain: (B, N) of the texture's deviations.
        colour: (B, N, 2, 3) mean RGB in 0 ... 255.
        shade: (B, N, 3) relative brightness gained towards +x and +y and lost at the rim.
        softness: (B, N, 2) width of the edge in pixels, >= 1.
        opacity: (B, N, 2).
    """

    radius: Floats
    bend: Floats
    poses: Floats
    present: npt.NDArray[np.bool_]
    member: npt.NDArray[np.bool_]
    tile: npt.NDArray[np.int64]
    texture: Floats
    gain: Floats
    colour: Floats
    shade: Floats
    softness: Floats
    opacity: Floats


def join(lists: Sequence[Parts]) -> Parts:
    """One list after the other, the last one nearest."""
    names = [item.name for item in dataclasses.fields(Parts)]
    return Parts(**{n: np.concatenate([getattr(each, n) for each in lists], 1) for n in names})
