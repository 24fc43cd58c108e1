"""MOTChallenge and CVAT exports from folders made by the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from siamcorr.data.sequences import load_dataset
from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError

NAN = [np.nan] * 4
INFO = "[Sequence]\nname={name}\nimDir=img1\nframeRate=30\nseqLength={total}\nimWidth=1920\n"
INFO += "imHeight=1080\nimExt=.jpg\n"


def mot(root, name, lines, *, total=2, info=True, labels=None):
    folder = root / name
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    for i in range(1, total + 1):
        (folder / "img1" / f"{i:06d}.jpg").touch()
    (folder / "gt" / "gt.txt").write_text("\n".join(lines) + "\n")
    if info:
        (folder / "seqinfo.ini").write_text(INFO.format(name=name, total=total))
    if labels:
        (folder / "gt" / "labels.txt").write_text("\n".join(labels) + "\n")
    return folder


def test_convention_mot_counts_frames_and_pixels_from_1(tmp_path):
    lines = [
        "1,10,1,1,30,40,1,1,0.5",
        "2,10,2,1,30,40,1,1,1",
        "2,9,5,6,7,8,1,3,0",
        "1,3,1,1,2,2,0,8,1",
    ]
    mot(tmp_path, "MOT17-02-FRCNN", lines)
    (sequence,) = load_dataset("mot", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh, [[NAN, [0, 0, 30, 40]], [[4, 5, 7, 8], [1, 0, 30, 40]]]
    )
    np.testing.assert_array_equal(sequence.visible, [[0, 0.5], [0, 1]])
    assert sequence.target_ids == ("9", "10")  # 3 is not considered
    assert sequence.target_classes == ("3", "1")
    assert sequence.frame_size == (1080, 1920)


def test_mot15_has_a_position_in_the_world_and_no_visibility(tmp_path):
    mot(tmp_path, "ADL", ["1,1,794.27,247.59,71.245,174.88,1,-1,-1,-1"], total=1, info=False)
    (sequence,) = load_dataset("mot", tmp_path)
    np.testing.assert_allclose(sequence.boxes_xywh, [[[793.27, 246.59, 71.245, 174.88]]])
    assert (sequence.visible.tolist(), sequence.target_classes) == ([[1]], ())


def test_convention_mot_from_cvat_counts_pixels_from_0_and_names_classes(tmp_path):
    lines = ["1,1,1363,569,103,241,1,2,0.86014", "2,1,1364,569,103,241,1,2,1"]
    folder = mot(tmp_path, "task", lines, info=False, labels=["cat", "dog"])
    (sequence,) = load_dataset("mot", folder)  # the export itself as root
    np.testing.assert_array_equal(sequence.boxes_xywh[0], [[1363, 569, 103, 241]])
    assert (sequence.name, sequence.class_of(0)) == ("task", "dog")
    assert sequence.visible[0, 0] == 0.86014


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1,1,2,3,4", r"gt\.txt, line 1: 5 numbers; expected frame, id"),
        ("3,1,2,3,4,5,1,1,1", "target '1' in frame 2, counted from 0, but there are 2 frames"),
        ("0,1,2,3,4,5,1,1,1", "target '1' in frame -1"),
        ("1.5,1,2,3,4,5,1,1,1", r"frame 1\.5 is no whole number"),
        ("1,x,2,3,4,5,1,1,1", "'x' is no finite number"),
        ("1,1,2,3,4,5,1,1,1\n1,1,2,3,4,5,1,1,1", "line 2: target '1' twice in frame 0"),
    ],
)
def test_malformed_mot(tmp_path, line, problem):
    mot(tmp_path, "a", [line])
    with pytest.raises(InvalidArgument, match=problem):
        load_dataset("mot", tmp_path)


def test_mot_that_does_not_fit(tmp_path):
    folder = mot(tmp_path, "a", ["1,1,2,3,4,5,1,1,1"], total=3)
    (folder / "img1" / "000002.jpg").unlink()
    with pytest.raises(
        InvalidArgument, match=r"seqLength is 3, but there are 2 frames in '.*img1'"
    ):
        load_dataset("mot", tmp_path)
    mot(tmp_path / "b", "b", ["1,1,2,3,4,5,1,3,1"], labels=["cat"])
    with pytest.raises(InvalidArgument, match=r"class 3, but labels\.txt names 1"):
        load_dataset("mot", tmp_path / "b")


def box(frame, x1, y1, x2, y2, *, outside=0, occluded=0, extra=""):
    return (
        f'<box frame="{frame}" outside="{outside}" occluded="{occluded}" keyframe="1" '
        f'xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}" z_order="0" {extra}></box>'
    )


def track(number, label, *boxes):
    return f'<track id="{number}" label="{label}" source="manual">{"".join(boxes)}</track>'


def cvat(folder, *tracks, names=("frame_000000.PNG", "frame_000001.PNG", "frame_000002.PNG")):
    folder.mkdir(parents=True, exist_ok=True)
    meta = "<meta><task><size>3</size><original_size><width>640</width><height>480</height>"
    meta += "</original_size></task></meta>"
    text = f"<annotations><version>1.1</version>{meta}{''.join(tracks)}</annotations>"
    (folder / "annotations.xml").write_text('<?xml version="1.0" encoding="utf-8"?>\n' + text)
    if names:
        (folder / "images").mkdir()
        for name in names:
            (folder / "images" / name).touch()


def test_convention_cvat_counts_from_0_and_outside_is_absent(tmp_path):
    ball = track(1, "ball", box(1, 5, 6, 8, 10), box(2, 5, 6, 8, 10, outside=1))
    cat = track(0, "cat", *(box(i, i, 0, 2.5 + i, 4, occluded=int(i == 1)) for i in range(3)))
    cvat(tmp_path, ball, cat)
    (sequence,) = load_dataset("cvat", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh,
        [[[0, 0, 2.5, 4], NAN], [[1, 0, 2.5, 4], [5, 6, 3, 4]], [[2, 0, 2.5, 4], NAN]],
    )
    np.testing.assert_array_equal(sequence.visible, [[1, 0], [1, 1], [1, 0]])
    np.testing.assert_array_equal(sequence.occluded[:, 0], [False, True, False])
    assert sequence.target_classes == ("cat", "ball")
    assert sequence.frame_size == (480, 640)


def test_gaps_between_keyframes_are_straight_lines(tmp_path):
    boxes = (
        box(0, 0, 0, 10, 10),
        box(2, 4, 0, 10, 20),
        box(3, 4, 0, 10, 20, outside=1),
        box(5, 1, 1, 2, 2),
    )
    cvat(tmp_path, track(0, "cat", *boxes), names=[f"frame_{i:06d}.png" for i in range(7)])
    (sequence,) = load_dataset("cvat", tmp_path)
    expected = [[0, 0, 10, 10], [2, 0, 8, 15], [4, 0, 6, 20], NAN, NAN, [1, 1, 1, 1], NAN]
    np.testing.assert_allclose(sequence.boxes_xywh[:, 0], expected)


def test_frames_of_a_task_with_a_step_keep_their_numbers(tmp_path):
    boxes = (box(10, 0, 0, 1, 1), box(20, 8, 0, 9, 1))
    cvat(
        tmp_path / "a",
        track(0, "cat", *boxes),
        names=[f"frame_{i:06d}.png" for i in (5, 10, 15, 20)],
    )
    cvat(tmp_path / "b", track(0, "cat", box(1, 1, 0, 2, 1)), names=["img2.png", "img10.png"])
    found = load_dataset("cvat", tmp_path)
    np.testing.assert_array_equal(found["a"].boxes_xywh[:, 0, 0], [np.nan, 0, 4, 8])
    np.testing.assert_array_equal(found["b"].boxes_xywh[:, 0, 0], [np.nan, 1])


def test_a_turned_box_counts_by_its_extent(tmp_path):
    turned = box(0, 10, 10, 18, 14, extra='rotation="90.0"')
    tilted = box(0, 0, 0, 2, 2, extra='rotation="45.0"')
    cvat(tmp_path, track(0, "a", turned), track(1, "b", tilted), names=("frame_000000.png",))
    half = math.sqrt(2)
    np.testing.assert_allclose(
        load_dataset("cvat", tmp_path)[tmp_path.name].boxes_xywh,
        [[[12, 8, 4, 8], [1 - half, 1 - half, 2 * half, 2 * half]]],
        atol=1e-12,
    )


def test_cvat_on_a_video(tmp_path):
    cvat(tmp_path, track(0, "cat", box(0, 0, 0, 1, 1), box(1, 1, 0, 2, 1)), names=())
    with VideoWriter(tmp_path / "clip.mp4", fps=10) as writer:
        for i in range(4):
            writer.write(np.full((48, 64, 3), 40 * i, np.uint8))
    (sequence,) = load_dataset("cvat", tmp_path)
    assert len(sequence) == 2
    np.testing.assert_allclose([frame.mean() for frame in sequence], [0, 40], atol=3)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ((), "holds nothing and no track; export the task as 'CVAT for video 1.1'"),
        (('<image id="0" name="a.png"/>',), "holds single images and no track"),
        ((track(0, "a", '<polygon frame="0"/>'),), "track 0: holds polygon; only tracks of boxes"),
        ((track(0, "a"),), "track 0: holds nothing"),
        ((track(0, "a", box(7, 0, 0, 1, 1)),), "a box in frame 7, which is none of the 3 frames"),
        ((track(0, "a", box(0, 0, 0, 1, 1) * 2),), "track 0: two boxes in frame 0"),
        ((track(0, "a", '<box frame="0" outside="0"/>'),), "<box> has no attribute 'xtl'"),
        ((track(0, "a", box(0, 0, 0, 1, "nan")),), "'nan' is no finite number"),
    ],
)
def test_malformed_cvat(tmp_path, content, problem):
    cvat(tmp_path / "a", *content)
    with pytest.raises(InvalidArgument, match=problem):
        load_dataset("cvat", tmp_path)


def test_cvat_without_frames(tmp_path):
    cvat(tmp_path, track(0, "a", box(0, 0, 0, 1, 1)), names=())
    with pytest.raises(SourceError, match=r"looked for: images/frame_000000\.png, or one video"):
        load_dataset("cvat", tmp_path)
