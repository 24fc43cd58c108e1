"""`check_dataset`: every kind of problem is found and named, and the walk goes on behind it."""

from __future__ import annotations

import json
import threading

import cv2
import numpy as np
import pytest

from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError, UnknownName
from siamcorr.workflows.data_check import check_dataset
from siamcorr.workflows.data_problems import KINDS, write_report

BOX = "1,1,4,4"


def got10k(root, name, lines, *, frames=3, size=(20, 30), **files):
    """A sequence of frames of `size` (height, width) in GOT-10k's layout."""
    folder = root / name
    folder.mkdir(parents=True)
    for i in range(1, frames + 1):
        image = np.full((*size, 3), 50 + i, np.uint8)
        assert cv2.imwrite(str(folder / f"{i:08d}.jpg"), image)
    (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n")
    for file, content in files.items():
        (folder / file.replace("__", ".")).write_text(content)
    return folder


def found(report):
    return [(p.kind, p.sequence, p.frame) for p in report.problems]


def test_a_sound_set_has_no_problem(tmp_path):
    got10k(tmp_path, "a", [BOX] * 3)
    got10k(tmp_path, "b", [BOX, "-2,-2,4,4", "28,1,4,4"])  # two reach out of the frame
    report = check_dataset("got10k", tmp_path)
    assert found(report) == []
    assert (report.sequences, report.frames, report.boxes, report.reaching_out) == (2, 6, 6, 2)
    assert not report.interrupted


@pytest.mark.parametrize("workers", [1, 3])
def test_every_kind_of_problem_is_found_and_the_walk_goes_on(tmp_path, workers):
    boxes = [BOX, "1,1,0,4", "30,1,5,5", "1,1,nan,4", "nan,nan,nan,nan", "1,1,4,4"]
    got10k(tmp_path, "a_boxes", boxes, frames=6)
    cut = got10k(tmp_path, "b_cut", [BOX] * 3) / "00000002.jpg"
    cut.write_bytes(cut.read_bytes()[:-20])
    got10k(tmp_path, "c_length", [BOX] * 5)
    got10k(tmp_path, "d_words", [BOX, "one,1,2,3", BOX])
    got10k(tmp_path, "e_size", [BOX], frames=1, meta_info__ini="resolution: (31, 20)")
    (tmp_path / "list.txt").write_text("a_boxes\nb_cut\nc_length\nd_words\ne_size\nf_none\ng_end\n")
    got10k(tmp_path, "g_end", [BOX] * 3)
    report = check_dataset("got10k", tmp_path, workers=workers)
    assert found(report) == [
        ("NaN in a box", "a_boxes", 3),
        ("NaN in a box", "a_boxes", 4),
        ("degenerate box", "a_boxes", 1),
        ("box outside the frame", "a_boxes", 2),
        ("unreadable file", "b_cut", 1),
        ("length mismatch", "c_length", None),
        ("malformed annotation", "d_words", None),
        ("size differs", "e_size", 0),
        ("missing file", "f_none", None),
    ]
    assert report.sequences == 7
    assert report.frames == 6 + 2 + 3 + 0 + 1 + 0 + 3  # those of c_length are decoded as well
    assert set(report.counts()) == set(KINDS)
    details = {p.kind: p.detail for p in report.problems}
    assert details["box outside the frame"] == "x, y, w, h = 30, 1, 5, 5 in 30x20"
    assert details["size differs"] == "31x20 is stated, 30x20 on disk"
    assert "5 annotations, but 3 frames" in details["length mismatch"]
    assert "f_none: no folder of frames" in details["missing file"]


def test_absent_targets_are_not_judged(tmp_path):
    lines = [BOX, "0,0,0,0", "nan,nan,nan,nan"]
    got10k(tmp_path, "a", lines, absence__label="0\n1\n1\n")
    got10k(tmp_path, "b", [BOX])  # withheld behind the first frame
    report = check_dataset("got10k", tmp_path)
    assert (found(report), report.boxes, report.frames) == ([], 2, 6)


def test_frames_that_an_annotation_names_and_nobody_has(tmp_path):
    images = tmp_path / "val2017"
    images.mkdir()
    assert cv2.imwrite(str(images / "1.jpg"), np.zeros((6, 8, 3), np.uint8))
    content = {
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": 6, "width": 8} for i in (1, 2)],
        "annotations": [{"image_id": i, "category_id": 1, "bbox": [0, 0, 8, 6]} for i in (1, 2)],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    report = check_dataset("coco", tmp_path)
    assert (found(report), report.frames) == ([("missing file", "2", 0)], 1)


def test_masks_are_decoded_too(tmp_path):
    (tmp_path / "val2017").mkdir()
    assert cv2.imwrite(str(tmp_path / "val2017" / "1.jpg"), np.zeros((6, 8, 3), np.uint8))
    runs = ({"size": [6, 8], "counts": [7, 2, 39]}, {"size": [6, 8], "counts": [7, 2, 38]})
    entries = [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 1, 2]} for _ in runs]
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 6, "width": 8}],
        "annotations": [
            {**each, "segmentation": run} for each, run in zip(entries, runs, strict=True)
        ],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    report = check_dataset("coco", tmp_path)
    assert found(report) == [("malformed annotation", "1", 0)]
    assert "target 1: runs of 47 pixels in all for 6 x 8" in report.problems[0].detail


def test_annotations_without_frames(tmp_path):
    file = tmp_path / "OTB.json"
    file.write_text(json.dumps({"Deer": {"gt_rect": [[1, 1, 4, 4]]}}))
    assert found(check_dataset("otb", file)) == [("missing file", "Deer", None)]


def test_a_video_is_decoded_in_one_pass(tmp_path):
    for name, total in (("long", 5), ("short", 3)):
        with VideoWriter(tmp_path / f"{name}.mp4", fps=10) as writer:
            for _ in range(total):
                writer.write(np.full((48, 64, 3), 90, np.uint8))
        rows = "0,1,1,4,4\n1,70,1,4,4\n4,1,1,4,4\n"
        (tmp_path / f"{name}.csv").write_text("frame,x,y,w,h\n" + rows)
    report = check_dataset("boxes_csv", tmp_path, workers=2)
    assert found(report) == [
        ("box outside the frame", "long", 1),
        ("box outside the frame", "short", 1),
        ("unreadable file", "short", 3),
    ]
    assert report.frames == 8
    assert "'" in report.problems[2].detail
    assert "ends after 3" in report.problems[2].detail


def test_selection_progress_and_interruption(tmp_path):
    for name in ("a", "b", "c"):
        got10k(tmp_path, name, [BOX] * 3)
    seen = []
    check_dataset("got10k", tmp_path, sequences=["c", "a"], progress=lambda *at: seen.append(at))
    assert seen == [("a", 0, 2), ("c", 1, 2), ("", 2, 2)]
    with pytest.raises(UnknownName, match="got10k has no sequence 'd'"):
        check_dataset("got10k", tmp_path, sequences=["d"])
    before = threading.active_count()
    report = check_dataset("got10k", tmp_path, stop_requested=lambda: True)
    assert report.interrupted
    assert report.frames == 1
    assert threading.active_count() == before


def test_wrong_calls(tmp_path):
    with pytest.raises(SourceError, match="no got10k sequence in"):
        check_dataset("got10k", tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        check_dataset("got10k", tmp_path / "absent")
    with pytest.raises(InvalidArgument, match="workers must be at least 1, got 0"):
        check_dataset("got10k", tmp_path, workers=0)


def test_the_report_as_json(tmp_path):
    got10k(tmp_path / "set", "a", [BOX, "1,1,0,4", BOX])
    report = check_dataset("got10k", tmp_path / "set")
    write_report(report, tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["counts"] == {"degenerate box": 1}
    assert content["problems"] == [
        {
            "kind": "degenerate box",
            "sequence": "a",
            "frame": 1,
            "detail": "x, y, w, h = 1, 1, 0, 4",
        }
    ]
    assert (content["dataset"], content["frames"], content["boxes"]) == ("got10k", 3, 3)


@pytest.mark.parametrize(
    ("name", "folder", "sequence", "frames"),
    [("otb", "otb", "Deer", 71), ("vot", "vot2018", "bag", 196)],
)
def test_real_sequences_are_sound(data_root, name, folder, sequence, frames):
    report = check_dataset(name, data_root / folder, sequences=[sequence], workers=2)
    assert (found(report), report.frames, report.boxes) == ([], frames, frames)
