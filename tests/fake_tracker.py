"""A tracker that looks at no picture: boxes walk 2 right and 1 down a frame."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch

from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.types import ResponseMap, TrackResult, as_frame

STEP = torch.tensor([2.0, 1.0, 0.0, 0.0], dtype=torch.float64)


@dataclass(frozen=True)
class FakeState:
    boxes_xywh: torch.Tensor
    ids: torch.Tensor


class FakeTracker:
    """Lost from frame `lost_from` on; sleeps `seconds` a frame."""

    def __init__(self, seconds: float = 0.0, lost_from: int = 10**9) -> None:
        self.seconds, self.lost_from = seconds, lost_from
        self.updates = 0

    def init(self, frame, boxes_xywh):
        as_frame(frame)
        boxes = as_boxes_xywh(boxes_xywh)
        return FakeState(boxes, torch.arange(len(boxes)))

    def update(self, state, frame, *, responses=False):
        time.sleep(self.seconds)
        self.updates += 1
        state = replace(state, boxes_xywh=state.boxes_xywh + STEP)
        size = as_frame(frame).shape[:2]
        result = fake_result(state.boxes_xywh, size, ids=state.ids, responses=responses)
        lost = torch.full((len(state.ids),), self.updates >= self.lost_from)
        return state, replace(result, lost=lost)

    def add(self, state, frame, boxes_xywh):
        boxes = as_boxes_xywh(boxes_xywh)
        ids = torch.arange(len(boxes)) + state.ids.max() + 1
        return FakeState(torch.cat((state.boxes_xywh, boxes)), torch.cat((state.ids, ids)))

    def drop(self, state, ids):
        keep = ~torch.isin(state.ids, torch.as_tensor(ids))
        return FakeState(state.boxes_xywh[keep], state.ids[keep])


def fake_result(boxes_xywh, size, *, ids=None, responses=False, frame_index=0, cells=17):
    """A result whose response maps peak at the centres of the boxes."""
    boxes = as_boxes_xywh(boxes_xywh)
    count = len(boxes)
    maps = [fake_response(box, cells) for box in boxes] if responses else None
    return TrackResult(
        frame_index=frame_index,
        time_s=float("nan"),
        frame_size=tuple(size),
        ids=torch.arange(count) if ids is None else ids,
        boxes_xywh=boxes,
        scores=torch.full((count,), 0.75),
        lost=torch.zeros(count, dtype=torch.bool),
        responses=maps,
    )


def fake_response(box_xywh, cells=17, peak_cell=None):
    """A Gaussian that peaks at the centre cell, or at `peak_cell` (column, row)."""
    middle = cells // 2
    column, row = peak_cell or (middle, middle)
    x, y, w, h = box_xywh.tolist()
    scale = 2 * max(w, h) / cells
    grid = torch.arange(cells, dtype=torch.float32)
    values = torch.exp(-((grid[None] - column) ** 2 + (grid[:, None] - row) ** 2) / (cells / 3))
    offset_x, offset_y = x + w / 2 - scale * middle, y + h / 2 - scale * middle
    mapping = torch.tensor([[scale, 0, offset_x], [0, scale, offset_y]], dtype=torch.float64)
    return ResponseMap(values, mapping, "windowed")
