"""State and targets: what update, add and drop leave alone, ids, and the conventions of results."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from tracking_scenes import moving_squares, thin_siamfc

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry import box_overlap
from siamcorr.tracking import BaseTracker, TrackState, load_tracker
from siamcorr.types import Tracker

STARTS = [(10, 10), (100, 20), (20, 100), (120, 90)]
FRAMES = moving_squares(5, STARTS)
BOXES = np.array([(x, y, 24, 24) for x, y in STARTS], np.float64)


@pytest.fixture(params=["thin siamfc", "fixed_filters"])
def tracker(request: pytest.FixtureRequest) -> Tracker:
    return thin_siamfc() if request.param == "thin siamfc" else load_tracker(request.param)


def copy_of(state: TrackState) -> dict[str, Any]:
    values = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
    return {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


def assert_same(state: TrackState, copy: dict[str, Any]) -> None:
    assert copy.keys() == copy_of(state).keys()
    for name, value in copy_of(state).items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, copy[name]), name
        else:
            assert value == copy[name], name


def test_no_method_changes_its_state_or_frame(tracker: Tracker) -> None:
    frame = FRAMES[1].copy()
    state = tracker.init(FRAMES[0], BOXES)
    before = copy_of(state)
    tracker.update(state, frame)
    tracker.add(state, frame, BOXES[:1])
    tracker.drop(state, [0, 2])
    assert_same(state, before)
    np.testing.assert_array_equal(frame, FRAMES[1])


def test_one_model_serves_two_videos(tracker: Tracker) -> None:
    state_a, state_b = tracker.init(FRAMES[0], BOXES[:1]), tracker.init(FRAMES[0], BOXES[1:2])
    _, expected = tracker.update(state_a, FRAMES[1])
    tracker.update(state_b, FRAMES[1])
    _, result = tracker.update(state_a, FRAMES[1])
    assert torch.equal(result.boxes_xywh, expected.boxes_xywh)


def test_every_tensor_of_the_state_has_a_row_per_target(tracker: Tracker) -> None:
    state = tracker.init(FRAMES[0], BOXES)
    tensors = [v for v in copy_of(state).values() if isinstance(v, torch.Tensor)]
    assert len(tensors) >= 5
    assert {len(tensor) for tensor in tensors} == {4}
    assert dataclasses.is_dataclass(state)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.next_id = 0


def test_a_targets_boxes_are_the_same_alone_and_among_others(tracker: Tracker) -> None:
    together, alone = tracker.init(FRAMES[0], BOXES), tracker.init(FRAMES[0], BOXES[2])
    for frame in FRAMES[1:]:
        together, result = tracker.update(together, frame)
        alone, expected = tracker.update(alone, frame)
        assert torch.equal(result.boxes_xywh[2:3], expected.boxes_xywh)
        assert torch.equal(result.scores[2:3], expected.scores)


def test_added_targets_go_on_like_started_ones(tracker: Tracker) -> None:
    state = tracker.add(tracker.init(FRAMES[0], BOXES[:1]), FRAMES[0], BOXES[1:])
    _, result = tracker.update(state, FRAMES[1])
    _, expected = tracker.update(tracker.init(FRAMES[0], BOXES), FRAMES[1])
    assert torch.equal(result.ids, expected.ids)
    assert torch.equal(result.boxes_xywh, expected.boxes_xywh)


def test_dropped_targets_leave_the_others_as_they_are(tracker: Tracker) -> None:
    state = tracker.init(FRAMES[0], BOXES)
    _, expected = tracker.update(state, FRAMES[1])
    _, result = tracker.update(tracker.drop(state, [2, 0]), FRAMES[1])
    assert result.ids.tolist() == [1, 3]
    assert torch.equal(result.boxes_xywh, expected.boxes_xywh[[1, 3]])


def test_convention_ids_are_kept_for_life_and_never_used_twice(tracker: Tracker) -> None:
    state = tracker.init(FRAMES[0], BOXES[:3])
    assert state.ids.tolist() == [0, 1, 2]
    state = tracker.drop(state, 2)
    state = tracker.add(state, FRAMES[0], BOXES[2:])
    assert state.ids.tolist() == [0, 1, 3, 4]
    state = tracker.drop(state, torch.tensor([0, 1, 3, 4]))
    state, result = tracker.update(state, FRAMES[1], responses=True)
    assert result.ids.tolist() == []
    assert result.boxes_xywh.shape == (0, 4)
    assert list(result.responses or []) == []
    state = tracker.add(state, FRAMES[1], BOXES[0])
    state, result = tracker.update(state, FRAMES[2])
    assert result.ids.tolist() == [5]
    assert result.frame_index == 2


def test_fields_of_a_result(tracker: Tracker) -> None:
    _, result = tracker.update(tracker.init(FRAMES[0], BOXES), FRAMES[1])
    assert result.boxes_xywh.shape == (4, 4)
    assert (result.boxes_xywh.dtype, result.scores.dtype) == (torch.float64, torch.float32)
    assert (result.ids.dtype, result.lost.dtype) == (torch.int64, torch.bool)
    assert result.scores.shape == result.lost.shape == (4,)
    assert (result.frame_index, result.frame_size) == (1, (160, 200))
    assert np.isnan(result.time_s)
    assert result.responses is result.corners_xy is result.masks is None


def test_response_maps_lead_back_to_the_new_centre(tracker: Tracker) -> None:
    """The peak of each map, through `crop_to_frame`, is the centre of the new box."""
    _, result = tracker.update(tracker.init(FRAMES[0], BOXES), FRAMES[1], responses=True)
    assert result.responses is not None
    assert len(result.responses) == 4
    for i, response in enumerate(result.responses):
        assert response.kind == "windowed"
        row, column = divmod(int(response.values.argmax()), response.values.shape[1])
        centre = response.crop_to_frame @ torch.tensor([column, row, 1.0], dtype=torch.float64)
        x, y, w, h = result.boxes_xywh[i].tolist()
        assert centre.tolist() == pytest.approx([x + w / 2, y + h / 2], abs=1e-4)
        in_frame = result.response_in_frame(i).nan_to_num(nan=-1.0)
        row, column = divmod(int(in_frame.argmax()), 200)
        assert abs(column + 0.5 - (x + w / 2)) <= 1
        assert abs(row + 0.5 - (y + h / 2)) <= 1


def test_convention_boxes_in_and_out_are_continuous_xywh() -> None:
    """The box of a square that covers pixels 10 ... 33 is x = 10, w = 24, in and out."""
    tracker = load_tracker("fixed_filters")
    state = tracker.init(FRAMES[0], BOXES)
    for frame in FRAMES[1:]:
        state, result = tracker.update(state, frame)
    truth = torch.from_numpy(BOXES + np.array([12, 8, 0, 0]))
    assert box_overlap(result.boxes_xywh, truth).min() > 0.85
    centres = result.boxes_xywh[:, :2] + result.boxes_xywh[:, 2:] / 2
    assert (centres - (truth[:, :2] + 12)).abs().max() < 0.75


def test_convention_frames_are_rgb_arrays_or_chw_tensors() -> None:
    tracker = load_tracker("fixed_filters")
    tensors = [torch.from_numpy(frame).permute(2, 0, 1) for frame in FRAMES]
    _, a = tracker.update(tracker.init(FRAMES[0], BOXES), FRAMES[1])
    _, b = tracker.update(tracker.init(tensors[0], BOXES), tensors[1])
    assert torch.equal(a.boxes_xywh, b.boxes_xywh)
    state: Any = tracker.init(np.full((50, 50, 3), (200, 100, 10), np.uint8), [5, 5, 9, 9])
    assert state.border_colour.tolist() == [[200, 100, 10]]


def test_nothing_is_recorded_for_gradients() -> None:
    tracker = thin_siamfc()
    assert any(p.requires_grad for p in tracker.model.parameters())
    state, _ = tracker.update(tracker.init(FRAMES[0], BOXES), FRAMES[1])
    assert not state.template.requires_grad
    assert state.template.is_inference()


@pytest.mark.parametrize("box", [[-300, -300, 20, 20], [5000, 80, 3, 3], [0, 0, 4000, 4000]])
def test_boxes_far_outside_or_huge_are_followed_without_an_error(box: list[int]) -> None:
    tracker = load_tracker("fixed_filters")
    state, result = tracker.update(tracker.init(FRAMES[0], box), FRAMES[1])
    assert result.boxes_xywh.isfinite().all()
    state, result = tracker.update(state, FRAMES[2])
    assert result.boxes_xywh.isfinite().all()


def test_targets_that_shrink_below_a_pixel_stay_finite() -> None:
    tracker = thin_siamfc()
    state = tracker.init(FRAMES[0], [50, 50, 0.01, 0.01])
    state, result = tracker.update(state, FRAMES[1])
    assert result.boxes_xywh.isfinite().all()


GOOD = BOXES[:1]
BAD_CALLS: list[tuple[str, Any, type[Exception], str]] = [
    ("init", (FRAMES[0].astype(np.float32), GOOD), InvalidArgument, "init: frame: expected RGB"),
    ("init", (FRAMES[0][..., 0], GOOD), InvalidArgument, r"init: frame: .* shape \(160, 200\)"),
    ("init", (FRAMES[0][:0], GOOD), InvalidArgument, r"init: frame: .* shape \(0, 200, 3\)"),
    ("init", ("frame.jpg", GOOD), InvalidArgument, "init: frame: .* got str"),
    ("init", (FRAMES[0], [1, 2, 3]), ShapeError, r"init: boxes_xywh: .* got shape \(3,\)"),
    ("init", (FRAMES[0], []), ShapeError, r"init: boxes_xywh: .* got shape \(0,\)"),
    ("init", (FRAMES[0], [5, 5, -2, 9]), InvalidArgument, "init: boxes_xywh: box 0 needs width"),
    ("update", ("state", torch.zeros(3, 9, 9)), InvalidArgument, "update: frame: .* torch.float32"),
    ("update", (GOOD, FRAMES[1]), InvalidArgument, "update: expected the state that init returned"),
    ("add", ("state", FRAMES[0], [1, 1, 0, 5]), InvalidArgument, "add: boxes_xywh: box 0 needs"),
    ("add", ("state", None, GOOD), InvalidArgument, "add: frame: .* got NoneType"),
    ("add", (None, FRAMES[0], GOOD), InvalidArgument, "add: expected the state .* got NoneType"),
    ("drop", ("state", 7), InvalidArgument, r"drop: no target has id 7; the state has \[0\]"),
    ("drop", ("state", [0, 4, 9]), InvalidArgument, r"drop: no target has id 4, 9; the state has"),
    ("drop", ("state", 0.5), InvalidArgument, "drop: ids are whole numbers, got 0.5"),
    ("drop", ("state", "all"), InvalidArgument, "drop: ids are whole numbers, got 'all'"),
    ("drop", (3, 0), InvalidArgument, "drop: expected the state that init returned"),
]


@pytest.mark.parametrize(("method", "arguments", "error", "sentence"), BAD_CALLS)
def test_bad_calls(method: str, arguments: Any, error: type[Exception], sentence: str) -> None:
    tracker = load_tracker("fixed_filters")
    assert isinstance(tracker, BaseTracker)
    state = tracker.init(FRAMES[0], GOOD)
    arguments = [state if isinstance(a, str) and a == "state" else a for a in arguments]
    with pytest.raises(error, match=sentence):
        getattr(tracker, method)(*arguments)
