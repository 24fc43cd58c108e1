"""Validation against overlaps worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr.errors import InvalidArgument
from siamcorr.training.launch import launched_fabric
from siamcorr.training.validation import mean_overlap, validate
from siamcorr.types import TrackResult


class Still:
    """Answers with the first boxes for ever; remembers what it was started with."""

    def __init__(self) -> None:
        self.starts: list[np.ndarray] = []

    def init(self, frame, boxes_xywh):
        self.starts.append(np.asarray(boxes_xywh))
        return torch.as_tensor(np.asarray(boxes_xywh))

    def update(self, state, frame, *, responses=False):
        n = len(state)
        return state, TrackResult(
            0, 0.0, (8, 8), torch.arange(n), state, torch.ones(n), torch.zeros(n, dtype=torch.bool)
        )


class Scene:
    def __init__(self, name: str, boxes: list, visible: list | None = None) -> None:
        self.name = name
        self.boxes_xywh = np.array(boxes, dtype=np.float64)
        shape = self.boxes_xywh.shape[:2]
        self.visible = np.ones(shape) if visible is None else np.array(visible, dtype=np.float64)

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    def __iter__(self):
        return (np.zeros((8, 8, 3), np.uint8) for _ in self.boxes_xywh)


MOVING = Scene("moving", [[[0, 0, 2, 2]], [[1, 0, 2, 2]], [[0, 0, 2, 2]], [[5, 5, 2, 2]]])


def test_mean_overlap_by_hand() -> None:
    """1/3, 1 and 0; the first frame, where the box is given, does not count."""
    assert mean_overlap(Still(), MOVING) == pytest.approx((1 / 3 + 1 + 0) / 3)


def test_absent_and_unannotated_frames_do_not_count() -> None:
    nan = [np.nan] * 4
    scene = Scene("gaps", [[[0, 0, 2, 2]], [nan], [[5, 5, 2, 2]], [[0, 0, 2, 2]]], [[1]] * 4)
    assert mean_overlap(Still(), scene) == pytest.approx((0 + 1) / 2)
    scene.visible[2] = 0
    assert mean_overlap(Still(), scene) == 1


def test_only_targets_of_the_first_frame_are_followed() -> None:
    boxes = [[[0, 0, 2, 2], [4, 4, 2, 2]], [[1, 0, 2, 2], [4, 4, 2, 2]]]
    tracker = Still()
    assert mean_overlap(tracker, Scene("late", boxes, [[1, 0], [1, 1]])) == pytest.approx(1 / 3)
    assert tracker.starts[0].tolist() == [[0, 0, 2, 2]]


def test_a_sequence_without_anything_to_compare_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="empty: needs a target in its first frame"):
        mean_overlap(Still(), Scene("empty", [[[0, 0, 2, 2]], [[0, 0, 2, 2]]], [[1], [0]]))


def test_every_sequence_has_its_score() -> None:
    still = Scene("still", [[[0, 0, 2, 2]]] * 3)
    with launched_fabric(device="cpu") as fabric:
        scores = validate(fabric, Still(), [MOVING, still])
    assert scores == {"moving": pytest.approx(4 / 9), "still": 1.0}
