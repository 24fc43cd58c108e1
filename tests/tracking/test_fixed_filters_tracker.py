"""The training-free tracker follows rendered squares, growth and a real pedestrian."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tracking_scenes import CROSSING_BOXES, crossing_frames, moving_squares

from siamcorr.config import load_config
from siamcorr.geometry import box_overlap
from siamcorr.models import build_model
from siamcorr.tracking import load_tracker
from siamcorr.tracking.fixed_filters import FixedFiltersSettings, FixedFiltersTracker


def with_settings(**changes: float) -> FixedFiltersTracker:
    settings = load_config("trackers", "fixed_filters", FixedFiltersSettings)
    model = build_model(settings.model).eval()
    return FixedFiltersTracker(model, settings.model_copy(update=changes))


def test_growth_is_followed() -> None:
    texture = np.random.default_rng(7).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    tracker = load_tracker("fixed_filters")
    sides = [round(40 * 1.015**t) for t in range(25)]
    state = None
    for side in sides:
        frame = np.full((200, 200, 3), 110, np.uint8)
        corner = 100 - side // 2
        square = cv2.resize(texture, (side, side), interpolation=cv2.INTER_CUBIC)
        frame[corner : corner + side, corner : corner + side] = square
        box = [corner, corner, side, side]
        if state is None:
            state = tracker.init(frame, box)
        else:
            state, result = tracker.update(state, frame)
    assert sides[-1] == 57
    assert box_overlap(result.boxes_xywh, torch.tensor([box])).item() > 0.8


def test_scores_are_correlations_and_fall_when_the_target_vanishes() -> None:
    frames = moving_squares(3, [(60, 60)])
    tracker = load_tracker("fixed_filters")
    state = tracker.init(frames[0], [60, 60, 24, 24])
    state, seen = tracker.update(state, frames[1])
    _, same = tracker.update(tracker.init(frames[0], [60, 60, 24, 24]), frames[0])
    _, gone = tracker.update(state, moving_squares(1, [])[0])
    assert same.scores.item() > 0.97
    assert 0.7 < seen.scores.item() <= 1
    assert gone.scores.item() < 0.5 * seen.scores.item()


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_template_follows_at_its_rate(rate: float) -> None:
    frames = moving_squares(2, [(60, 60)])
    tracker = with_settings(template_lr=rate)
    state = tracker.init(frames[0], [60, 60, 24, 24])
    moved, result = tracker.update(state, frames[1])
    fresh = tracker.init(frames[1], result.boxes_xywh).template
    expected = (1 - rate) * state.template + rate * fresh
    torch.testing.assert_close(moved.template, expected, rtol=1e-3, atol=2e-3)


def test_a_real_pedestrian_is_followed_to_the_last_frame(data_root: Path) -> None:
    frames = crossing_frames(data_root, 60)
    lines = (data_root / "otb" / "Crossing" / "groundtruth_rect.txt").read_text().splitlines()
    truth = torch.tensor(
        [[float(v) for v in line.replace(",", " ").split()] for line in lines[:60]]
    )
    truth[:, :2] -= 1
    assert truth[0].tolist() == (CROSSING_BOXES[0] - [1, 1, 0, 0]).tolist()
    tracker = load_tracker("fixed_filters")
    state = tracker.init(frames[0], truth[0])
    boxes = []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        boxes.append(result.boxes_xywh[0])
    overlaps = box_overlap(torch.stack(boxes), truth[1:])
    assert overlaps.mean() > 0.6
    assert overlaps[-1] > 0.4
