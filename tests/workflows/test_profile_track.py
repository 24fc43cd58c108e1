"""The table of stages: exclusive times and their sum, and that a tracker is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
from fake_tracker import FakeTracker

import siamcorr
from siamcorr.errors import InvalidArgument
from siamcorr.workflows import profile_track
from siamcorr.workflows.profile_track import OTHER, profile_stages

FRAMES = [np.full((60, 80, 3), 90, np.uint8)] * 4


class Clock:
    """Seconds that pass only where a method says so."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


class SlowParts(FakeTracker):
    """An update of 10 s: 1 s of its own, 2 s twice in `look`, which waits 5 s in `network.embed`.

    `init` takes 100 s of the same methods, and the first update another 100 s.
    """

    stages = {"look": ("look",), "embed": ("network.embed",), "idle": ("rest",)}

    def __init__(self, clock):
        super().__init__()
        self.clock, self.network = clock, self.Network(clock)

    class Network:
        def __init__(self, clock):
            self.clock = clock

        def embed(self, seconds):
            self.clock.now += seconds
            return seconds

    def rest(self):
        raise AssertionError("is never called")

    def look(self):
        self.clock.now += 2
        assert self.network.embed(5) == 5
        self.clock.now += 2

    def init(self, frame, boxes_xywh):
        self.network.embed(100)
        return super().init(frame, boxes_xywh)

    def update(self, state, frame, *, responses=False):
        self.clock.now += 1 if self.updates else 100
        self.look()
        return super().update(state, frame, responses=responses)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(profile_track, "time", clock)
    return clock


def test_time_counts_for_the_innermost_stage_of_the_counted_updates(clock):
    found = profile_stages(SlowParts(clock), FRAMES, [10, 10, 20, 20])
    assert found == [("look", 4e3), ("embed", 5e3), ("idle", 0.0), (OTHER, 1e3)]


def test_convention_stages_add_up_to_the_mean_update(clock):
    tracker = SlowParts(clock)
    found = profile_stages(tracker, FRAMES, [10, 10, 20, 20])
    counted = clock.now - 100 - (100 + 4 + 5)  # without init and the first update
    assert sum(ms for _, ms in found) == pytest.approx(counted / 2 * 1e3)


def test_a_tracker_without_stages_is_all_other():
    ((stage, ms),) = profile_stages(FakeTracker(seconds=0.01), FRAMES, [10, 10, 20, 20])
    assert stage == OTHER
    assert ms >= 10


def test_the_tracker_is_left_as_it_was_also_after_an_error(clock):
    tracker = SlowParts(clock)
    before = set(vars(tracker)), set(vars(tracker.network))
    profile_stages(tracker, FRAMES, [10, 10, 20, 20])
    with pytest.raises(InvalidArgument):
        profile_stages(tracker, [*FRAMES, "no frame"], [10, 10, 20, 20])
    assert (set(vars(tracker)), set(vars(tracker.network))) == before


def test_fewer_than_three_frames_are_refused():
    with pytest.raises(InvalidArgument, match="at least 3 frames, got 2"):
        profile_stages(FakeTracker(), FRAMES[:2], [10, 10, 20, 20])


@pytest.mark.parametrize("name", ["default", "fixed_filters"])
def test_every_stage_of_a_tracker_takes_time(name):
    noise = np.random.default_rng(0).integers(0, 256, (6, 90, 120, 3), np.uint8)
    tracker = siamcorr.load_tracker(name)
    found = profile_stages(tracker, list(noise), [40, 30, 30, 24])
    assert [stage for stage, _ in found] == [*tracker.stages, OTHER]
    assert all(ms > 0 for _, ms in found)
