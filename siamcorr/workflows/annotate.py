"""Frames with boxes, trails and responses drawn in, and the tracker that keeps its frames."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal, TypeAlias

import numpy as np

from siamcorr.types import Frame, FrameArray, Tracker, TrackResult, as_frame
from siamcorr.viz.frames import draw_frame
from siamcorr.viz.panel import attach_panel

__all__ = ["Annotator", "FrameKeeper", "ResponseStyle"]

ResponseStyle: TypeAlias = Literal["overlay", "panel"]


class Annotator:
    """Draws results one after another and remembers where each target has been.

    Args:
        response: `overlay` blends the responses into the frame, `panel` puts them beside it.
        trail: how many frames back the trails reach.
    """

    def __init__(self, response: ResponseStyle | None = None, trail: int = 40) -> None:
        self._response = response
        self._trail = trail
        self._centres: dict[int, deque[list[float]]] = {}

    def __call__(self, frame: FrameArray, result: TrackResult) -> FrameArray:
        """Draw one result on its frame; returns a new RGB uint8 picture."""
        self._remember(result)
        trails = {key: np.array(points) for key, points in self._centres.items()}
        picture = draw_frame(frame, result, trails=trails, overlay=self._response == "overlay")
        return attach_panel(picture, result) if self._response == "panel" else picture

    def _remember(self, result: TrackResult) -> None:
        centres = result.boxes_xywh[:, :2] + result.boxes_xywh[:, 2:] / 2
        ids = result.ids.tolist()
        for target_id in set(self._centres) - set(ids):
            del self._centres[target_id]
        for i, target_id in enumerate(ids):
            path = self._centres.setdefault(target_id, deque(maxlen=self._trail))
            path.append([np.nan, np.nan] if result.lost[i] else centres[i].tolist())


class FrameKeeper:
    """A tracker that keeps the frame it saw last, so that drawing decodes nothing twice."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self._frame: FrameArray | None = None

    @property
    def frame(self) -> FrameArray:
        """The frame of the newest result, (H, W, 3) RGB uint8."""
        if self._frame is None:
            raise RuntimeError("FrameKeeper.frame: no frame has been tracked yet")
        return self._frame

    def init(self, frame: Frame, boxes_xywh: Any) -> Any:
        """Start on one frame."""
        self._frame = as_frame(frame)
        return self.tracker.init(frame, boxes_xywh)

    def update(
        self, state: Any, frame: Frame, *, responses: bool = False
    ) -> tuple[Any, TrackResult]:
        """Follow all targets into the next frame."""
        self._frame = as_frame(frame)
        return self.tracker.update(state, frame, responses=responses)

    def add(self, state: Any, frame: Frame, boxes_xywh: Any) -> Any:
        """Start further targets."""
        return self.tracker.add(state, frame, boxes_xywh)

    def drop(self, state: Any, ids: Any) -> Any:
        """Forget targets."""
        return self.tracker.drop(state, ids)
