"""The long-term tracker: a twin through both switches of the search, target by target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pysot_twin import Array, Constants, PysotTwin
from thin_box_models import network_of, thin_box_model
from tracking_scenes import moving_squares

from siamcorr.models import ModelSettings
from siamcorr.tracking import LongTermTracker
from siamcorr.tracking.longterm import LongTermSettings, switch_search

BOXES = np.array(
    [[40, 40, 24, 24], [90.5, 20.25, 31, 50], [-8, 100, 30, 22], [100, 70, 24, 24]], np.float64
)
LOW, HIGH = 0.96, 0.997
"""Where the thin network's scores pass both thresholds several times."""


def settings(**changes: float) -> LongTermSettings:
    constants = {"lost_below": LOW, "found_above": HIGH, "wide_search_size": 383}
    return LongTermSettings(
        kind="longterm",
        model=ModelSettings(backbone="alexnet_v1", head="siamfc"),
        template_size=127,
        search_size=255,
        context_amount=0.5,
        penalty_k=0.05,
        window_influence=0.28,
        wide_window_influence=0.001,
        size_lr=0.22,
        anchor_ratios=(0.33, 0.5, 1, 2, 3),
        anchor_scales=(8,),
        **(constants | changes),
    )


class LongTermTwin(PysotTwin):
    """Keeps the state as it comes, clips only what it returns."""

    lost = False

    def update_longterm(self, frame: Array) -> tuple[list[float], float, bool]:
        choice = self.choose(frame, *((383, 0.001) if self.lost else (255, 0.28)))
        if choice.score >= LOW:
            self.store(choice)
        if choice.score < LOW:
            self.lost = True
        elif choice.score > HIGH:
            self.lost = False
        return self.ltwh(self.clipped(frame)), choice.score, self.lost


def test_boxes_scores_and_switches_are_the_twins() -> None:
    model = thin_box_model(4)
    tracker = LongTermTracker(model, settings())
    first, *rest = moving_squares(25, [(40, 40), (100, 70)])
    state = tracker.init(first, BOXES)
    constants = Constants(0.05, 0.28, 0.22, stride=8, anchors=True)
    twins = [LongTermTwin(network_of(model), constants) for _ in BOXES]
    for twin, box in zip(twins, BOXES, strict=True):
        twin.init(first, box)
    history = [[False] * len(BOXES)]
    for frame in rest:
        state, result = tracker.update(state, frame)
        expected = [twin.update_longterm(frame) for twin in twins]
        boxes, scores, lost = zip(*expected, strict=True)
        np.testing.assert_allclose(result.boxes_xywh, boxes, atol=1e-4)
        np.testing.assert_allclose(result.scores, scores, atol=1e-6)
        assert result.lost.tolist() == list(lost)
        history.append(result.lost.tolist())
    changes = np.diff(np.array(history, int), axis=0)
    assert set(np.unique(changes)) == {-1, 0, 1}, "a switch was never taken"
    sums = np.array(history).sum(1)
    assert ((sums > 0) & (sums < len(BOXES))).any(), "near and wide never in one frame"


def test_responses_of_near_and_wide_targets_come_in_order() -> None:
    tracker = LongTermTracker(thin_box_model(4), settings(lost_below=0, found_above=1))
    first, second = moving_squares(2, [(40, 40), (100, 70)])
    state = tracker.init(first, BOXES)
    state = replace(state, lost=torch.tensor([True, False, True, False]))
    _, result = tracker.update(state, second, responses=True)
    assert result.responses is not None
    assert [response.values.shape[0] for response in result.responses] == [33, 17, 33, 17]
    assert result.lost.tolist() == [True, False, True, False]
    middles = [
        response.crop_to_frame @ torch.tensor([m, m, 1], dtype=torch.float64)
        for response, m in zip(result.responses, (16, 8, 16, 8), strict=True)
    ]
    np.testing.assert_allclose(torch.stack(middles), BOXES[:, :2] + BOXES[:, 2:] / 2)


def test_a_low_score_leaves_the_box_where_it_is() -> None:
    model = thin_box_model(4)
    with torch.no_grad():
        model.head.cls.weight.zero_()
        model.head.cls.bias.zero_()  # every score is 1/2
    tracker = LongTermTracker(model, settings())
    first, second = moving_squares(2, [(40, 40), (100, 70)])
    state, result = tracker.update(tracker.init(first, BOXES[:2]), second)
    np.testing.assert_array_equal(result.boxes_xywh, BOXES[:2])
    assert state.lost.all()
    assert result.lost.all()


@given(st.booleans(), st.floats(0, 1, width=32))
def test_switch_against_the_sentence(lost: bool, score: float) -> None:
    expected = lost
    if score < 0.75:
        expected = True
    elif score > 0.875:
        expected = False
    switched = switch_search(torch.tensor([lost]), torch.tensor([score]), 0.75, 0.875)
    assert switched.tolist() == [expected]


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"lost_below 0\.96 must not be above found_above 0\.5"):
        settings(found_above=0.5)
    with pytest.raises(ValueError, match="search_size 255 must not be larger than wide_search_siz"):
        settings(wide_search_size=127)
