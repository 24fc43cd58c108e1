"""The correlation-filter tracker on rendered and real video: accuracy, batches, edges, losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tracking_scenes import CROSSING_BOXES, crossing_frames, moving_squares

from siamcorr.config import load_config, parse_config
from siamcorr.errors import ConfigError, InvalidArgument
from siamcorr.geometry import box_overlap
from siamcorr.tracking import CFTracker, load_tracker
from siamcorr.tracking import cf_steps as steps
from siamcorr.tracking.cf_settings import CFSettings
from siamcorr.tracking.cf_state import CFState
from siamcorr.types import FrameArray, TrackResult

STARTS = [(10, 10), (100, 20), (20, 100), (120, 90)]
BOXES = np.array([(x, y, 24, 24) for x, y in STARTS], np.float64)


def with_settings(dtype: torch.dtype = torch.float32, **changes: Any) -> CFTracker:
    content = load_config("trackers", "cf", CFSettings).model_dump()
    return CFTracker(parse_config(content | changes, CFSettings, "test"), dtype=dtype)


def run(tracker: CFTracker, frames: list[FrameArray], boxes: Any) -> list[TrackResult]:
    state, results = tracker.init(frames[0], boxes), []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        results.append(result)
    return results


def all_boxes(results: list[TrackResult]) -> torch.Tensor:
    return torch.stack([result.boxes_xywh for result in results])  # (T, N, 4)


def grey_of(frame: FrameArray) -> FrameArray:
    return np.ascontiguousarray(frame.mean(-1, keepdims=True).astype(np.uint8).repeat(3, -1))


def test_it_is_the_default() -> None:
    assert isinstance(load_tracker(), CFTracker)


@pytest.mark.parametrize("grey", [False, True])
def test_squares_are_followed_to_a_fraction_of_a_pixel(grey: bool) -> None:
    frames = moving_squares(12, STARTS[:1])
    frames = [grey_of(frame) for frame in frames] if grey else frames
    tracker = with_settings()
    assert tracker.init(frames[0], BOXES[0]).grey.tolist() == [grey]
    boxes = all_boxes(run(tracker, frames, BOXES[0]))[:, 0]
    truth = torch.tensor([[10 + 3 * t, 10 + 2 * t] for t in range(1, 12)])
    centres = boxes[:, :2] + boxes[:, 2:] / 2 - 12
    assert (centres - truth).abs().max() < 1
    assert (boxes[:, 2:] / 24 - 1).abs().max() < 0.06


def test_growth_is_followed() -> None:
    texture = np.random.default_rng(7).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    frames, sides = [], [round(40 * 1.015**t) for t in range(25)]
    for side in sides:
        frame = np.full((200, 200, 3), 110, np.uint8)
        corner = 100 - side // 2
        square = cv2.resize(texture, (side, side), interpolation=cv2.INTER_CUBIC)
        frame[corner : corner + side, corner : corner + side] = square
        frames.append(frame)
    last = run(with_settings(), frames, [80, 80, 40, 40])[-1].boxes_xywh
    assert sides[-1] == 57
    assert box_overlap(last, torch.tensor([[100.0 - 28, 100 - 28, 57, 57]])).item() > 0.8


def test_a_targets_boxes_are_equal_alone_and_among_three_others(data_root: Path) -> None:
    frames = crossing_frames(data_root, 25)
    tracker = with_settings()
    together = run(tracker, frames, CROSSING_BOXES)
    for i, box in enumerate(CROSSING_BOXES):
        alone = run(tracker, frames, box)
        assert torch.equal(all_boxes(together)[:, i], all_boxes(alone)[:, 0]), f"target {i}"
        lost = torch.stack([result.lost[i] for result in together])
        assert torch.equal(lost, torch.cat([result.lost for result in alone]))


@pytest.mark.parametrize("support", ["box", "window"])
def test_passes_over_many_targets_leave_each_its_own_boxes(support: str) -> None:
    """Seven targets of three shapes: more than a pass takes, and groups of different size."""
    frames = moving_squares(5, STARTS)
    shapes = [(24, 24), (24, 24), (12, 30), (24, 24), (30, 12), (24, 24), (12, 30)]
    centres = [(x + 12, y + 12) for x, y in STARTS + STARTS[:3]]
    boxes = [[x - w / 2, y - h / 2, w, h] for (x, y), (w, h) in zip(centres, shapes, strict=True)]
    tracker = with_settings(support=support)
    together = all_boxes(run(tracker, frames, boxes))
    for i, box in enumerate(boxes):
        assert torch.equal(together[:, i], all_boxes(run(tracker, frames, box))[:, 0]), (
            f"target {i}"
        )


@pytest.mark.slow
def test_float32_follows_float64_over_a_sequence(data_root: Path) -> None:
    """One step agrees to a thousandth of a pixel; learning from its own boxes then magnifies it."""
    frames = crossing_frames(data_root, 120)
    single, double = (
        all_boxes(run(with_settings(dtype), frames, CROSSING_BOXES[:1] - [1, 1, 0, 0]))
        for dtype in (torch.float32, torch.float64)
    )
    assert (single - double)[:2].abs().max() < 1e-3
    overlaps = box_overlap(single, double)
    assert overlaps.mean() > 0.9
    assert overlaps.min() > 0.8


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_up_to_16_targets(count: int) -> None:
    frames = moving_squares(3, STARTS)
    boxes = np.concatenate([BOXES + np.array([i, 0, 0, 3 * i]) for i in range(4)])[:count]
    result = run(with_settings(), frames, boxes)[-1]
    assert result.boxes_xywh.shape == (count, 4)
    assert result.ids.tolist() == list(range(count))
    followed = torch.tensor([[x + 6, y + 4, 24, 24] for x, y in STARTS[:count]])
    assert box_overlap(result.boxes_xywh[: min(count, 4)], followed).min() > 0.8


def test_added_targets_are_as_if_alone_and_dropped_ones_leave_no_trace() -> None:
    frames = moving_squares(6, STARTS)
    tracker = with_settings()
    state = tracker.init(frames[0], BOXES[:2])
    state, _ = tracker.update(state, frames[1])
    moved = BOXES[2] + np.array([3, 2, 0, 0])
    state = tracker.add(state, frames[1], moved)
    state = tracker.drop(state, 0)
    results = []
    for frame in frames[2:]:
        state, result = tracker.update(state, frame)
        results.append(result)
    assert results[-1].ids.tolist() == [1, 2]
    late = run(tracker, frames[1:], moved)
    early = run(tracker, frames, BOXES[1])[1:]
    assert torch.equal(all_boxes(results)[:, 1], all_boxes(late)[:, 0])
    assert torch.equal(all_boxes(results)[:, 0], all_boxes(early)[:, 0])


@pytest.mark.parametrize(
    "box",
    [
        [-20, -10, 40, 30],
        [190, 150, 30, 30],
        [60, 60, 2, 2],
        [50, 50, 1, 60],
        [0, 0, 200, 160],
        [-100, -100, 500, 400],
        [90, 80, 0.3, 0.4],
    ],
)
def test_targets_at_the_border_and_of_any_size_give_finite_boxes(box: list[float]) -> None:
    frames = moving_squares(4, STARTS)
    for result in run(with_settings(), frames, box):
        centre = result.boxes_xywh[0, :2] + result.boxes_xywh[0, 2:] / 2
        assert result.boxes_xywh.isfinite().all()
        assert result.scores.isfinite().all()
        assert (result.boxes_xywh[:, 2:] > 0).all()
        assert (centre >= 0).all()
        assert (centre <= torch.tensor([200, 160])).all()


@pytest.mark.parametrize("value", [0, 255])
def test_a_flat_frame_gives_finite_boxes(value: int) -> None:
    frames = [np.full((60, 60, 3), value, np.uint8)] * 3
    for result in run(with_settings(), frames, [20, 20, 15, 15]):
        assert result.boxes_xywh.isfinite().all()
        assert result.scores.isfinite().all()


def test_a_frame_smaller_than_the_window() -> None:
    frames = [frame[:40, :44] for frame in moving_squares(4, [(6, 4)])]
    last = run(with_settings(), frames, [6, 4, 24, 24])[-1]
    assert box_overlap(last.boxes_xywh, torch.tensor([[15.0, 10, 24, 24]])).item() > 0.8


def test_filter_is_zero_outside_the_box_and_features_have_unit_energy() -> None:
    frame = moving_squares(1, STARTS)[0]
    tracker = with_settings()
    state = tracker.init(frame, [10, 10, 12, 48])
    size = steps.box_in_cells(state.first_wh, 4, tracker.windows.cells)
    assert size.tolist() == [[tracker.windows.cells / 5 * 2, tracker.windows.cells / 5 / 2]]
    used = (state.kernel[0] != 0).any(0)
    height, width = used.any(1).sum().item(), used.any(0).sum().item()
    assert (height, width) == tuple(2 * round(side / 2 + 1e-9) for side in size[0].tolist())
    crops = tracker.windows.crop(frame, state.centre_xy, tracker.sides(state.first_wh)[:, None])
    features = tracker.windows.describe(crops[:, 0], state.grey, state.gain)
    assert features.square().sum(1).mean().item() == pytest.approx(1, rel=1e-4)


def vanishing(count: int, gone: range, back_xy: tuple[int, int]) -> list[FrameArray]:
    """A still square that is away for a while and comes back elsewhere, 160 x 200 pixels."""
    home, elsewhere = moving_squares(1, [(20, 20)])[0], moving_squares(1, [back_xy])[0]
    empty = moving_squares(1, [])[0]
    frames = [empty if t in gone else home if t < gone.start else elsewhere for t in range(count)]
    noise = np.random.default_rng(3)
    return [
        np.clip(frame + noise.normal(0, 2, frame.shape), 0, 255).astype(np.uint8)
        for frame in frames
    ]


def test_a_vanished_target_is_lost_unlearned_and_found_elsewhere() -> None:
    frames = vanishing(40, range(10, 25), (140, 110))
    tracker = with_settings()
    state: CFState = tracker.init(frames[0], [20, 20, 24, 24])
    lost, states = [], []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        lost.append(bool(result.lost[0]))
        states.append(state)
    after = tracker.settings.lost.after
    assert not any(lost[: 9 + after - 1])
    assert all(lost[9 + after : 24])
    assert torch.equal(states[23].kernel, states[9 + after].kernel)
    assert torch.equal(states[23].foreground, states[9 + after].foreground)
    assert torch.equal(states[23].centre_xy, states[9 + after].centre_xy)
    assert not lost[-1]
    assert box_overlap(result.boxes_xywh, torch.tensor([[140.0, 110, 24, 24]])).item() > 0.7


def test_a_lost_target_does_not_disturb_one_in_sight() -> None:
    frames = vanishing(30, range(10, 25), (140, 110))
    texture = moving_squares(1, [(150, 20)])[0][20:44, 150:174]
    for frame in frames:
        frame[20:44, 150:174] = texture
    tracker = with_settings()
    both = run(tracker, frames, [[20, 20, 24, 24], [150, 20, 24, 24]])
    alone = run(tracker, frames, [150, 20, 24, 24])
    assert any(result.lost[0] for result in both)
    assert torch.equal(all_boxes(both)[:, 1], all_boxes(alone)[:, 0])


def test_response_maps_point_at_the_target() -> None:
    frames = moving_squares(2, STARTS[:1])
    tracker = with_settings()
    _, result = tracker.update(tracker.init(frames[0], BOXES[0]), frames[1], responses=True)
    whole = result.response_in_frame(0).nan_to_num(-1)
    row, column = divmod(int(whole.argmax()), whole.shape[1])
    assert abs(column + 0.5 - 25) < 2
    assert abs(row + 0.5 - 24) < 2


def test_weights_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="cf: this tracker has no weights to load"):
        CFTracker.from_settings(
            load_config("trackers", "cf", CFSettings), weights="x.pth", device=torch.device("cpu")
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_scales": [3, 2]}, "odd"),
        ({"window_size": 150}, "multiple"),
        ({"features": ["hog", "grey"], "sigma": 0}, "greater than 0"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_settings(**changes)
