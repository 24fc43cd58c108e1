"""Reports of VOT and GOT-10k: which metrics, pooled intervals, attributes of frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_scenes import LENGTHS, SIZE, moved, small_set, three_runs, truth_boxes

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, UnknownName
from siamcorr.evaluation.report import (
    build_got10k_report,
    build_vot_report,
    report_page,
    report_record,
    summary_rows,
)
from siamcorr.evaluation.report.films import make_film, worst_sequences
from siamcorr.evaluation.results import Trajectory

T = 120
BOX = [10.0, 20.0, 30.0, 24.0]


def vot_set(folder_files=None) -> SequenceSet:
    boxes = np.tile(BOX, (T, 1, 1))
    blurred = np.zeros(T, bool)
    blurred[60:] = True
    first = AnnotatedSequence(
        "a", boxes, np.ones((T, 1)), frame_tags={"motion": blurred}, size=SIZE
    )
    return SequenceSet("vot", (first, replace(first, name="b", frame_tags={})))


def vot_run(*failures):
    """A perfect run that fails at some frames and starts again five frames later."""
    run = [1] + [np.array(BOX)] * (T - 1)
    for failure in failures:
        run[failure : failure + 6] = [2, 0, 0, 0, 0, 1]
    return run


RUNS = {
    "steady": {"a": [vot_run()], "b": [vot_run()]},
    "shaky": {"a": [vot_run(40, 80)], "b": [vot_run()]},
}


def test_vot_report_counts_failures_and_ranks_by_eao():
    report = build_vot_report(vot_set(), RUNS)
    steady, shaky = report.trackers
    assert report.headline == "eao"
    assert report.metrics == ("eao", "accuracy", "robustness", "failures")
    assert steady.summary["failures"] == 0
    assert shaky.summary["failures"] == 2
    assert shaky.summary["robustness"] == pytest.approx(100 * 2 / (2 * T))
    assert steady.summary["accuracy"] == shaky.summary["accuracy"] == 1.0
    assert steady.summary["eao"] == 1.0 > shaky.summary["eao"]
    assert [row[0] for row in summary_rows(report).rows] == ["steady", "shaky"]
    assert shaky.curves["eao"][0].tolist() == list(range(T))


def test_vot_failures_by_tag_are_those_on_tagged_frames():
    report = build_vot_report(vot_set(), RUNS)
    assert report.attributes == {"motion": ("a",)}
    assert report.trackers[1].attributes == {"motion": {"failures": 1.0}}  # frame 80, not 40
    assert report.attribute_metric == "failures"


def test_vot_interval_is_that_of_pooled_frames():
    """Two sequences of equal length: draws are (0, 2 or 4 failures) in 240 frames."""
    report = build_vot_report(vot_set(), RUNS)
    low, high = report.trackers[1].intervals["robustness"]
    assert (low, high) == pytest.approx((0.0, 100 * 4 / 240))
    assert "eao" not in report.trackers[1].intervals


def test_vot_comparison_says_which_is_better():
    comparisons = {c.metric: c for c in build_vot_report(vot_set(), RUNS).comparisons}
    assert set(comparisons) == {"accuracy", "failures"}
    assert comparisons["failures"].difference == 1.0
    assert (comparisons["failures"].wins, comparisons["failures"].losses) == (0, 1)


def test_short_sequences_have_no_eao_and_a_note_says_so():
    short = SequenceSet("vot", tuple(small_set()["walk"] for _ in range(1)))
    runs = {"t": {"walk": [[1, *truth_boxes("walk")[1:]]]}}
    report = build_vot_report(short, runs)
    assert report.headline == "accuracy"
    assert "eao" not in report.metrics
    assert any("No EAO: its interval begins at 100 frames" in note for note in report.notes)


def test_convention_worst_by_failures_where_there_are_any():
    assert worst_sequences(build_vot_report(vot_set(), RUNS), 1) == {"a": ("steady", "shaky")}


def test_film_of_regions_has_no_box_at_codes_and_marks_the_failure(tmp_path):
    sequence = small_set(tmp_path)["walk"]
    run = [1, *truth_boxes("walk")[1:]]
    run[10:16] = [2, 0, 0, 0, 0, 1]
    polygon = np.array([30.0, 20, 50, 20, 50, 36, 30, 36])
    run[20] = polygon
    film = make_film(sequence, {"t": run}, watched=["t"], count=3)
    (track,) = film.tracks
    assert track.first_failure == 10
    assert 10 in [frame.index for frame in film.frames]
    assert np.isnan(track.corners_xy[[0, 10, 12, 15]]).all()
    assert track.corners_xy[20].ravel().tolist() == polygon.tolist()
    x, y, w, h = truth_boxes("walk")[5]
    assert track.corners_xy[5].tolist() == [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]


def test_unknown_vot_convention_is_refused():
    with pytest.raises(UnknownName, match="known: vot2016"):
        build_vot_report(vot_set(), RUNS, convention="pysot")


def test_got10k_pools_frames_and_drops_the_first():
    sequences = SequenceSet("got10k", tuple(small_set()[n] for n in ("walk", "jump")))
    lost = three_runs()["lost"]
    report = build_got10k_report(sequences, {"lost": lost})
    # frames 1 ... 11 are exact, the others 60 px away; 29 and 23 frames count
    assert report.trackers[0].summary["sr_50"] == pytest.approx(22 / 52)
    assert report.trackers[0].summary["ao"] == pytest.approx(22 / 52)
    assert report.trackers[0].sequences["walk"]["ao"] == pytest.approx(11 / 29)
    low, high = report.trackers[0].intervals["ao"]
    assert (low, high) == pytest.approx((11 / 29, 11 / 23))
    assert report.headline == "ao"
    assert "mao" not in report.metrics


def test_got10k_repetitions_and_classes():
    names = ("walk", "jump")
    sequences = SequenceSet("got10k", tuple(small_set()[n] for n in names))
    twice = {
        name: [
            Trajectory(moved(truth_boxes(name), 0.0)),
            Trajectory(moved(truth_boxes(name), 60.0)),
        ]
        for name in names
    }
    classes = {"walk": "person", "jump": "animal"}
    report = build_got10k_report(sequences, {"t": twice}, classes=classes)
    assert report.trackers[0].summary["ao"] == pytest.approx(0.5)
    assert report.trackers[0].summary["mao"] == pytest.approx(0.5)
    assert report.metrics == ("ao", "sr_50", "sr_75", "mao", "msr_50", "msr_75")


def test_got10k_refuses_a_late_start():
    runs = {"t": {name: [Trajectory(truth_boxes(name)[3:], start=3)] for name in LENGTHS}}
    with pytest.raises(InvalidArgument, match="t on walk: a run has 27 frames from frame 3 on"):
        build_got10k_report(small_set(), runs)


def test_a_tracker_without_any_counted_frame_ranks_last_and_draws_nothing():
    """It fails at once after every start, so that no frame outlasts the burn-in."""
    always = [([1, 2, 0, 0, 0, 0] * (T // 6 + 1))[:T]]
    runs = {"hopeless": {"a": always, "b": always}, **RUNS}
    report = build_vot_report(vot_set(), runs)
    assert np.isnan(report.trackers[0].summary["accuracy"])
    assert report_record(report)["trackers"][0]["summary"]["accuracy"] is None
    assert [row[0] for row in summary_rows(report).rows] == ["steady", "shaky", "hopeless"]
    page = report_page(replace(report, headline="accuracy"))
    main = page[page.index("<main") : page.index("</main>")]
    assert "nan" not in main.lower()
    assert main.index("hopeless") > main.index("shaky")
