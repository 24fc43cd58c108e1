"""Draws from a pair's own seed: as many as allowed, evenly, whatever else is in the batch."""

from __future__ import annotations

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.training.targets import draw


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.4


def twin_draw(candidates: list[bool], limit: int, seed: int, stream: int) -> list[bool]:
    """The candidates of the lowest hashes, in Python's integers."""

    def mix(bits: int) -> int:
        bits = (bits ^ (bits >> 16)) * 0x7FEB352D % 2**32
        bits = (bits ^ (bits >> 15)) * 0x846CA68B % 2**32
        return bits ^ (bits >> 16)

    state = mix(mix(mix((seed % 2**64) >> 32) ^ (seed % 2**32)) ^ stream)
    ranked = sorted((mix(state ^ cell), cell) for cell, is_one in enumerate(candidates) if is_one)
    chosen = {cell for _, cell in ranked[:limit]}
    return [cell in chosen for cell in range(len(candidates))]


@settings(deadline=None)
@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.integers(1, 40),
    st.integers(0, 50),
    st.integers(0, 3),
)
def test_equals_its_twin(seeds: list[int], cells: int, limit: int, stream: int) -> None:
    candidates = some(len(seeds), cells)
    chosen = draw(candidates, limit, torch.tensor(seeds), stream=stream)
    rows = zip(candidates.tolist(), seeds, strict=True)
    assert chosen.tolist() == [twin_draw(row, limit, seed, stream) for row, seed in rows]


def test_convention_a_draw_does_not_depend_on_the_batch() -> None:
    candidates, seeds = some(6, 300), torch.arange(6) * 10**12
    together = draw(candidates, 16, seeds, stream=0)
    for i in range(6):
        alone = draw(candidates[i : i + 1], 16, seeds[i : i + 1], stream=0)
        assert torch.equal(alone[0], together[i])


def test_every_pair_has_its_own_limit_and_none_is_all() -> None:
    candidates = some(4, 100)
    chosen = draw(candidates, torch.tensor([0, 3, 7, 1000]), torch.arange(4), stream=0)
    assert chosen.sum(1).tolist() == [0, 3, 7, int(candidates[3].sum())]
    assert not (chosen & ~candidates).any()
    assert torch.equal(draw(candidates, None, torch.arange(4), stream=0), candidates)


def test_streams_and_seeds_draw_differently() -> None:
    candidates = torch.ones(1, 1000, dtype=torch.bool)
    draws = [
        draw(candidates, 100, torch.tensor([seed]), stream=stream)
        for seed, stream in [(1, 0), (1, 1), (2, 0), (1 + 2**32, 0)]
    ]
    shared = [int((a & b).sum()) for a, b in itertools.combinations(draws, 2)]
    assert max(shared) < 30  # 10 expected of independent draws, deviation 3


def test_all_sets_are_equally_likely() -> None:
    """2 of 5 for 20,000 seeds: each of the 10 sets 2,000 times, deviation 42."""
    chosen = draw(torch.ones(20_000, 5, dtype=torch.bool), 2, torch.arange(20_000) * 7919, stream=0)
    codes = (chosen * torch.tensor([1, 2, 4, 8, 16])).sum(1)
    counts = torch.bincount(codes, minlength=32)
    counts = counts[counts > 0]
    assert len(counts) == 10
    assert (counts - 2000).abs().max() < 5 * 42
