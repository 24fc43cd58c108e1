"""The loop over a video: `track` yields one result per frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from siamcorr.data.video import Source, VideoSource, open_source
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.tracking.factory import load_tracker
from siamcorr.types import Tracker, TrackResult

__all__ = ["track"]


def track(
    source: Source | VideoSource,
    boxes_xywh: Any,
    *,
    tracker: str | Tracker = "default",
    device: str | torch.device | None = None,
    responses: bool = False,
    start: int = 0,
    stop: int | None = None,
    stride: int = 1,
) -> Iterator[TrackResult]:
    """Track boxes of the first frame through a video.

    Args:
        source: what `siamcorr.open_source` takes, or a source that it opened.
        boxes_xywh: (N, 4) or one box of 4 numbers on the first frame; 0-based continuous pixels.
        tracker: a name for `siamcorr.load_tracker`, or a tracker.
        device: for a tracker given by name; None means cpu.
        responses: also yield each target's response map.
        start: index of the first frame.
        stop: index before which to end; None runs to the end.
        stride: use every so many frames.

    Returns:
        A generator of results, one a frame, as the frames come; the source is closed when it
        ends, fails or is closed.

    Convention:
        The first result is the first frame with the given boxes, scores of 1 and no responses.
        `frame_index` and `time_s` are the source's. Ids are 0 ... N - 1 in the order of the boxes.

    Raises:
        InvalidArgument: bad boxes (before the source is opened), or arguments that do not belong
            together.
        SourceError: the source cannot be read; while iterating, after every result before it.

    Example:
        >>> import numpy as np
        >>> video = [np.zeros((80, 80, 3), np.uint8)] * 3
        >>> [result.frame_index for result in track(video, [30, 30, 16, 16])]
        [0, 1, 2]
    """
    boxes = as_boxes_xywh(boxes_xywh, "track: boxes_xywh")
    if isinstance(tracker, str):
        tracker = load_tracker(tracker, device=device)
    elif device is not None:
        raise InvalidArgument(
            f"track: device={device!r} is for a tracker given by name; this one has its device"
        )
    if isinstance(source, VideoSource):
        if (start, stop, stride) != (0, None, 1):
            raise InvalidArgument(
                "track: the source is open already; give start, stop and stride to open_source"
            )
        return _follow(source, boxes, tracker, responses)
    video = open_source(source, start=start, stop=stop, stride=stride)
    return _follow(video, boxes, tracker, responses)


def _follow(
    video: VideoSource, boxes: Tensor, tracker: Tracker, responses: bool
) -> Iterator[TrackResult]:
    with video:
        state = None
        for frame in video:
            if state is None:
                state = tracker.init(frame.image, boxes)
                result = _given(frame.image.shape[:2], boxes)
            else:
                state, result = tracker.update(state, frame.image, responses=responses)
            yield replace(result, frame_index=frame.index, time_s=frame.time_s)


def _given(frame_size: tuple[int, ...], boxes: Tensor) -> TrackResult:
    """The result of the first frame, where the boxes are told."""
    return TrackResult(
        frame_index=0,
        time_s=0.0,
        frame_size=(frame_size[0], frame_size[1]),
        ids=torch.arange(len(boxes)),
        boxes_xywh=boxes,
        scores=torch.ones(len(boxes)),
        lost=torch.zeros(len(boxes), dtype=torch.bool),
    )
