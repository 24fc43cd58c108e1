"""SiamRPN's tracker: a twin frame by frame, batches, and the rules at the frame's border."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pysot_twin import ANCHORS, Constants, PysotTwin
from thin_box_models import network_of, thin_box_model
from tracking_scenes import moving_squares

from siamcorr.errors import ConfigError, InvalidArgument, ShapeError, TrackerError
from siamcorr.models import ModelSettings
from siamcorr.tracking import BoxState, RPNTracker, box_steps, load_tracker
from siamcorr.tracking.rpn import RPNSettings
from siamcorr.tracking.watch import new_watch
from siamcorr.types import FrameArray

BOXES = np.array(
    [[40, 40, 24, 24], [90.5, 20.25, 31, 50], [-8, 100, 30, 22], [170, 130, 60, 50]], np.float64
)
"""On a square, on the ground, and two that leave the frame."""


def settings(**changes: float) -> RPNSettings:
    constants = {"penalty_k": 0.16, "window_influence": 0.4, "size_lr": 0.3, "search_size": 255}
    return RPNSettings(
        kind="rpn",
        model=ModelSettings(backbone="alexnet_v1", head="siamfc"),
        template_size=127,
        context_amount=0.5,
        anchor_ratios=(0.33, 0.5, 1, 2, 3),
        anchor_scales=(8,),
        **(constants | changes),
    )


def frames(count: int) -> list[FrameArray]:
    return moving_squares(count, [(40, 40), (110, 70)])


@pytest.mark.parametrize(("seed", "even"), [(0, False), (1, True)])
@pytest.mark.parametrize("search_size", [255, 287])
def test_boxes_and_scores_are_the_twins(seed: int, even: bool, search_size: int) -> None:
    model = thin_box_model(seed, even=even)
    tracker = RPNTracker(model, settings(search_size=search_size))
    first, *rest = frames(12)
    state = tracker.init(first, BOXES)
    constants = Constants(0.16, 0.4, 0.3, stride=8, anchors=True, instance=search_size)
    twins = [PysotTwin(network_of(model), constants) for _ in BOXES]
    for twin, box in zip(twins, BOXES, strict=True):
        twin.init(first, box)
    for frame in rest:
        state, result = tracker.update(state, frame)
        expected = [twin.update(frame) for twin in twins]
        boxes, scores = zip(*expected, strict=True)
        np.testing.assert_allclose(result.boxes_xywh, boxes, atol=1e-4)
        np.testing.assert_allclose(result.scores, scores, atol=1e-6)
    assert min(margin for twin in twins for margin in twin.margins) > 0


def test_convention_a_box_starts_at_x_plus_half_w() -> None:
    tracker = RPNTracker(thin_box_model(0), settings())
    state = tracker.init(frames(1)[0], [10, 20, 31, 40])
    assert state.centre_xy.tolist() == [[25.5, 40]]
    assert box_steps.boxes_xywh(state).tolist() == [[10, 20, 31, 40]]


def test_eight_targets_go_as_one_goes_alone() -> None:
    tracker = RPNTracker(thin_box_model(3), settings())
    scene = frames(6)
    boxes = np.concatenate([BOXES, BOXES + np.array([5, 3, 4, -2])])
    together = tracker.init(scene[0], boxes)
    alone = [tracker.init(scene[0], box) for box in boxes]
    for frame in scene[1:]:
        together, result = tracker.update(together, frame)
        for n in range(len(boxes)):
            alone[n], own = tracker.update(alone[n], frame)
            np.testing.assert_allclose(result.boxes_xywh[n], own.boxes_xywh[0], atol=1e-4)


def test_add_and_drop_leave_the_others_alone() -> None:
    tracker = RPNTracker(thin_box_model(3), settings())
    scene = frames(4)
    lonely = tracker.init(scene[0], BOXES[0])
    state = tracker.init(scene[0], BOXES[:2])
    state = tracker.add(state, scene[0], BOXES[2:])
    state = tracker.drop(state, [1, 3])
    for frame in scene[1:]:
        lonely, own = tracker.update(lonely, frame)
        state, result = tracker.update(state, frame)
        assert result.ids.tolist() == [0, 2]
        np.testing.assert_allclose(result.boxes_xywh[0], own.boxes_xywh[0], atol=1e-4)


def test_the_response_map_points_at_the_chosen_place() -> None:
    model = thin_box_model(0)
    with torch.no_grad():
        model.head.loc.weight.zero_()  # every anchor stays where it is
        model.head.loc.bias.zero_()
    tracker = RPNTracker(model, settings())
    first, second = frames(2)
    state = tracker.init(first, BOXES[:2])
    state, result = tracker.update(state, second, responses=True)
    assert result.responses is not None
    for n, response in enumerate(result.responses):
        assert (response.kind, tuple(response.values.shape)) == ("windowed", (17, 17))
        row, column = divmod(int(response.values.argmax()), 17)
        place = response.crop_to_frame @ torch.tensor([column, row, 1], dtype=torch.float64)
        np.testing.assert_allclose(place, state.centre_xy[n], atol=1e-4)
        assert not result.lost.any()


def clipped(centre: list[float], size: list[float]) -> tuple[list[float], list[float]]:
    one = torch.zeros(1)
    state = BoxState(
        one.long(),
        1,
        0,
        centre_xy=torch.tensor([centre], dtype=torch.float64),
        size_wh=torch.tensor([size], dtype=torch.float64),
        border_colour=one,
        lost=one.bool(),
        watch=new_watch(1),
        template=one,
    )
    inside = box_steps.clip_to_frame(state, (100, 200, 3))
    return inside.centre_xy[0].tolist(), inside.size_wh[0].tolist()


def test_convention_the_state_stays_in_the_frame() -> None:
    assert clipped([-3, 120], [4, 300]) == ([0, 100], [10, 100])
    assert clipped([230, 7], [50, 60]) == ([200, 7], [50, 60])


def test_penalty_by_hand() -> None:
    # side(40, 80) = sqrt(100 * 140), side(64, 64) = 128, aspects 1 / 2 and 1
    sizes = torch.tensor([[[40.0, 80.0], [64.0, 64.0], [0.0, 5.0], [torch.inf, 5.0]]])
    penalty = box_steps.shape_penalty(sizes, torch.tensor([[64.0, 64.0]]).double(), 0.16)
    s = 128 / (100 * 140) ** 0.5
    assert penalty[0].tolist() == pytest.approx([np.exp(-(2 * s - 1) * 0.16), 1, 0, 0], rel=1e-6)


def test_the_first_of_equal_candidates_is_chosen() -> None:
    model = thin_box_model(0)
    with torch.no_grad():
        for layer in (model.head.cls, model.head.loc):
            layer.weight.zero_()
            layer.bias.zero_()
    tracker = RPNTracker(model, settings(penalty_k=0, window_influence=0))
    first, second = frames(2)
    with torch.inference_mode():
        look = tracker.look(tracker.init(first, BOXES), second, 255, 0.0)
    assert look.best.tolist() == [0] * 4
    shift = (look.moved.centre_xy - torch.from_numpy(BOXES[:, :2] + BOXES[:, 2:] / 2))[0]
    side = ((24 + 24) ** 2) ** 0.5
    assert shift.tolist() == pytest.approx([-8 * 8 * side / 127] * 2)
    expected = 24 * (1 - 0.15) + ANCHORS[0][0] * side / 127 * 0.15
    assert look.moved.size_wh[0, 0] == pytest.approx(expected)


def test_boxes_that_are_not_finite_are_never_chosen() -> None:
    mixed = torch.tensor([[0.5, 0.9, 0.7, 0.7], [torch.nan, 0.2, 0.1, 0.3]], dtype=torch.float64)
    boxes = torch.ones(2, 4, 4)
    boxes[0, 1, 2] = torch.inf
    boxes[1, 3, 0] = torch.nan
    assert box_steps.best_candidate(mixed, boxes).tolist() == [2, 1]
    with pytest.raises(TrackerError, match=r"no finite box for target number \[1\] of 2; the weig"):
        box_steps.best_candidate(mixed, boxes * torch.tensor([1.0, torch.nan])[:, None, None])


def test_anchors_that_the_head_does_not_have() -> None:
    tracker = RPNTracker(thin_box_model(0, anchors=3), settings())
    first, second = frames(2)
    state = tracker.init(first, BOXES)
    with pytest.raises(ShapeError, match="decode_anchors: expected offsets"):
        tracker.update(state, second)


def test_weights_are_needed() -> None:
    with pytest.raises(InvalidArgument, match="rpn: this tracker needs trained weights; pass"):
        RPNTracker.from_settings(settings(), weights=None, device=torch.device("cpu"))


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="template_size 127 must not be larger than search_size"):
        settings(search_size=100)
    path = tmp_path / "mine.yaml"
    path.write_text("kind: rpn\npenalty: 0.1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown key 'penalty'; did you mean 'penalty_k'"):
        load_tracker(str(path))
