"""One-pass reports: numbers against loops, averaging, attributes, comparison, bad inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_scenes import LENGTHS, moved, small_set, three_runs, truth_boxes

from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, UnknownName
from siamcorr.evaluation.report import build_ope_report, summary_rows
from siamcorr.evaluation.results import Trajectory


def success_auc(predicted, truth):
    """Mean over 21 thresholds of the share of frames with overlap > threshold, with loops."""
    curve = []
    for k in range(21):
        hits = 0
        for (ax, ay, aw, ah), (bx, by, bw, bh) in zip(predicted, truth, strict=True):
            wide = max(0.0, min(ax + aw, bx + bw) - max(ax, bx))
            high = max(0.0, min(ay + ah, by + bh) - max(ay, by))
            union = aw * ah + bw * bh - wide * high
            hits += not np.isnan(bx) and wide * high / union > k / 20
        curve.append(hits / len(truth))
    return float(np.mean(curve))


@pytest.fixture(scope="module")
def report():
    return build_ope_report(small_set(), three_runs())


def test_success_is_that_of_loops(report):
    for tracker in report.trackers:
        expected = {}
        for name in LENGTHS:
            (run,) = three_runs()[tracker.label][name]
            expected[name] = success_auc(run.boxes_xywh, truth_boxes(name))
            assert tracker.sequences[name]["success_auc"] == pytest.approx(expected[name])
        assert tracker.summary["success_auc"] == pytest.approx(np.mean(list(expected.values())))


def test_curves_have_their_thresholds(report):
    near = report.trackers[1]
    thresholds, precision = near.curves["precision"]
    assert thresholds.tolist() == list(range(51))
    # 3 px off: outside at 2 px but for the first frame of each (and of `hide` those without truth)
    counted = [1 / 30, 1 / 24, 6 / 40]
    assert precision[2] == pytest.approx(np.mean(counted))
    assert precision[3] == 1.0
    assert near.summary["precision_20"] == 1.0


def test_attributes_are_means_over_their_sequences(report):
    assert report.attributes == {"OCC": ("walk",), "SV": ("walk", "jump")}
    lost = report.trackers[2]
    walk, jump = (lost.sequences[name]["success_auc"] for name in ("walk", "jump"))
    assert lost.attributes["SV"]["success_auc"] == pytest.approx((walk + jump) / 2)
    assert lost.attributes["OCC"]["success_auc"] == pytest.approx(walk)


def test_convention_trackers_are_compared_with_the_first(report):
    comparisons = {(c.label, c.metric): c for c in report.comparisons}
    assert {label for label, _ in comparisons} == {"near", "lost"}
    assert {c.baseline for c in report.comparisons} == {"exact"}
    found = comparisons["lost", "success_auc"]
    rows = [
        report.trackers[2].sequences[name]["success_auc"]
        - report.trackers[0].sequences[name]["success_auc"]
        for name in LENGTHS
    ]
    assert found.difference == pytest.approx(np.mean(rows))
    assert found.low <= found.difference <= found.high
    assert (found.low, found.high) == pytest.approx((min(rows), max(rows)))  # 1 draw of 27 each
    assert (found.wins, found.losses) == (0, 3)
    assert found.is_clear
    assert not comparisons["near", "precision_20"].is_clear


def test_convention_intervals_are_over_sequences(report):
    """The bootstrap of three values, enumerated: 27 equally likely draws."""
    values = [row["success_auc"] for row in report.trackers[2].sequences.values()]
    draws = sorted(np.mean([a, b, c]) for a in values for b in values for c in values)
    low, high = report.trackers[2].intervals["success_auc"]
    assert low == pytest.approx(draws[0])  # 1 of 27 draws is 3.7 % > 2.5 %
    assert high == pytest.approx(draws[-1])


def test_convention_sequences_weigh_the_same():
    both = build_ope_report(small_set(), three_runs())
    lost = both.trackers[2]
    mean = np.mean([row["success_auc"] for row in lost.sequences.values()])
    assert lost.summary["success_auc"] == pytest.approx(mean)
    assert len({len(truth_boxes(name)) for name in LENGTHS}) == 3


def test_convention_runs_of_a_sequence_are_averaged_first():
    truth = truth_boxes("walk")
    runs = [
        Trajectory(moved(truth, 0.0)),
        Trajectory(moved(truth, 60.0, from_frame=0)),
        Trajectory(truth[10:], start=10),
    ]
    alone = SequenceSet("otb", (small_set()["walk"],))
    report = build_ope_report(alone, {"t": {"walk": runs}}, protocol="tre")
    expected = np.mean([20 / 21, 0.0, 20 / 21])
    assert report.trackers[0].summary["success_auc"] == pytest.approx(expected)
    assert report.protocol == "tre"
    assert any("mean over its starts" in note for note in report.notes)
    assert report.trackers[0].intervals == {}  # one sequence says nothing about others


def test_convention_absent_frames_follow_the_named_rules():
    """Under `lasot` a frame that `visible` calls absent is a miss, under `pysot` it is scored."""
    sequence = small_set()["walk"]
    visible = sequence.visible.copy()
    visible[5:20] = 0
    absent = SequenceSet("lasot", (replace(sequence, visible=visible),))
    runs = {"t": {"walk": [Trajectory(truth_boxes("walk"))]}}
    scored = build_ope_report(absent, runs).trackers[0].summary["success_auc"]
    missed = build_ope_report(absent, runs, convention="lasot").trackers[0].summary["success_auc"]
    assert scored == pytest.approx(20 / 21)
    assert missed == pytest.approx(20 / 21 * 15 / 30)


def test_every_convention_makes_a_report():
    for convention in ("otb", "lasot", "lasot_got10k", "uav", "trackingnet"):
        report = build_ope_report(small_set(), three_runs(), convention=convention)
        assert report.convention == convention
        assert convention in report.notes[0]
        assert len(summary_rows(report).rows) == 3
    assert "precision" in report.metrics  # the area of TrackingNet is not the value at 20 px
    assert "precision_20" not in report.metrics


def test_summary_rows_are_ranked_and_show_the_interval(report):
    table = summary_rows(report)
    assert table.columns == ["tracker", "AUC", "P@20", "Norm. P"]
    assert [row[0] for row in table.rows] == ["exact", "near", "lost"]
    reversed_runs = dict(reversed(three_runs().items()))
    again = summary_rows(build_ope_report(small_set(), reversed_runs))
    assert again.rows == table.rows
    low, high = report.trackers[2].intervals["success_auc"]
    score = report.trackers[2].summary["success_auc"]
    assert table.rows[2][1] == f"{score:.3f} [{low:.3f}, {high:.3f}]"


def test_sequences_beside_the_set_are_left_out():
    runs = three_runs()
    walk = SequenceSet("otb", (small_set()["walk"],))
    report = build_ope_report(walk, runs)
    assert list(report.frames) == ["walk"]
    assert list(report.trackers[0].sequences) == ["walk"]


def without(name):
    return {"t": {key: value for key, value in three_runs()["exact"].items() if key != name}}


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ({}, "0 trackers on 3 sequences"),
        (without("jump"), "t has no run of 1 sequences: jump"),
        ({"t": {**three_runs()["exact"], "jump": []}}, "no run of 1 sequences: jump"),
        (
            {"t": {**three_runs()["exact"], "jump": [Trajectory(truth_boxes("jump")[:9])]}},
            "t on jump: a run covers the frames 0 ... 8, the sequence ends with frame 23",
        ),
    ],
)
def test_runs_that_do_not_fit_are_refused(runs, words):
    with pytest.raises(InvalidArgument, match=words):
        build_ope_report(small_set(), runs)


def test_unknown_convention_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'pysot'"):
        build_ope_report(small_set(), three_runs(), convention="pyzot")
