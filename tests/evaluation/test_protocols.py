"""Protocols: what is run from where, against sequences and trackers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from evaluation_scenes import (
    HEIGHT,
    WIDTH,
    BrokenTracker,
    PixelSequence,
    ScriptedTracker,
    walking_boxes,
)
from fake_tracker import FakeTracker, fake_result
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, TrackerError
from siamcorr.evaluation.following import Step, follow
from siamcorr.evaluation.perturbations import PERTURBATIONS, perturbed_box, temporal_starts
from siamcorr.evaluation.protocols import (
    PROTOCOLS,
    count_runs,
    run_ope,
    run_sre,
    run_tre,
    run_vot_reset,
    truth_region,
)

STILL = [10.0, 10.0, 20.0, 20.0]
AWAY = [40.0, 35.0, 5.0, 5.0]


def still(frames):
    return PixelSequence([STILL] * frames)


def vot_run(answers, truth=None):
    return run_vot_reset(ScriptedTracker(answers), truth or still(len(answers)))


# --- one pass


def test_ope_gives_the_boxes_of_the_tracker_after_the_given_one() -> None:
    run = run_ope(FakeTracker(), PixelSequence([[5, 6, 7, 8]] * 4))
    expected = [[5, 6, 7, 8], [7, 7, 7, 8], [9, 8, 7, 8], [11, 9, 7, 8]]
    assert run.trajectory.boxes_xywh.tolist() == expected
    assert run.trajectory.start == 0
    assert run.responses == {}


def test_convention_first_score_is_nan_and_time_is_measured_for_every_frame() -> None:
    trajectory = run_ope(FakeTracker(lost_from=2), still(4)).trajectory
    assert trajectory.scores is not None
    assert trajectory.lost is not None
    assert trajectory.seconds is not None
    np.testing.assert_array_equal(trajectory.scores, [math.nan, 0.75, 0.75, 0.75])
    assert trajectory.lost.tolist() == [False, False, True, True]
    assert len(trajectory.seconds) == 4
    assert (trajectory.seconds > 0).all()
    assert trajectory.corners_xy is None


def test_time_is_that_of_the_tracker_without_the_decoding() -> None:
    class Slow(PixelSequence):
        def __iter__(self):
            import time

            for frame in super().__iter__():
                time.sleep(0.05)
                yield frame

    trajectory = follow(FakeTracker(seconds=0.01), Slow([STILL] * 3)).trajectory
    assert trajectory.seconds is not None
    assert (trajectory.seconds[1:] >= 0.01).all()
    assert (trajectory.seconds < 0.05).all()


def test_responses_are_asked_for_on_the_captured_frames_only() -> None:
    asked = []

    class Watched(FakeTracker):
        def update(self, state, frame, *, responses=False):
            asked.append(responses)
            return super().update(state, frame, responses=responses)

    run = follow(Watched(), still(5), capture=(1, 3))
    assert asked == [True, False, True, False]
    assert sorted(run.responses) == [1, 3]
    assert run.responses[3].values.shape == (17, 17)


def test_a_part_of_a_sequence_starts_on_its_own_ground_truth() -> None:
    tracker = ScriptedTracker(walking_boxes(9))
    run = follow(tracker, PixelSequence(walking_boxes(9)), start=4, stop=7)
    assert tracker.starts == [(4, walking_boxes(9)[4].tolist())]
    assert run.trajectory.start == 4
    np.testing.assert_array_equal(run.trajectory.boxes_xywh, walking_boxes(9)[4:7])


def test_frames_before_the_start_are_not_decoded_where_frames_can_be_read_one_by_one() -> None:
    class Indexed(PixelSequence):
        def frame(self, t):
            self.decoded += 1
            return np.full((HEIGHT, WIDTH, 3), t, np.uint8)

    sequence = Indexed([STILL] * 30)
    follow(FakeTracker(), sequence, start=25)
    assert sequence.decoded == 5


def test_a_tracker_that_raises_is_blamed_with_sequence_and_frame() -> None:
    class Marked(PixelSequence):
        def __iter__(self):
            for frame in super().__iter__():
                frame[:, :, 2] = 1
                yield frame

    with pytest.raises(TrackerError, match="sequence hard, frame 10: ZeroDivisionError: lost the"):
        follow(BrokenTracker(), Marked([STILL] * 20, name="hard"))


@pytest.mark.parametrize(
    ("box", "sentence"),
    [([[0, 0, 1, 1]] * 2, "expected one box"), ([[0, math.inf, 1, 1]], "the box is infinite")],
)
def test_an_answer_that_is_no_box_is_an_error(box, sentence) -> None:
    class Odd(FakeTracker):
        def update(self, state, frame, *, responses=False):
            result = fake_result([[0, 0, 1, 1]] * len(box), frame.shape[:2])
            result.boxes_xywh[:] = result.boxes_xywh.new_tensor(box)
            return state, result

    with pytest.raises(TrackerError, match=f"sequence pixels, frame 1: {sentence}"):
        follow(Odd(), still(3))


def test_nan_is_an_answer() -> None:
    answers = [STILL, STILL, [math.nan] * 4]
    trajectory = follow(ScriptedTracker(answers), still(3)).trajectory
    np.testing.assert_array_equal(trajectory.boxes_xywh, answers)


@pytest.mark.parametrize("box", [[1, 2, 0, 3], [1, 2, math.nan, 3]])
def test_a_start_box_that_is_none_names_sequence_and_frame(box) -> None:
    with pytest.raises(InvalidArgument, match="pixels, frame 1: no tracker can start from"):
        follow(FakeTracker(), PixelSequence([STILL, box, STILL]), start=1)


def test_several_targets_need_a_start_box() -> None:
    two = PixelSequence([[STILL, AWAY]] * 3)
    with pytest.raises(InvalidArgument, match="has 2 targets"):
        follow(FakeTracker(), two)
    assert follow(FakeTracker(), two, box=AWAY).trajectory.boxes_xywh[0].tolist() == AWAY


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (3, None), (2, 2), (0, 4)])
def test_frames_outside_the_sequence_are_refused(start, stop) -> None:
    with pytest.raises(InvalidArgument, match="are not within pixels, which has 3"):
        follow(FakeTracker(), still(3), start=start, stop=stop)


def test_a_tracker_of_whole_sequences_answers_every_frame_or_is_refused() -> None:
    class Whole:
        def __init__(self, frames):
            self.frames = frames

        def follow_sequence(self, sequence, box_xywh, *, start, stop, heartbeat):
            for t in self.frames:
                yield Step(t, box_xywh + t)

    run = follow(Whole([2, 3]), still(4), start=2)
    assert run.trajectory.boxes_xywh[1].tolist() == [13, 13, 23, 23]
    assert run.trajectory.scores is None
    assert run.trajectory.seconds is None
    with pytest.raises(TrackerError, match="sequence pixels: 1 frames were answered"):
        follow(Whole([2]), still(4), start=2)


# --- temporal robustness


def test_convention_tre_of_57_possible_starts() -> None:
    starts = temporal_starts(still(76))  # 57 frames have 20 to go; 57 / 19 = 3
    assert starts == (*range(0, 57, 3), 56)
    assert len(starts) == 20


@given(st.integers(20, 400))
def test_tre_starts_are_those_of_the_published_ranges(frames) -> None:
    end = frames - 19  # the toolbox, 1-based: floor(1 : end / 19 : end), then end
    expected, position = [], 1.0
    while position <= end + 1e-9:
        expected.append(math.floor(position + 1e-9) - 1)
        position = 1 + len(expected) * end / 19
    assert list(temporal_starts(still(frames))) == [*expected, end - 1]


def test_convention_tre_leaves_out_frames_without_a_usable_annotation() -> None:
    boxes = np.tile(STILL, (25, 1))
    boxes[0, 0] = -1  # 0 in the 1-based files
    boxes[1, 3] = 0
    boxes[2] = math.nan
    visible = np.ones(25)
    visible[3] = 0
    assert set(temporal_starts(PixelSequence(boxes, visible))) == {4, 5}


def test_tre_needs_twenty_frames() -> None:
    assert temporal_starts(still(20)) == (0, 0)
    with pytest.raises(InvalidArgument, match="none of its 19 frames is one"):
        temporal_starts(still(19))


def test_run_tre_starts_there_and_runs_to_the_end() -> None:
    sequence = PixelSequence(walking_boxes(76))
    trajectory = run_tre(FakeTracker(), sequence, 2).trajectory
    assert trajectory.start == 6
    np.testing.assert_array_equal(trajectory.boxes_xywh, walking_boxes(76)[6:])
    with pytest.raises(InvalidArgument, match="run 20 of pixels is not in 0"):
        run_tre(FakeTracker(), sequence, 20)


# --- spatial robustness

BY_HAND = {
    "left": [18, 30, 20, 40],
    "right": [22, 30, 20, 40],
    "up": [20, 26, 20, 40],
    "down": [20, 34, 20, 40],
    "top_left": [18, 26, 22, 44],
    "top_right": [20, 26, 22, 44],
    "bottom_left": [18, 30, 22, 44],
    "bottom_right": [20, 30, 22, 44],
    "scale_0.8": [22, 34, 16, 32],
    "scale_0.9": [21, 32, 18, 36],
    "scale_1.1": [19, 28, 22, 44],
    "scale_1.2": [18, 26, 24, 48],
}


def test_convention_sre_boxes_by_hand() -> None:
    assert list(BY_HAND) == list(PERTURBATIONS)
    box = np.array([20.0, 30, 20, 40])
    found = {name: perturbed_box(box, name, (120, 160)).tolist() for name in PERTURBATIONS}
    assert found == BY_HAND


@pytest.mark.parametrize(
    ("box", "perturbation", "expected"),
    [
        ([0, 5, 20, 40], "left", [0, 5, 20, 40]),  # moved back, not cut
        ([140, 5, 20, 40], "right", [142, 5, 18, 40]),  # cut
        ([3, 3, 14, 15], "left", [1, 3, 14, 15]),  # 1.4 rounds up to 2
        ([3, 3, 15, 15], "top_left", [2, 2, 16, 16]),  # 4 - 1.5 = 2.5 rounds to 3, 1-based
        ([0, 0, 5, 5], "top_left", [0, 0, 5, 5]),  # 1 - 0.5 = 0.5 rounds to 1, 1-based
    ],
)
def test_convention_sre_rounding_and_edges(box, perturbation, expected) -> None:
    found = perturbed_box(np.array(box, dtype=np.float64), perturbation, (120, 160))
    assert found.tolist() == expected


def test_sre_runs_differ_in_their_start_box_only() -> None:
    sequence = PixelSequence([[20, 15, 20, 20]] * 3)
    assert count_runs("sre", sequence) == 12
    starts = {
        tuple(run_sre(FakeTracker(), sequence, i).trajectory.boxes_xywh[0]) for i in range(12)
    }
    assert len(starts) == 12
    trajectory = run_sre(FakeTracker(), sequence, 1).trajectory
    assert trajectory.boxes_xywh.tolist() == [[22, 15, 20, 20], [24, 16, 20, 20], [26, 17, 20, 20]]


def test_a_perturbation_that_leaves_the_frame_or_is_unknown_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="leaves nothing inside the frame"):
        perturbed_box(np.array([200.0, 5, 10, 10]), "right", (48, 64))
    with pytest.raises(InvalidArgument, match="'sideways' is none of left"):
        perturbed_box(np.array([0.0, 0, 10, 10]), "sideways", (48, 64))


# --- VOT's reset


def plain(regions):
    return [r if isinstance(r, int) else r.tolist() for r in regions]


def test_convention_vot_reset_starts_again_five_frames_after_a_failure() -> None:
    answers = [STILL, STILL, STILL, AWAY, *[STILL] * 8]
    expected = [1, STILL, STILL, 2, 0, 0, 0, 0, 1, STILL, STILL, STILL]
    assert plain(vot_run(answers)) == expected


def test_vot_reset_near_the_end_and_right_after_a_start() -> None:
    answers = [STILL, AWAY, STILL, STILL, STILL, STILL, STILL, AWAY, STILL, STILL]
    assert plain(vot_run(answers)) == [1, 2, 0, 0, 0, 0, 1, 2, 0, 0]


def test_vot_reset_starts_from_the_ground_truth_of_the_frame() -> None:
    truth = PixelSequence(walking_boxes(8))
    answers = walking_boxes(8)
    answers[1] = [50, 40, 3, 3]
    tracker = ScriptedTracker(answers)
    run_vot_reset(tracker, truth)
    assert tracker.starts == [(0, walking_boxes(8)[0].tolist()), (6, walking_boxes(8)[6].tolist())]


def test_convention_vot_reset_test_uses_a_ground_truth_one_pixel_smaller() -> None:
    touching = [29.6, 10.0, 5.0, 5.0]  # beyond 10 + 20 - 1, though not beyond 10 + 20
    assert plain(vot_run([STILL, touching, STILL]))[1] == 2
    inside = [28.6, 10.0, 5.0, 5.0]
    assert plain(vot_run([STILL, inside, STILL]))[1] == inside


def test_convention_vot_regions_have_four_decimals_and_nan_is_a_failure() -> None:
    regions = vot_run([STILL, [10.123456, 10, 20, 20.00004], [math.nan] * 4])
    assert plain(regions) == [1, [10.1235, 10, 20, 20], 2]


def test_vot_reset_prefers_corners() -> None:
    import torch

    class Rotated(FakeTracker):
        def update(self, state, frame, *, responses=False):
            state, result = super().update(state, frame)
            corners = torch.tensor([[[20.0, 10], [30, 20], [20, 30], [10, 20]]])
            return state, result.__class__(**{**result.__dict__, "corners_xy": corners})

    regions = run_vot_reset(Rotated(), still(2))
    assert plain(regions) == [1, [20, 10, 30, 20, 20, 30, 10, 20]]


def test_truth_region_is_the_polygon_where_there_is_one() -> None:
    sequence = still(2)
    assert truth_region(sequence, 0).tolist() == STILL
    sequence.corners_xy = np.arange(16.0).reshape(2, 1, 4, 2)
    assert truth_region(sequence, 1).tolist() == list(range(8, 16))


def test_run_counts() -> None:
    sequence = still(76)
    counts = {protocol: count_runs(protocol, sequence) for protocol in PROTOCOLS}
    assert counts == {"ope": 1, "tre": 20, "sre": 12, "vot": 1}
    with pytest.raises(InvalidArgument, match="unknown protocol 'otp'; did you mean"):
        count_runs("otp", sequence)
