"""Draws that each pair makes from its own seed, whatever else is in the batch."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["draw"]

_32_BITS = 0xFFFFFFFF


def draw(candidates: Tensor, limits: Tensor | int | None, seeds: Tensor, *, stream: int) -> Tensor:
    """Choose up to so many of the candidates of each pair, all sets of a size equally likely.

    Each cell gets a priority, a hash of seed, stream and cell; the candidates of the lowest
    priorities are chosen.

    Args:
        candidates: (B, M) bool.
        limits: how many at most, >= 0: of each pair (B,) int64, of every pair, or None for all.
        seeds: (B,) int64.
        stream: a number for each purpose, so that draws of one pair are independent.

    Returns:
        (B, M) bool; the same for a pair on every device and in every batch.

    Example:
        >>> candidates = torch.tensor([[True, False, True, True], [False, False, False, True]])
        >>> draw(candidates, 2, torch.tensor([7, 8]), stream=0).sum(1)
        tensor([2, 1])
    """
    if limits is None:
        return candidates
    pairs, cells = candidates.shape
    priorities = _hashes(seeds, stream, cells).masked_fill(~candidates, _32_BITS + 1)
    ranks = torch.arange(cells, device=candidates.device).expand(pairs, cells)
    order = priorities.argsort(dim=1)  # of candidates all priorities differ
    limits = limits[:, None] if isinstance(limits, Tensor) else limits
    return torch.zeros_like(candidates).scatter(1, order, ranks < limits) & candidates


def _hashes(seeds: Tensor, stream: int, count: int) -> Tensor:
    """(B, count) int64 in 0 ... 2^32 - 1, of one seed all different."""
    state = _mix((seeds >> 32) & _32_BITS)
    state = _mix(state ^ (seeds & _32_BITS))
    state = _mix(state ^ stream)
    cells = torch.arange(count, device=seeds.device)
    return _mix(state[:, None] ^ cells)


def _mix(bits: Tensor) -> Tensor:
    """A bijection of 32-bit numbers, held in int64, that spreads every bit over all.

    Source:
        Wellons, "Prospecting for Hash Functions", 2018: xor-shifts by 16, 15, 16 and two factors.
    """
    bits = ((bits ^ (bits >> 16)) * 0x7FEB352D) & _32_BITS
    bits = ((bits ^ (bits >> 15)) * 0x846CA68B) & _32_BITS
    return bits ^ (bits >> 16)
