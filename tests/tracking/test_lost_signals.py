"""Signals of lost targets, the counting of lost frames, and the places that are searched."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.tracking import lost


def test_apce_equals_its_formula() -> None:
    response = torch.tensor([[[1.0, 3.0], [2.0, 1.0]]])
    # min 1, max 3: (3 - 1)^2 / mean(0, 4, 1, 0)
    assert lost.peak_energy(response).item() == pytest.approx(4 / 1.25)


def test_one_sharp_peak_has_the_largest_apce() -> None:
    sharp = torch.zeros(1, 10, 10)
    sharp[0, 4, 4] = 1
    two = sharp.clone()
    two[0, 8, 8] = 0.9
    assert lost.peak_energy(sharp).item() == pytest.approx(100)
    assert lost.peak_energy(two) < lost.peak_energy(sharp)


@settings(deadline=None)
@given(st.integers(0, 13), st.integers(0, 16), st.integers(0, 4))
def test_psr_equals_a_loop_around_the_edges(row: int, column: int, guard: int) -> None:
    values = np.random.default_rng(row * 17 + column).normal(size=(14, 17))
    values[row, column] = 9.0
    away = [
        values[i, j]
        for i in range(14)
        for j in range(17)
        if min(abs(i - row), 14 - abs(i - row)) > guard
        or min(abs(j - column), 17 - abs(j - column)) > guard
    ]
    expected = (9.0 - np.mean(away)) / np.std(away)
    found = lost.peak_to_sidelobe(torch.tensor(values)[None], guard)
    assert found.item() == pytest.approx(expected, rel=1e-10)


def test_constant_responses_have_signals_of_zero() -> None:
    flat = torch.full((1, 16, 16), 3.0)
    assert lost.peak_energy(flat).item() == 0
    assert lost.peak_to_sidelobe(flat).item() == 0


def test_confidence_by_hand() -> None:
    usual = torch.tensor([[2.0, 32.0, 10.0], [torch.nan] * 3, [2.0, 8.0, 8.0]])
    signals = torch.tensor([[1.0, 8.0, 10.0], [1.0, 8.0, 10.0], [1.0, 8.0, -1.0]])
    assert lost.confidence(signals, usual, "score").tolist() == [0.5, 1.0, 0.5]
    assert lost.confidence(signals, usual, "response").tolist() == [0.5, 1.0, 0.0]
    assert lost.confidence(signals * 2, usual, "both").tolist() == [1.0, 1.0, 0.0]


def test_confidence_is_finite_where_nothing_is_usual() -> None:
    usual = torch.zeros(2, 3)
    signals = torch.tensor([[0.0] * 3, [5.0] * 3])
    for signal in ("score", "response", "both"):
        none, much = lost.confidence(signals, usual, signal).tolist()
        assert none == 1
        assert 1 < much < math.inf


def test_the_signals_of_a_response_are_its_peak_apce_and_psr() -> None:
    response = torch.rand(3, 15, 15, dtype=torch.float64) - 0.3
    peak, apce, psr = lost.peak_and_sharpness(response).unbind(1)
    assert torch.equal(peak, response.flatten(1).max(1).values)
    assert torch.equal(apce, lost.peak_energy(response))
    assert torch.equal(psr, lost.peak_to_sidelobe(response, 3))


def test_a_target_is_lost_after_low_frames_in_a_row_and_found_at_once() -> None:
    low_for = lost_for = torch.zeros(1, dtype=torch.int64)
    course = []
    for value in (0.2, 0.9, 0.2, 0.2, 0.5, 0.2, 0.61, 0.2, 0.2):
        low_for, lost_for = lost.count_lost(
            low_for,
            lost_for,
            torch.tensor([value]),
            young=torch.tensor([False]),
            below=0.3,
            after=2,
            found_above=0.6,
        )
        course.append(lost_for.item())
    assert course == [0, 0, 0, 1, 2, 3, 0, 0, 1]


def test_a_young_target_is_never_lost() -> None:
    counts = torch.full((1,), 5), torch.zeros(1, dtype=torch.int64)
    young = torch.tensor([True])
    rules = {"below": 0.3, "after": 1, "found_above": 0.6}
    low_for, lost_for = lost.count_lost(*counts, torch.tensor([0.0]), young=young, **rules)
    assert (low_for.item(), lost_for.item()) == (0, 0)


def places(lost_for: int, count: int = 9, frame: tuple[int, int] = (240, 320)) -> torch.Tensor:
    return lost.search_places(
        torch.tensor([[100.0, 90.0]], dtype=torch.float64),
        torch.tensor([40.0], dtype=torch.float64),
        frame,
        torch.tensor([lost_for]),
        count=count,
        growth=0.5,
    )[0]


def test_search_begins_with_the_last_place_and_its_eight_neighbours() -> None:
    found = places(1)
    assert found[0].tolist() == [100, 90]
    offsets = {tuple(xy) for xy in (found - found[0]).tolist()}
    assert offsets == {(x, y) for x in (-40.0, 0.0, 40.0) for y in (-40.0, 0.0, 40.0)}
    distances = (found[1:] - found[0]).norm(dim=1)
    assert (distances.diff() >= 0).all()


def test_search_grows_until_it_covers_the_frame() -> None:
    reach = [(places(n) - places(n)[0]).abs().max().item() for n in range(1, 30)]
    assert reach[0] == 40
    assert max(reach) == 200  # five steps of 40 to the right; 120 and 80 elsewhere
    seen = {tuple(xy) for n in range(1, 60) for xy in places(n).tolist()}
    whole = {(100.0 + 40 * i, 90.0 + 40 * j) for i in range(-2, 6) for j in range(-2, 4)}
    assert seen == whole


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 12))
def test_places_stay_in_the_frame(lost_for: int, count: int) -> None:
    found = places(lost_for, count)
    assert found.shape == (count, 2)
    assert ((found >= 0) & (found <= torch.tensor([320, 240]))).all()


def test_a_frame_smaller_than_the_grid_repeats_the_last_place() -> None:
    centre = torch.tensor([[10.0, 10.0]], dtype=torch.float64)
    found = lost.search_places(
        centre,
        torch.tensor([50.0]),
        (20, 20),
        torch.tensor([3]),
        count=4,
        growth=1.0,
    )
    assert found.tolist() == [[[10.0, 10.0]] * 4]
    assert math.isfinite(found.sum().item())
