"""What everything in the scenes of a batch of pairs shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.settings import SyntheticPairSettings

__all__ = ["Cast"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cast:
    """The pairs, their rules, and what is common to all objects of a pair.

    Attributes:
        draws: of the pairs.
        settings: of everything.
        shape: of the crops.
        gap: (B,) in 0 ... 1, how far template and search are apart.
        palette: (B, n, 3) of the scene.
        tiles: (T,) textures of the scene.
    """

    draws: Draws
    settings: SyntheticPairSettings
    shape: PairShape
    gap: Floats
    palette: Floats
    tiles: npt.NDArray[np.int64]
