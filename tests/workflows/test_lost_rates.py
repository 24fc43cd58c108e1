"""Rates of a lost signal on hand-made courses, and its calibration on rendered clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamcorr.data.synthetic import SyntheticSequence
from siamcorr.errors import InvalidArgument
from siamcorr.tracking import load_tracker
from siamcorr.workflows.calibrate_lost import Subject, calibrate_lost, candidates, courses_of
from siamcorr.workflows.disappearances import KINDS, disappearance
from siamcorr.workflows.lost_rates import ClipCourse, clip_course, lost_rates, real_rates
from siamcorr.workflows.lost_report import course_picture, lost_table
from siamcorr.workflows.records import write_record


def course(visible: str, overlap: str, lost: str) -> ClipCourse:
    """Frames as digits: tenths of the visible share, of the overlap; 1 where lost."""
    shares = (np.array([int(c) for c in text]) / 10 for text in (visible, overlap))
    flags = np.array([c == "1" for c in lost])
    return ClipCourse("made", *shares, np.ones(len(flags)), flags)


def test_rates_by_hand() -> None:
    first = course("9993000069999", "9993000000988", "0000001111000")
    missed = course("9990009999999", "9990009999990", "0000000011000")
    rates = lost_rates([first, missed])
    assert (rates.disappearances, rates.detected) == (2, 0.5)
    assert (rates.delay_median, rates.delay_worst) == (2, 2)
    # The first is seen again in its frame 8 and followed from frame 10; the other at once.
    assert (rates.found_again, rates.found_after_median) == (1, 1)
    # Wrong: two hidden and two seen frames; three hidden, two called lost, one astray.
    assert rates.wrong == pytest.approx((2 + 2 + 3 + 2 + 1) / 26)
    # One false alarm in 6 + 9 frames that were seen with the box on the target.
    assert rates.false_alarms_a_minute == pytest.approx(1 * 60 * 30 / 15)


def test_rates_of_real_sequences_by_hand() -> None:
    found = real_rates([course("9999999", "9990099", "0101100")])
    assert found["lost_while_followed"] == pytest.approx(1 / 5)
    assert found["lost_while_astray"] == pytest.approx(1)
    assert found["false_alarms_a_minute"] == pytest.approx(1 * 60 * 30 / 5)


def test_every_kind_hides_the_target_and_shows_it_again() -> None:
    for kind in KINDS:
        visible = disappearance(3, kind).visible[:, 0]
        hidden = np.flatnonzero(visible == 0)
        assert 15 <= len(hidden) <= 90
        assert visible[:25].min() > 0.95
        assert visible[hidden[-1] :].max() > 0.5
    with pytest.raises(InvalidArgument, match="kind must be one of wall, cover, exit"):
        disappearance(3, "walls")


def test_a_clip_is_followed_by_every_candidate() -> None:
    builds = [Subject("fixed_filters").build(choice) for choice in (STRICT, NEVER)]
    strict, never = courses_of(builds, [lambda: Short(disappearance(0, "cover"))])
    assert [len(each) for each in (strict, never)] == [1, 1]
    assert len(strict[0].lost) == 15
    assert strict[0].lost[11:].all()
    assert not never[0].lost.any()


STRICT: dict[str, Any] = {"signal": "score", "below": 99.0, "after": 1, "found_above": 99.0}
NEVER: dict[str, Any] = {"signal": "score", "below": 0.0, "after": 1, "found_above": 0.0}


class Short:
    """The first 16 frames of a clip."""

    def __init__(self, clip: SyntheticSequence) -> None:
        self.name = clip.name
        self.boxes_xywh, self.visible = clip.boxes_xywh[:16], clip.visible[:16]
        self.frames = [clip.frame(t) for t in range(16)]

    def __len__(self) -> int:
        return 16

    def __iter__(self) -> Any:
        return iter(self.frames)


def test_candidates_name_their_signal() -> None:
    assert {choice["signal"] for choice in candidates(["score"])} == {"score"}
    both = candidates(["score", "response"])
    assert len(both) > len(candidates(["score"]))
    assert {"signal": "response", "below": 0.4, "after": 3, "found_above": 0.45} in both
    assert {"signal": "response", "below": 0.33, "after": 3, "found_above": 0.55} in both


def test_a_config_with_a_block_keeps_the_rest_of_it() -> None:
    assert Subject("cf").block()["spacing"] == 0.4
    tracker: Any = Subject("cf").build(STRICT)()
    assert (tracker.settings.lost.below, tracker.settings.lost.spacing) == (99, 0.4)


def test_a_tracker_without_scores_is_refused() -> None:
    class Silent:
        def follow_sequence(self, sequence: Any, box: Any, **_: Any) -> Any:
            from siamcorr.evaluation.following import Step

            return (Step(t, box) for t in range(len(sequence)))

    with pytest.raises(InvalidArgument, match="Silent gives no scores"):
        clip_course(Silent(), Short(disappearance(0, "cover")))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_calibration_writes_a_record_a_table_and_a_picture(tmp_path: Path) -> None:
    record, real = calibrate_lost(Subject("cf"), [NEVER, candidates(["response"])[2]], seeds=1)
    assert real == []
    assert record["chosen"]["signal"] == "response"
    assert record["chosen"]["windows"] == load_tracker("cf").settings.lost.windows  # type: ignore[attr-defined]
    assert record["held_out"]["disappearances"] == 3
    assert record["candidates"][0]["wrong"] < record["candidates"][1]["wrong"]
    path, table = write_record(tmp_path, record, lost_table(record), "cf-lost")
    assert json.loads(path.read_text(encoding="utf-8"))["chosen"] == record["chosen"]
    assert "| chosen, second half | 3 |" in table.read_text(encoding="utf-8")
    courses = [course("9993000069999", "9993000000988", "0000001111000")]
    assert course_picture(courses, record["chosen"])[:4] == b"\x89PNG"
