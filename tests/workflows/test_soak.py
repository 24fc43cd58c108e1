"""The endurance run: who is followed, when memory is read, and what it says of growth."""

from __future__ import annotations

import itertools

import pytest

from siamcorr.errors import InvalidArgument
from siamcorr.tracking import load_tracker
from siamcorr.workflows.soak import MemorySample, Soak, resident_mib, soak, soak_record, soak_table


class CountingTracker:
    """Hands everything on and keeps the ids."""

    def __init__(self) -> None:
        self.inner = load_tracker("fixed_filters")
        self.frames, self.most = 0, 0
        self.ids: set[int] = set()

    def init(self, frame, boxes_xywh):
        return self._seen(self.inner.init(frame, boxes_xywh))

    def update(self, state, frame, *, responses=False):
        self.frames += 1
        return self.inner.update(state, frame)

    def add(self, state, frame, boxes_xywh):
        return self._seen(self.inner.add(state, frame, boxes_xywh))

    def drop(self, state, ids):
        return self._seen(self.inner.drop(state, ids))

    def _seen(self, state):
        self.ids |= set(state.ids.tolist())
        self.most = max(self.most, len(state.ids))
        return state


def test_targets_come_and_go_and_memory_is_read_at_equal_distances() -> None:
    tracker = CountingTracker()
    memory = itertools.count(100.0)
    found = soak(tracker, 60, change_every=3, samples=6, memory=lambda: next(memory))
    assert tracker.frames == 60
    assert [each.frame for each in found.samples] == [10, 20, 30, 40, 50, 60]
    assert [each.resident_mib for each in found.samples] == [100, 101, 102, 103, 104, 105]
    assert found.added == len(tracker.ids) > 2
    assert found.dropped > 2
    assert found.added + found.dropped == 1 + 60 // 3
    assert 2 <= tracker.most <= 4
    assert found.samples[-1].targets == found.added - found.dropped


def test_growth_is_counted_from_the_end_of_the_first_tenth() -> None:
    sizes = {5: 10.0, 10: 50.0, 15: 100.0, 60: 104.0, 100: 102.0}
    run = Soak(100, 1, 0, tuple(MemorySample(t, 1, size) for t, size in sizes.items()))
    assert run.growth == pytest.approx(0.04)
    record = {
        "machine": {"processor": "P", "cores": 2, "memory_gib": 1.0, "system": "S"},
        "versions": {"siamcorr": "0", "torch": "2", "python": "3", "commit": "c"},
        "tracker": "cf",
        **soak_record(run),
    }
    assert "+4.00%" in soak_table(record)
    assert "| 60 | 1 | 104.0 |" in soak_table(record)


def test_resident_memory_counts_what_is_touched() -> None:
    before = resident_mib()
    block = bytearray(b"x" * (64 * 2**20))
    assert resident_mib() - before > 48
    assert len(block) == 64 * 2**20


def test_fewer_frames_than_samples_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="frames 9 must be at least samples = 10"):
        soak(CountingTracker(), 9, samples=10)
