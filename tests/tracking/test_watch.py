"""Watching targets: what is usual, who is sure, and looks by group in the state's order."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from siamcorr.tracking.lost_settings import WatchSettings
from siamcorr.tracking.state import TrackState, concatenate, select
from siamcorr.tracking.watch import Watch, best_windows, look_by_group, new_watch, observe

RULES = WatchSettings(
    signal="score",
    below=0.5,
    after=2,
    found_above=0.8,
    windows=9,
    spacing=0.5,
    growth=0.5,
    usual_rate=0.25,
    warm_up=1,
)


def course(values: list[float]) -> list[Watch]:
    watch, seen = new_watch(1), []
    for value in values:
        watch = observe(watch, torch.tensor([[value, 1.0, 1.0]]), RULES)
        seen.append(watch)
    return seen


def test_what_is_usual_moves_only_with_sure_frames() -> None:
    seen = course([10, 8, 4, 4, 4, 9, 6])
    assert [watch.usual[0, 0].item() for watch in seen] == pytest.approx(
        [10, 9, 9, 9, 9, 9, 0.75 * 9 + 0.25 * 6]
    )
    confidences = [watch.confidence.item() for watch in seen]
    assert confidences == pytest.approx([1, 0.8, *(4 / 9,) * 3, 1, 6 / 9])
    assert [watch.sure.item() for watch in seen] == [True, True, False, False, False, True, True]
    assert [watch.lost.item() for watch in seen] == [False, False, False, True, True, False, False]


def test_a_lost_target_between_the_thresholds_stays_lost() -> None:
    seen = course([10, 10, 1, 1, 6, 9])
    assert [watch.lost_for.item() for watch in seen] == [0, 0, 0, 1, 2, 0]


def test_nothing_is_low_during_the_warm_up() -> None:
    assert course([10])[0].sure.all()
    watch = observe(new_watch(1), torch.zeros(1, 3), RULES)
    assert watch.sure.all()


class Seen(NamedTuple):
    ids: Tensor
    features: tuple[Tensor, Tensor]
    nothing: None


def state_of(count: int) -> TrackState:
    return TrackState(torch.arange(count), count, 0)


@pytest.mark.parametrize("lost", [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
def test_looks_come_back_in_the_order_of_the_state(lost: list[int]) -> None:
    def look(state: TrackState, sign: int) -> Seen:
        return Seen(state.ids * sign, (state.ids + 10, state.ids + 20), None)

    mask = torch.tensor(lost).bool()
    seen = look_by_group(state_of(4), mask, lambda s: look(s, 1), lambda s: look(s, -1))
    assert isinstance(seen, Seen)
    assert seen.ids.tolist() == [n * (-1 if gone else 1) for n, gone in enumerate(lost)]
    assert seen.features[1].tolist() == [20, 21, 22, 23]


def test_the_strongest_window_of_each_target() -> None:
    looks = Seen(torch.arange(6), (torch.arange(6), torch.arange(6)), None)
    best = best_windows(looks, torch.tensor([1.0, 3, 2, 9, 9, 0]), 3)
    assert best.ids.tolist() == [1, 3]  # the first of equals
    assert best.features[0].tolist() == [1, 3]


def test_rows_of_nested_states() -> None:
    joined = concatenate(state_of(2), state_of(3))
    assert (joined.ids.tolist(), joined.next_id) == ([0, 1, 0, 1, 2], 3)
    assert select(joined, torch.tensor([4, 0])).ids.tolist() == [2, 0]
