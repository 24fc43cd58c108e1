"""Speed summaries and means by attribute, with hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics import attribute_means, speed_summary


def test_convention_init_stands_apart_from_the_updates() -> None:
    summary = speed_summary([5.0, 0.01, 0.02, 0.03])
    assert summary.frames == 3
    assert summary.init_ms == 5000
    assert summary.ms_median == pytest.approx(20)
    assert summary.fps_mean == pytest.approx(50)


def test_convention_frames_per_second_are_frames_over_total_seconds() -> None:
    """A frame of 1 s and one of 0.01 s make 1.98 frames/s, not the mean of 1 and 100."""
    assert speed_summary([0.1, 1.0, 0.01]).fps_mean == pytest.approx(2 / 1.01)


def test_p95_is_the_time_that_19_of_20_frames_stay_within() -> None:
    seconds = np.concatenate(([9.0], np.arange(1, 101) / 1000))
    summary = speed_summary(seconds)
    assert summary.ms_p95 == pytest.approx(95.05)
    assert summary.ms_median == pytest.approx(50.5)


def test_runs_are_pooled_frame_by_frame() -> None:
    summary = speed_summary([0.4, 0.1], np.array([0.2, 0.02, 0.02, 0.06]))
    assert summary.frames == 4
    assert summary.fps_mean == pytest.approx(4 / 0.2)
    assert summary.init_ms == pytest.approx(300)


def test_bad_times() -> None:
    with pytest.raises(ShapeError, match="at least one run of T >= 2 frames"):
        speed_summary()
    with pytest.raises(ShapeError, match=r"got lengths \[2, 1\]"):
        speed_summary([0.1, 0.1], [0.1])
    with pytest.raises(InvalidArgument, match="seconds must be > 0"):
        speed_summary([0.1, 0.0])
    with pytest.raises(InvalidArgument, match=r"run 1\[1\] is nan"):
        speed_summary([0.1, 0.1], [0.1, math.nan])


SCORES = {
    "a": {"auc": 0.2, "precision": 0.5},
    "b": {"auc": 0.4, "precision": 1.0},
    "c": {"auc": 0.9, "precision": 0.0},
}


def test_convention_a_sequence_counts_once_for_each_of_its_tags() -> None:
    means = attribute_means(SCORES, {"a": ["SV", "OCC", "OCC"], "b": ["OCC"], "c": []})
    assert list(means) == ["OCC", "SV"]
    assert means["OCC"] == pytest.approx({"auc": 0.3, "precision": 0.75})
    assert means["SV"] == pytest.approx({"auc": 0.2, "precision": 0.5})


def test_tags_of_sequences_that_were_not_scored_are_left_out() -> None:
    assert attribute_means({"a": {"auc": 1.0}}, {"a": ["SV"], "z": ["OCC"]}) == {"SV": {"auc": 1.0}}
    assert attribute_means({}, {"z": ["OCC"]}) == {}


def test_bad_attributes() -> None:
    with pytest.raises(InvalidArgument, match="no entry in tags for b, c"):
        attribute_means(SCORES, {"a": []})
    with pytest.raises(
        InvalidArgument, match="b has the metrics auc; the first sequence has auc, p"
    ):
        attribute_means(
            {"a": {"auc": 1.0, "precision": 1.0}, "b": {"auc": 1.0}}, {"a": [], "b": []}
        )
