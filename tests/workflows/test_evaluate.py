"""The whole evaluation on tiny data sets in their published layouts, and on published results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from evaluation_scenes import walking_boxes, write_otb, write_vot
from fake_tracker import FakeTracker, fake_result

import siamcorr
from siamcorr.errors import InvalidArgument, SourceError, UnknownName
from siamcorr.evaluation.runner import RunsFailed
from siamcorr.workflows.evaluate import EvaluationRequest, evaluate
from siamcorr.workflows.result_files import format_of

LENGTHS = {"Deer": 8, "Dog": 6, "Girl": 11}


class StandingTracker(FakeTracker):
    """Keeps the first box."""

    def update(self, state, frame, *, responses=False):
        return state, fake_result(state.boxes_xywh, frame.shape[:2])


class FailingTracker(FakeTracker):
    def update(self, state, frame, *, responses=False):
        raise RuntimeError("out of order")


@dataclass(frozen=True)
class Spec:
    """What the workflow needs of a `TrackerSpec`."""

    label: str
    factory: type

    def __call__(self):
        return self.factory()

    def record(self):
        return {"name": self.factory.__name__}


WALK, STAND = Spec("walk", FakeTracker), Spec("stand", StandingTracker)


@pytest.fixture(scope="module")
def otb(tmp_path_factory):
    return write_otb(tmp_path_factory.mktemp("data") / "otb", LENGTHS)


def run(root, out, *trackers, dataset="otb", **options):
    return evaluate(EvaluationRequest(dataset, root, out, trackers, **options))


def summary_of(out):
    record = json.loads((out / "report.json").read_text())
    return {tracker["label"]: tracker["summary"] for tracker in record["trackers"]}


def standing_auc(frames):
    """Success of the kept first box by loops: the target walks 2 right and 1 down."""
    w, h = walking_boxes(1)[0, 2:]
    overlaps = []
    for t in range(frames):
        inner = max(w - 2 * t, 0) * max(h - t, 0)
        overlaps.append(inner / (2 * w * h - inner))
    return np.mean([np.mean([overlap > i / 20 for overlap in overlaps]) for i in range(21)])


def test_otb_from_frames_to_report(otb, tmp_path) -> None:
    done = run(otb, tmp_path, WALK, STAND, worst=1)
    assert not done.interrupted
    assert done.files is not None
    found = summary_of(tmp_path)
    assert found["walk"]["success_auc"] == pytest.approx(20 / 21, abs=1e-6)
    assert found["walk"]["precision_20"] == 1
    expected = np.mean([standing_auc(frames) for frames in LENGTHS.values()])
    assert found["stand"]["success_auc"] == pytest.approx(expected, abs=1e-6)
    for name in ("report.md", "report.html", "speed.json", "run.json"):
        assert (tmp_path / name).stat().st_size > 100
    assert (tmp_path / "runs" / "walk" / "Dog" / "001.npz").exists()
    assert list(tmp_path.glob("plots/*.png"))


def test_written_results_are_scored_like_the_runs_they_came_from(otb, tmp_path) -> None:
    run(otb, tmp_path / "made", WALK, STAND, worst=0)
    lines = (tmp_path / "made" / "otb" / "walk" / "Deer.txt").read_text().splitlines()
    assert lines[:2] == ["11.0,9.0,12.0,9.0", "13.0,10.0,12.0,9.0"]  # 1-based
    folder = tmp_path / "made" / "otb" / "stand"
    run(otb, tmp_path / "read", results={"foreign": folder}, worst=0)
    assert summary_of(tmp_path / "read")["foreign"] == summary_of(tmp_path / "made")["stand"]
    assert not (tmp_path / "read" / "runs").exists()


def test_the_report_holds_no_place_and_no_time(otb, tmp_path) -> None:
    run(otb, tmp_path / "one", WALK, STAND, worst=0)
    run(otb, tmp_path / "two", WALK, STAND, worst=0)
    text = (tmp_path / "one" / "report.json").read_bytes()
    assert text == (tmp_path / "two" / "report.json").read_bytes()
    assert str(tmp_path).encode() not in text
    before = (tmp_path / "one" / "runs" / "walk" / "Dog" / "001.npz").stat().st_mtime_ns
    run(otb, tmp_path / "one", WALK, STAND, worst=0)  # nothing is left to do
    assert (tmp_path / "one" / "runs" / "walk" / "Dog" / "001.npz").stat().st_mtime_ns == before
    assert text == (tmp_path / "one" / "report.json").read_bytes()


def test_a_report_is_about_what_was_asked_for_though_the_folder_holds_more(otb, tmp_path) -> None:
    run(otb, tmp_path, WALK, STAND, worst=0)
    run(otb, tmp_path, STAND, sequences=["Dog"], worst=0)
    record = json.loads((tmp_path / "report.json").read_text())
    assert [tracker["label"] for tracker in record["trackers"]] == ["stand"]
    assert record["frames"] == {"Dog": 6}


def test_vot_is_reset_and_written_as_vot_writes(tmp_path) -> None:
    root = write_vot(tmp_path / "vot", {"ball": 14})
    run(root, tmp_path / "out", STAND, dataset="vot", worst=0)
    lines = (tmp_path / "out/vot/stand/baseline/ball/ball_001.txt").read_text().splitlines()
    codes = [line if "," not in line else "box" for line in lines]
    # 12 x 9 pixels that walk 2 right leave the standing box after 6 frames
    assert codes[0] == "1"
    failure = codes.index("2")
    assert codes[1:failure] == ["box"] * (failure - 1)
    assert codes[failure + 1 : failure + 6] == ["0", "0", "0", "0", "1"]
    found = summary_of(tmp_path / "out")["stand"]
    assert found["failures"] == codes.count("2")
    assert found["robustness"] == pytest.approx(100 * codes.count("2") / 14, abs=1e-5)
    again = run(root, tmp_path / "again", dataset="vot", results={"x": tmp_path / "out/vot/stand"})
    assert again.report is not None
    assert summary_of(tmp_path / "again")["x"] == found


def test_tre_and_sre_have_many_runs(tmp_path) -> None:
    root = write_otb(tmp_path / "otb", {"Deer": 24})
    for protocol, count in (("tre", 17), ("sre", 12)):  # 5 frames of 24 have 20 to go
        out = tmp_path / protocol
        done = run(root, out, WALK, protocol=protocol, worst=0)
        assert done.report is not None
        assert done.report.protocol == protocol
        runs = [p for p in (out / "runs" / "walk" / "Deer").glob("*.npz") if p.stem.isdecimal()]
        assert len(runs) == count
    assert summary_of(tmp_path / "tre")["walk"]["success_auc"] == pytest.approx(20 / 21, abs=1e-6)
    assert 0.5 < summary_of(tmp_path / "sre")["walk"]["success_auc"] < 0.9


def test_a_failing_tracker_leaves_no_report_but_the_runs_of_the_others(otb, tmp_path) -> None:
    with pytest.raises(RunsFailed, match=r"3 runs failed.*\n.*tracker bad, sequence Girl, frame 1"):
        run(otb, tmp_path, WALK, Spec("bad", FailingTracker))
    assert not (tmp_path / "report.json").exists()
    assert len(list((tmp_path / "runs" / "walk").rglob("001.npz"))) == 3


def test_an_interrupted_evaluation_has_no_report(otb, tmp_path) -> None:
    request = EvaluationRequest("otb", otb, tmp_path, [WALK])
    done = evaluate(request, stop_requested=lambda: True)
    assert done.interrupted
    assert done.report is None
    assert not (tmp_path / "report.json").exists()


def test_formats_of_data_sets() -> None:
    known = {
        (dataset, protocol): format_of(dataset, protocol)
        for dataset in ("otb", "lasot", "got10k", "trackingnet", "vot")
        for protocol in ("ope", "vot", "tre")
    }
    written = {key: name for key, name in known.items() if name is not None}
    assert written == {
        ("otb", "ope"): "otb",
        ("lasot", "ope"): "otb",
        ("got10k", "ope"): "got10k",
        ("trackingnet", "ope"): "trackingnet",
        ("vot", "vot"): "vot",
    }


def annotations_only(tmp_path):
    path = tmp_path / "OTB.json"
    entry = {"image_files": ["a", "b"], "init_rect": [1, 1, 9, 9], "gt_rect": [[1, 1, 9, 9]] * 2}
    path.write_text(json.dumps({"Deer": entry | {"attr": [], "video_dir": "Deer"}}))
    return path


def test_trackers_need_frames(tmp_path) -> None:
    with pytest.raises(InvalidArgument, match="annotations but no frames of Deer"):
        run(annotations_only(tmp_path), tmp_path / "out", WALK)
    assert not (tmp_path / "out").exists()


def own_video(tmp_path, rows):
    import cv2

    folder = tmp_path / "walk"
    folder.mkdir()
    for frame in range(3):
        cv2.imwrite(str(folder / f"{frame}.png"), np.full((40, 60, 3), 90, np.uint8))
    table = tmp_path / "walk.csv"
    table.write_text("frame,id,x,y,w,h\n" + "\n".join(rows) + "\n")
    return table


def test_own_annotations_beside_frames_are_a_data_set(tmp_path) -> None:
    table = own_video(tmp_path, ["0,a,10,10,12,8", "1,a,16,10,12,8", "2,a,10,10,12,8"])
    run(table, tmp_path / "out", STAND, dataset="boxes_csv")
    # overlaps 1, 6 / 18 and 1; of the thresholds 0, .05, ... 1 they exceed 20, 7 and 20
    auc = summary_of(tmp_path / "out")["stand"]["success_auc"]
    assert auc == pytest.approx((20 + 7 + 20) / 3 / 21, abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["0,a,1,1,9,9", "0,b,1,1,9,9"], "walk has 2 targets; the protocols follow one"),
        (["1,a,1,1,9,9"], "walk has a target that its first frame lacks"),
    ],
)
def test_sequences_without_one_target_are_refused(tmp_path, rows, sentence) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        run(own_video(tmp_path, rows), tmp_path / "out", WALK, dataset="boxes_csv")


@pytest.mark.parametrize(
    ("trackers", "options", "error", "sentence"),
    [
        ((), {}, InvalidArgument, "neither a tracker nor results are given"),
        ((WALK, WALK), {}, InvalidArgument, "walk is the label of several"),
        ((WALK,), {"results": {"walk": Path()}}, InvalidArgument, "walk is the label of several"),
        ((WALK,), {"protocol": "opa"}, UnknownName, "unknown protocol 'opa'; did you mean 'ope'"),
        ((WALK,), {"convention": "pysit"}, UnknownName, "unknown convention 'pysit' for otb .*pys"),
        ((WALK,), {"convention": "vot2018"}, UnknownName, "unknown convention 'vot2018' for otb"),
        ((WALK,), {"sequences": ["Deet"]}, UnknownName, "no sequence 'Deet'; did you mean 'Deer'"),
        ((), {"results": {"x": Path("absent")}}, SourceError, "absent: no such folder"),
    ],
)
def test_wrong_requests_are_refused_before_anything_is_run(
    otb, tmp_path, trackers, options, error, sentence
) -> None:
    with pytest.raises(error, match=f"(?s){sentence}"):
        run(otb, tmp_path / "out", *trackers, **options)
    assert not (tmp_path / "out").exists()


def test_results_of_another_length_or_without_a_format_are_refused(otb, tmp_path) -> None:
    folder = tmp_path / "foreign"
    folder.mkdir()
    for name, frames in LENGTHS.items():
        (folder / f"{name}.txt").write_text("1,1,5,5\n" * (frames + (name == "Girl")))
    with pytest.raises(InvalidArgument, match="the results of Girl have 12 lines for 11 frames"):
        run(otb, tmp_path / "out", results={"x": folder})
    with pytest.raises(InvalidArgument, match="under the protocol tre have no file format here"):
        run(otb, tmp_path / "out", results={"x": folder}, protocol="tre")
    (folder / "Dog.txt").unlink()
    with pytest.raises(SourceError, match=r"Dog.txt"):
        run(otb, tmp_path / "out", results={"x": folder})


def test_published_siamfc_on_otb(data_root, tmp_path) -> None:
    annotations = data_root / "annotations" / "OTB100.json"
    folder = data_root / "raw_results" / "otb100" / "SiamFC-3s"
    run(annotations, tmp_path, results={"SiamFC-3s": folder}, worst=0)
    found = summary_of(tmp_path)["SiamFC-3s"]
    assert found["success_auc"] == pytest.approx(0.5824, abs=1e-4)
    assert found["precision_20"] == pytest.approx(0.7705, abs=1e-4)


@pytest.mark.slow
def test_published_nanotrack_on_vot2018(data_root, tmp_path) -> None:
    annotations = data_root / "annotations" / "VOT2018.json"
    folder = data_root / "raw_results" / "vot2018" / "NanoTrack"
    run(annotations, tmp_path, dataset="vot", results={"NanoTrack": folder}, worst=0)
    found = summary_of(tmp_path)["NanoTrack"]
    assert found["accuracy"] == pytest.approx(0.5424, abs=1e-4)
    assert found["robustness"] == pytest.approx(0.3278, abs=1e-4)
    assert found["failures"] == 70
    assert found["eao"] == pytest.approx(0.3113, abs=1e-4)


@pytest.mark.slow
def test_two_ranks_write_the_bytes_of_one_process(otb, tmp_path) -> None:
    """With a real tracker that draws random numbers, so that who runs what could matter."""
    siamcorr_root = str(Path(siamcorr.__file__).parents[1])
    arguments = ["evaluate", "--dataset", "otb", "--root", str(otb), "--tracker", "opencv_mil"]
    environment = {
        **{key: value for key, value in os.environ.items() if key not in ("RANK", "WORLD_SIZE")},
        "PYTHONPATH": siamcorr_root,
        "OMP_NUM_THREADS": "1",
    }
    launchers = {
        "one": [sys.executable, "-m", "siamcorr"],
        "ranks": [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "siamcorr"),
        ],
    }
    for name, launcher in launchers.items():
        done = subprocess.run(
            [*launcher, *arguments, "--out", str(tmp_path / name)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    one, ranks = (tmp_path / name / "report.json" for name in launchers)
    assert one.read_bytes() == ranks.read_bytes()
