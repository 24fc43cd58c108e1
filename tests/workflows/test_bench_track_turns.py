"""The turns of the tracker benchmark: order, what counts, and numbers worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from fake_tracker import FakeTracker
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.workflows import bench_track_turns, timing
from siamcorr.workflows.bench_track_clips import Clip, start_boxes
from siamcorr.workflows.bench_track_rows import pool, rows_of, truth_of
from siamcorr.workflows.bench_track_turns import (
    INITS,
    TURN,
    Candidate,
    Course,
    candidates_of,
    run_turns,
)

BOX = torch.tensor([20.0, 10.0, 16.0, 12.0], dtype=torch.float64)


def clip_of(frames: int, truth=None) -> Clip:
    """Frames that hold their own number."""
    images = tuple(np.full((48, 64, 3), number, np.uint8) for number in range(frames))
    return Clip("numbers", images, BOX, truth)


class Witness(FakeTracker):
    """Writes down every call: what, on which frame, with how many targets."""

    def __init__(self, label: str, log: list) -> None:
        super().__init__()
        self.label, self.log = label, log

    def init(self, frame, boxes_xywh):
        self.log.append((self.label, "init", int(frame[0, 0, 0]), len(boxes_xywh)))
        return super().init(frame, boxes_xywh)

    def update(self, state, frame, *, responses=False):
        self.log.append((self.label, "update", int(frame[0, 0, 0]), len(state.ids)))
        return super().update(state, frame, responses=responses)


def test_every_tracker_runs_together_and_one_by_one() -> None:
    assert candidates_of(["a", "b"], [1, 3]) == [
        Candidate("a", 1),
        Candidate("a", 3),
        Candidate("a", 3, separate=True),
        Candidate("b", 1),
        Candidate("b", 3),
        Candidate("b", 3, separate=True),
    ]


def test_the_order_of_calls_and_what_counts() -> None:
    log: list = []
    candidates = candidates_of("ab", [2])
    frames = 3 * TURN + 3  # the first, three turns, two frames that fill no turn
    seen: list = []
    trackers = {name: Witness(name, log) for name in "ab"}
    courses = run_turns(trackers, candidates, clip_of(frames), seen.append)
    for name in "ab":  # one run of two, and two runs of one; the first init is not counted
        inits = [entry for entry in log if entry[:2] == (name, "init")]
        assert all(frame == 0 for _, _, frame, _ in inits)
        assert sorted(entry[3] for entry in inits) == [1] * (2 + 2 * INITS) + [2] * (1 + INITS)
        for count in (1, 2):
            updates = [
                entry[2] for entry in log if entry[:2] == (name, "update") and entry[3] == count
            ]
            warm_up, tracked = updates[: 3 - count], updates[3 - count :]
            assert set(warm_up) == {1}
            assert tracked == [i for i in range(1, 3 * TURN + 1) for _ in range(3 - count)]
    # nobody is ahead of the others by more than a turn, and the order changes
    names = [text.removeprefix("numbers: ") for text in seen]
    rounds = [names[i : i + 4] for i in range(0, len(names), 4)]
    assert len(rounds) == 3
    assert all(sorted(order) == sorted(map(str, candidates)) for order in rounds)
    assert len({tuple(order) for order in rounds}) > 1
    for course in courses.values():
        assert len(course.init_s) == INITS
        assert [len(turn) for turn in course.turns_s] == [TURN - 1] * 3
        assert torch.stack(course.boxes_xywh).shape == (3 * TURN, 2, 4)


def test_the_clock_runs_during_init_and_update_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    class Slow(FakeTracker):
        def init(self, frame, boxes_xywh):
            clock[0] += 0.5 * len(boxes_xywh)
            return super().init(frame, boxes_xywh)

        def update(self, state, frame, *, responses=False):
            clock[0] += float(frame[0, 0, 0]) * len(state.ids)
            return super().update(state, frame, responses=responses)

    def frames(names, count):  # turns cost time of their own
        for order in timing.shuffled_rounds(names, count):
            clock[0] += 100
            yield order

    monkeypatch.setattr(bench_track_turns, "now", lambda: clock[0])
    monkeypatch.setattr(bench_track_turns, "shuffled_rounds", frames)
    courses = run_turns({"a": Slow()}, candidates_of("a", [1, 2]), clip_of(2 * TURN + 1))
    for candidate, course in courses.items():
        count = candidate.targets
        assert course.init_s == [0.5 * count] * INITS
        assert course.turns_s == [
            [count * number for number in range(2, TURN + 1)],
            [count * number for number in range(TURN + 2, 2 * TURN + 1)],
        ]


def course_of(turns, *, init=(0.25,), boxes=None, lost=0) -> Course:
    boxes = boxes or [torch.zeros(1, 4)] * 4
    return Course(list(init), [list(turn) for turn in turns], boxes, lost)


def test_rows_by_hand() -> None:
    boxes = [torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[0.0, 0, 4, 4]])]
    two = [torch.zeros(2, 4), torch.ones(2, 4)]
    moved = [torch.zeros(2, 4), torch.ones(2, 4) + torch.tensor([0, 0, 0, 0.5])]
    courses = {
        Candidate("a", 1): course_of([(1.0, 3.0, 2.0), (4.0, 4.0, 4.0)], boxes=boxes),
        Candidate("a", 2): course_of([(4.0, 9.0, 4.0), (6.0, 6.0, 6.0)], boxes=two, lost=3),
        Candidate("a", 2, True): course_of([(8.0, 8.0, 8.0), (8.0, 7.0, 9.0)], boxes=moved),
        Candidate("b", 1): course_of([(4.0,) * 3, (2.0,) * 3], init=(1, 3, 2), boxes=boxes),
    }
    truth = np.array([[0.0, 0, 4, 8], [np.nan, 0, 0, 0]])  # overlap 1/2; not annotated
    rows = rows_of(courses, truth, "b")
    one, whole, apart, other = rows
    assert [row["ms_median"] for row in rows] == [3500, 6000, 8000, 3000]
    assert one["ms_p95"] == 4000
    assert [row["frames"] for row in rows] == [6] * 4
    # turns: 2 / 4 and 4 / 2
    assert one["to_baseline"] == {"median": 1.25, "low": 0.875, "high": 1.625}
    assert one["to_one"] is None
    assert one["overlap"] == 0.5
    assert whole["to_one"] == {"median": 1.75, "low": 1.625, "high": 1.875}  # 4 / 2, 6 / 4
    assert whole["to_separate"] == {"median": 0.625, "low": 0.5625, "high": 0.6875}
    assert whole["apart_px"] == 0.5
    assert whole["lost_share"] == 3 / 4
    assert whole["overlap"] is whole["to_baseline"] is None
    assert (apart["separate"], apart["to_separate"], apart["apart_px"]) == (True, None, None)
    assert other["to_baseline"] is None
    assert other["init_ms"] == 2000


def test_pooled_clips_are_one_long_clip() -> None:
    first = {Candidate("a", 1): course_of([(1.0, 1.0)], boxes=[torch.zeros(1, 4)], lost=1)}
    second = {Candidate("a", 1): course_of([(3.0, 3.0), (3.0, 5.0)], boxes=[torch.ones(1, 4)] * 2)}
    truths = [np.zeros((1, 4)), np.ones((2, 4))]
    pooled, truth = pool([first, second], truths)
    course = pooled[Candidate("a", 1)]
    assert course.turns_s == [[1.0, 1.0], [3.0, 3.0], [3.0, 5.0]]
    assert (len(course.boxes_xywh), course.lost) == (3, 1)
    assert truth.tolist() == [[0] * 4, [1] * 4, [1] * 4]
    assert len(first[Candidate("a", 1)].turns_s) == 1  # left as it was
    assert pool([first, second], [truths[0], None])[1] is None


def test_the_overlap_is_that_of_the_frames_that_were_tracked() -> None:
    frames = TURN + 3  # two are left over
    walked = BOX.numpy() + np.outer(np.arange(frames), [2.0, 1.0, 0, 0])  # as the tracker walks
    clip = clip_of(frames, walked)
    courses = run_turns({"a": FakeTracker()}, [Candidate("a", 1)], clip)
    truth = truth_of(clip, courses)
    assert truth.shape == (TURN, 4)
    (row,) = rows_of(courses, truth, "a")
    assert row["overlap"] == pytest.approx(1.0)
    assert truth_of(clip_of(frames), courses) is None


@given(st.integers(1, 20), st.integers(0, 10))
def test_copies_of_the_start_box(count: int, more: int) -> None:
    boxes = start_boxes(BOX, count)
    assert boxes.shape == (count, 4)
    assert torch.equal(boxes[0], BOX)
    assert torch.equal(start_boxes(BOX, count + more)[:count], boxes)
    shifts = (boxes[:, :2] + boxes[:, 2:] / 2 - BOX[:2] - BOX[2:] / 2) / BOX[2:]
    assert shifts.abs().max() <= 0.25
    assert (boxes[:, 2:] / BOX[2:] - 1).abs().max() <= 0.1 + 1e-12
    assert len({tuple(box) for box in boxes.tolist()}) == count


def test_shuffled_rounds_repeat_and_have_no_fixed_neighbours() -> None:
    rounds = list(timing.shuffled_rounds("abc", 20))
    assert rounds == list(timing.shuffled_rounds("abc", 20))
    assert {tuple(order) for order in rounds} == set(itertools.permutations("abc"))
