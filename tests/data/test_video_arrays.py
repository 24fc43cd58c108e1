"""Frames in memory as a source: numbering, the iteration contract, who pulls and when."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.data.video import VideoFrame, open_source
from siamcorr.errors import InvalidArgument


def numbered(count: int) -> list[np.ndarray]:
    return [np.full((2, 3, 3), t, np.uint8) for t in range(count)]


@given(
    count=st.integers(1, 30),
    start=st.integers(0, 29),
    length=st.none() | st.integers(1, 40),
    stride=st.integers(1, 9),
)
def test_span_equals_slicing(count, start, length, stride):
    start = min(start, count - 1)
    stop = None if length is None else start + length
    with open_source(numbered(count), start=start, stop=stop, stride=stride) as video:
        frames = list(video)
    expected = list(range(count))[start:stop:stride]
    assert [frame.index for frame in frames] == expected
    assert [int(frame.image[0, 0, 0]) for frame in frames] == expected
    assert video.frame_count == len(expected)


def test_convention_tensors_are_channels_first_and_arrays_channels_last():
    tensor = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)
    from_tensor = [frame.image for frame in open_source(tensor)]
    from_array = [frame.image for frame in open_source(tensor.permute(0, 2, 3, 1).numpy())]
    assert from_tensor[0].shape == (4, 5, 3)
    assert from_tensor[1][3, 2, 1] == tensor[1, 1, 3, 2]
    np.testing.assert_array_equal(from_tensor, from_array)


@dataclass
class Clip:
    name: str = "crossing"
    fps: float = 20.0
    images: list[np.ndarray] = field(default_factory=lambda: numbered(3))

    def __iter__(self):
        return iter(self.images)

    def __len__(self):
        return len(self.images)


def test_name_and_clock_of_a_sequence():
    video = open_source(Clip())
    assert (video.name, video.fps, video.frame_count) == ("crossing", 20.0, 3)
    assert [frame.time_s for frame in video] == [0.0, 0.05, 0.1]


def test_a_generator_has_no_count_and_no_clock():
    video = open_source(iter(numbered(2)), stop=5)
    assert video.frame_count is None
    assert video.fps is None
    assert all(math.isnan(frame.time_s) for frame in video)


def test_a_generator_is_pulled_when_its_frame_is_asked_for():
    pulled = []

    def endless():
        for t in itertools.count():
            pulled.append(t)
            yield np.zeros((2, 2, 3), np.uint8)

    frames = iter(open_source(endless(), read_ahead=8))
    assert pulled == []
    assert isinstance(next(frames), VideoFrame)
    next(frames)
    assert pulled == [0, 1]


def test_error_of_a_generator_arrives_unchanged_after_its_frames():
    def failing():
        yield from numbered(2)
        raise ZeroDivisionError("mine")

    seen = []
    with pytest.raises(ZeroDivisionError, match="mine"):
        seen.extend(frame.index for frame in open_source(failing()))
    assert seen == [0, 1]


@pytest.mark.parametrize("how", ["exhausted", "broken off", "closed"])
def test_a_source_is_iterated_once(how):
    video = open_source(numbered(3))
    if how == "closed":
        video.close()
    else:
        for frame in video:
            if how == "broken off" and frame.index == 1:
                break
    with pytest.raises(InvalidArgument, match="list: this source was iterated or closed already"):
        iter(video)


def test_a_bad_frame_is_named():
    frames = iter(open_source([*numbered(2), np.zeros((2, 2), np.uint8)]))
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(InvalidArgument, match="frame 2 of list: expected RGB uint8"):
        next(frames)
