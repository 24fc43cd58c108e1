"""The files of a report: JSON bytes, Markdown, films, speed, what a second writing leaves."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_scenes import LENGTHS, small_set, some_responses, three_runs

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.report import (
    Report,
    TrackerReport,
    build_ope_report,
    report_json,
    report_markdown,
    speed_record,
    worst_sequences,
    write_report,
)
from siamcorr.evaluation.report.films import make_film
from siamcorr.evaluation.results import Trajectory


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    sequences, runs = small_set(folder / "data"), three_runs()
    report = build_ope_report(sequences, runs)
    files = write_report(
        report,
        folder / "out",
        sequence_set=sequences,
        runs=runs,
        responses=some_responses,
        machine={"processor": "abacus"},
        worst=1,
    )
    return report, sequences, runs, files


def test_convention_report_json_holds_no_time_path_or_host(written):
    _, _, _, files = written
    text = files.json.read_text()
    assert "second" not in text
    assert "fps" not in text
    assert "abacus" not in text
    assert "/" not in text.replace("\\/", "")
    assert not re.search(r"20\d\d-\d\d", text)


def test_json_is_sorted_rounded_and_equal_for_equal_runs(written):
    report, _, _, files = written
    text = files.json.read_text()
    again = build_ope_report(small_set(), three_runs())
    assert report_json(again) == text
    assert text.endswith("}\n")
    record = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    assert [key for key, _ in record] == sorted(key for key, _ in record)
    numbers = re.findall(r"-?\d+\.\d+", text)
    assert max(len(number.split(".")[1]) for number in numbers) == 6
    plain = json.loads(text)
    assert [tracker["label"] for tracker in plain["trackers"]] == ["exact", "near", "lost"]
    found = plain["trackers"][2]["summary"]["success_auc"]
    assert found == pytest.approx(report.trackers[2].summary["success_auc"], abs=5e-7)
    assert len(plain["trackers"][0]["curves"]["precision"]["y"]) == 51


def test_json_has_null_for_nan_and_no_negative_zero():
    summary = {"success_auc": -1e-9, "accuracy": math.nan}
    tracker = TrackerReport("t", summary, {}, {}, {"s": summary}, {})
    text = report_json(Report("otb", "ope", "pysot", "success_auc", (tracker,)))
    assert json.loads(text)["trackers"][0]["summary"] == {"accuracy": None, "success_auc": 0.0}
    assert "-0.0" not in text


def test_markdown_holds_the_tables_and_its_pictures_exist(written):
    report, _, _, files = written
    text = files.markdown.read_text()
    assert "# OTB: one-pass evaluation" in text
    assert f"| {report.trackers[2].summary['success_auc']:.3f} [" in text
    assert "## Compared with exact" in text
    assert "| OCC | 1 |" in text
    pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert len(pictures) == 3 + len(files.films)
    for path in pictures:
        assert cv2.imread(str(files.markdown.parent / path)) is not None
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_markdown_escapes_labels():
    rows = {"s": {"success_auc": 0.5}}
    tracker = TrackerReport("a|b_*c*[d](e)", rows["s"], {}, {}, rows, {})
    report = Report("otb", "ope", "pysot", "success_auc", (tracker,), frames={"s": 3})
    assert r"a\|b\_\*c\*\[d](e)" in report_markdown(report)


def test_films_are_of_the_worst_sequence_of_each_tracker(written):
    report, _, _, files = written
    worst = worst_sequences(report, 1)
    for tracker in report.trackers:
        lowest = min(LENGTHS, key=lambda name: tracker.sequences[name]["success_auc"])
        assert tracker.label in worst[lowest]
    assert set(files.films) == set(worst)
    assert worst_sequences(report, 0) == {}
    assert set(worst_sequences(report, 99)) == set(LENGTHS)


def test_convention_films_start_at_the_first_frame_and_show_the_first_miss(tmp_path):
    sequence = small_set(tmp_path)["walk"]
    runs = {label: of_tracker["walk"][0] for label, of_tracker in three_runs().items()}
    film = make_film(sequence, runs, watched=["lost"], count=3)
    assert [frame.index for frame in film.frames] == [0, 12, 14, 29]
    assert film.tracks[2].first_failure == 12
    with_maps = make_film(sequence, runs, responses=some_responses, count=2)
    assert [frame.index for frame in with_maps.frames] == [0, 4, 20]
    assert (with_maps.frames[0].picture == sequence.frame(0)).all()


def test_convention_a_missing_box_overlaps_nothing_and_an_absent_target_is_unknown(tmp_path):
    sequence = small_set(tmp_path)["hide"]
    boxes = three_runs()["exact"]["hide"][0].boxes_xywh.copy()
    boxes[7] = np.nan
    late = Trajectory(boxes[5:], start=5)
    (track,) = make_film(sequence, {"t": late}, count=2).tracks
    assert np.isnan(track.overlaps[:5]).all()  # before its start
    assert track.overlaps[6] == 1.0
    assert track.overlaps[7] == 0.0
    assert np.isnan(track.overlaps[20:25]).all()
    assert track.first_failure == 7


def test_speed_is_apart_and_only_of_timed_trackers(written):
    _, _, runs, files = written
    record = json.loads(files.speed.read_text())
    assert record["machine"] == {"processor": "abacus"}
    assert list(record["trackers"]) == ["exact"]
    assert record["trackers"]["exact"]["fps_mean"] == 100.0
    assert record["trackers"]["exact"]["frames"] == sum(LENGTHS.values()) - len(LENGTHS)
    untimed = {label: runs[label] for label in ("near", "lost")}
    assert speed_record(untimed) == {"machine": {}, "trackers": {}}


def test_a_second_writing_gives_equal_bytes_and_removes_old_films(written, tmp_path):
    report, sequences, runs, _ = written
    settings = {"sequence_set": sequences, "runs": runs, "responses": some_responses}
    first = write_report(report, tmp_path, worst=3, **settings)
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.*"))}
    assert len(first.films) == 3
    write_report(report, tmp_path, worst=3, **settings)
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.*"))} == before
    fewer = write_report(report, tmp_path, worst=0, **settings)
    assert fewer.films == {}
    assert not list(tmp_path.rglob("worst-*"))


def test_annotations_alone_give_a_report_without_films(tmp_path):
    report = build_ope_report(small_set(), three_runs())
    files = write_report(report, tmp_path, sequence_set=small_set(), runs=three_runs())
    assert files.films == {}
    assert 'id="films"' not in files.page.read_text()
    bare = write_report(report, tmp_path / "bare")
    assert bare.speed is None
    assert not (tmp_path / "bare" / "speed.json").exists()


def test_films_need_runs(tmp_path: Path):
    report = build_ope_report(small_set(), three_runs())
    with pytest.raises(InvalidArgument, match="need runs"):
        write_report(report, tmp_path, sequence_set=small_set())
    with pytest.raises(InvalidArgument, match="count must be at least 0"):
        write_report(report, tmp_path, worst=-1)
