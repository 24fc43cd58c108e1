"""The generator `track`: frames, results, errors, and who closes what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tracking_scenes import moving_squares

import siamcorr
from siamcorr.data.video import open_source
from siamcorr.errors import InvalidArgument, ShapeError, SourceError, UnknownName
from siamcorr.geometry import box_overlap
from siamcorr.tracking import load_tracker, track

FRAMES = moving_squares(6, [(10, 10), (120, 40)])
BOXES = [[10, 10, 24, 24], [120, 40, 24, 24]]


def test_one_result_a_frame_and_the_targets_are_followed() -> None:
    results = list(siamcorr.track(FRAMES, BOXES))
    assert [result.frame_index for result in results] == list(range(6))
    for t, result in enumerate(results):
        truth = torch.tensor(BOXES) + torch.tensor([3 * t, 2 * t, 0, 0])
        assert box_overlap(result.boxes_xywh, truth).min() > 0.8
        assert result.ids.tolist() == [0, 1]


def test_first_result_is_the_given_boxes() -> None:
    first = next(track(FRAMES, BOXES, responses=True))
    assert first.boxes_xywh.tolist() == BOXES
    assert first.scores.tolist() == [1, 1]
    assert first.lost.tolist() == [False, False]
    assert (first.frame_size, first.responses) == ((160, 200), None)


def test_equals_the_tracker_called_by_hand() -> None:
    tracker = load_tracker()
    state = tracker.init(FRAMES[0], BOXES)
    for frame, result in zip(
        FRAMES[1:], list(track(FRAMES, BOXES, tracker=tracker))[1:], strict=True
    ):
        state, expected = tracker.update(state, frame)
        assert torch.equal(result.boxes_xywh, expected.boxes_xywh)


def test_responses_only_on_request() -> None:
    with_maps, without = list(track(FRAMES, BOXES, responses=True)), list(track(FRAMES, BOXES))
    assert all(result.responses is None for result in without)
    assert all(len(result.responses or ()) == 2 for result in with_maps[1:])


def test_index_and_time_are_the_sources(tmp_path: Path) -> None:
    with siamcorr.data.video.VideoWriter(tmp_path / "v.mp4", 10.0) as writer:
        for frame in FRAMES:
            writer.write(frame)
    results = list(track(str(tmp_path / "v.mp4"), BOXES, start=1, stop=6, stride=2))
    assert [result.frame_index for result in results] == [1, 3, 5]
    assert [result.time_s for result in results] == pytest.approx([0.1, 0.3, 0.5], abs=1e-3)


def test_an_open_source_is_taken_and_closed() -> None:
    video = open_source(FRAMES, start=2)
    assert [result.frame_index for result in track(video, BOXES)] == [2, 3, 4, 5]
    with pytest.raises(InvalidArgument, match="iterated or closed already"):
        next(track(video, BOXES))


def test_leaving_early_closes_the_source() -> None:
    closed = []

    def camera() -> Iterator[np.ndarray[Any, Any]]:
        try:
            yield from FRAMES
        finally:
            closed.append(True)

    results = track(camera(), BOXES)
    next(results)
    next(results)
    assert not closed
    results.close()  # type: ignore[attr-defined]
    assert closed


def test_a_broken_frame_comes_after_all_results_before_it(tmp_path: Path) -> None:
    for i, frame in enumerate(FRAMES):
        cv2.imwrite(str(tmp_path / f"{i:03d}.png"), frame)
    (tmp_path / "004.png").write_bytes(b"not a picture")
    results = track(tmp_path, BOXES)
    assert [next(results).frame_index for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(SourceError, match=r"004\.png"):
        next(results)


def unreadable() -> Iterator[Any]:
    raise AssertionError("the source was touched before the boxes were checked")
    yield


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"boxes_xywh": [1, 2, 3]}, ShapeError, "track: boxes_xywh: expected one box"),
        ({"boxes_xywh": [1, 2, 0, 3]}, InvalidArgument, "track: boxes_xywh: box 0 needs width > 0"),
        ({"boxes_xywh": []}, ShapeError, "track: boxes_xywh: expected one box"),
        ({"tracker": "siamfcc"}, UnknownName, "did you mean 'siamfc'"),
        ({"tracker": "siamfc"}, InvalidArgument, "siamfc: this tracker needs trained weights"),
        ({"device": "gpu"}, InvalidArgument, "'gpu' is no device of torch"),
        ({"source": "absent.mp4"}, SourceError, "absent.mp4"),
        ({"source": 3.5}, InvalidArgument, "3.5|float"),
        ({"start": -1}, InvalidArgument, "start"),
        ({"stride": 0}, InvalidArgument, "stride"),
        ({"start": 4, "stop": 2}, InvalidArgument, "stop"),
    ],
)
def test_bad_arguments_fail_at_the_call(
    arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    """Not at the first frame: nothing has to be iterated for the error to come."""
    values = {"source": unreadable(), "boxes_xywh": BOXES} | arguments
    with pytest.raises(error, match=sentence):
        track(values.pop("source"), values.pop("boxes_xywh"), **values)


def test_arguments_that_do_not_belong_together() -> None:
    tracker = load_tracker()
    with pytest.raises(InvalidArgument, match="device='cpu' is for a tracker given by name"):
        track(FRAMES, BOXES, tracker=tracker, device="cpu")
    with pytest.raises(InvalidArgument, match="track: the source is open already; give start"):
        track(open_source(FRAMES), BOXES, tracker=tracker, stop=3)


def test_a_source_without_frames_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="has no frames"):
        list(track(iter([]), BOXES))
