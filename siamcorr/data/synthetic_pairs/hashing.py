"""Counter-based random numbers: a hash of (key, counter), the same in numpy and on any device."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

__all__ = ["Draws", "hash_keys", "pair_seeds", "uniform_at", "words_at"]

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

# The finaliser of SplitMix64: shifts and odd multipliers.
_SHIFTS = (30, 27, 31)
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio
_WORD = 1 << 64


def _signed(word: int) -> int:
    """A 64-bit word as the int64 of the same bits."""
    return word - _WORD if word >= _WORD // 2 else word


def hash_keys(keys: Keys) -> Keys:
    """Scramble 64-bit words; a bijection whose output bits look independent."""
    for shift, factor in zip(_SHIFTS, _FACTORS, strict=False):
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return keys ^ (keys >> np.uint64(_SHIFTS[2]))


def words_at(keys: Tensor, counters: Tensor) -> Tensor:
    """Hashed int64 words at counters of keys, on the device of the keys.

    Args:
        keys: int64.
        counters: int64 that broadcasts against `keys`, such as the number of a pixel.

    Returns:
        int64, the shape of both broadcast: the bits of hash_keys(key + step * counter).
    """
    words = keys + counters * _signed(_STEP)
    for shift, factor in zip(_SHIFTS, _FACTORS, strict=False):
        words = (words ^ ((words >> shift) & ((1 << (64 - shift)) - 1))) * _signed(factor)
    return words ^ ((words >> _SHIFTS[2]) & ((1 << (64 - _SHIFTS[2])) - 1))


def uniform_at(keys: Tensor, counters: Tensor) -> Tensor:
    """Uniform numbers of `words_at`: float32 in 0 <= u < 1, from the upper 24 bits."""
    return ((words_at(keys, counters) >> 40) & 0xFFFFFF).float() * 2.0**-24


def pair_seeds(seed: int, epoch: int, indices: Sequence[int]) -> Keys:
    """A number of its own for every pair, in 0 ... 2^63 - 1; (B,)."""
    key = np.array([seed % _WORD], dtype=np.uint64)
    for counter in (np.array([epoch]), np.asarray(indices)):
        key = hash_keys(hash_keys(key) + counter.astype(np.uint64) * np.uint64(_STEP))
    return key >> np.uint64(1)


class Draws:
    """Named random numbers of B pairs: each name is a stream, each pair has its own.

    Args:
        seeds: (B,).
    """

    def __init__(self, seeds: Keys) -> None:
        self._seeds = seeds

    def __len__(self) -> int:
        return len(self._seeds)

    def keys(self, name: str, *shape: int) -> Keys:
        """(B, *shape) hashed words."""
        stream = np.array([zlib.crc32(name.encode())], dtype=np.uint64) << np.uint64(32)
        counters = np.arange(int(np.prod(shape)), dtype=np.uint64).reshape(1, *shape)
        seeds = hash_keys(self._seeds + stream).reshape(-1, *(1,) * len(shape))
        return hash_keys(seeds + (counters + np.uint64(1)) * np.uint64(_STEP))

    def uniform(self, name: str, low: float, high: float, *shape: int) -> Floats:
        """(B, *shape) float64 in low ... high."""
        share = (self.keys(name, *shape) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return low + (high - low) * share

    def chance(self, name: str, probability: float, *shape: int) -> npt.NDArray[np.bool_]:
        """(B, *shape), each true with the probability."""
        return np.asarray(self.uniform(name, 0, 1, *shape) < probability)

    def normal(self, name: str, *shape: int) -> Floats:
        """(B, *shape) standard normal numbers (Box and Muller), none beyond 5.3 or so."""
        first = self.uniform(name + "/radius", 0, 1, *shape)
        turn = self.uniform(name + "/turn", 0, 2 * np.pi, *shape)
        return np.asarray(np.sqrt(-2 * np.log(np.maximum(1 - first, 1e-6))) * np.cos(turn))

    def below(self, name: str, count: int, *shape: int) -> npt.NDArray[np.int64]:
        """(B, *shape) whole numbers in 0 ... count - 1."""
        return np.floor(self.uniform(name, 0, count, *shape)).astype(np.int64)
