"""ImageNet VID and DET, and YouTube-BB, from folders made by the test."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError


def xml(*objects, size=(1280, 720)):
    """An annotation as published; an object is (track or None, class, x1, y1, x2, y2, occluded)."""
    text = f"<annotation><folder>f</folder><size><width>{size[0]}</width>"
    text += f"<height>{size[1]}</height></size>"
    for track, name, x1, y1, x2, y2, occluded in objects:
        text += "<object>" + (f"<trackid>{track}</trackid>" if track is not None else "")
        text += f"<name>{name}</name><bndbox><xmax>{x2}</xmax><xmin>{x1}</xmin><ymax>{y2}</ymax>"
        text += f"<ymin>{y1}</ymin></bndbox>"
        text += f"<occluded>{occluded}</occluded></object>"
    return text + "</annotation>"


def write(root, task, inner, files):
    """XML files and empty images of one folder of a split."""
    for name, content in files.items():
        annotation = root / "Annotations" / task / inner / f"{name}.xml"
        image = root / "Data" / task / inner / f"{name}.JPEG"
        for path in (annotation, image):
            path.parent.mkdir(parents=True, exist_ok=True)
        annotation.write_text(content)
        image.touch()


DOG, CAT = "n02084071", "n02121808"


def test_convention_vid_corners_count_from_0(tmp_path):
    write(
        tmp_path,
        "VID",
        "val/ILSVRC2015_val_00000000",
        {
            "000000": xml((10, CAT, 0, 1, 30, 41, 0), (2, DOG, 5, 6, 7, 9, 1)),
            "000001": xml(),
            "000002": xml((2, DOG, 6, 6, 8, 9, 0)),
        },
    )
    (sequence,) = load_dataset("imagenet_vid", tmp_path)
    absent = [np.nan] * 4
    np.testing.assert_array_equal(
        sequence.boxes_xywh,
        [[[5, 6, 2, 3], [0, 1, 30, 40]], [absent, absent], [[6, 6, 2, 3], absent]],
    )
    np.testing.assert_array_equal(sequence.visible, [[1, 1], [0, 0], [1, 0]])
    np.testing.assert_array_equal(sequence.occluded, [[True, False], [False] * 2, [False] * 2])
    assert (sequence.target_ids, sequence.target_classes) == (("2", "10"), (DOG, CAT))
    assert sequence.class_of(1) == CAT
    assert sequence.frame_size == (720, 1280)
    assert [file.name for file in sequence.frame_files] == [f"00000{i}.JPEG" for i in range(3)]
    assert all(file.is_file() for file in sequence.frame_files)


@pytest.mark.parametrize("outer", ["ILSVRC2015_VID_train_0000", "a"])
def test_vid_train_is_one_folder_deeper(tmp_path, outer):
    for i in range(2):
        inner = f"train/{outer}/ILSVRC2015_train_0000000{i}"
        write(tmp_path, "VID", inner, {"000000": xml((0, DOG, 1, 2, 3, 4, 0))})
    names = ("ILSVRC2015_train_00000000", "ILSVRC2015_train_00000001")
    for root in (tmp_path, tmp_path / "Annotations/VID/train", tmp_path / "Data/VID/train"):
        found = load_dataset("imagenet_vid", root)
        assert found.names == names
        assert found[names[1]].frame_files[0].parent.parent.name == outer


def test_several_splits_are_named(tmp_path):
    for split in ("train", "val"):
        write(tmp_path, "VID", f"{split}/s", {"000000": xml((0, DOG, 1, 2, 3, 4, 0))})
    with pytest.raises(SourceError, match=r"holds the splits train, val; give one of them"):
        load_dataset("imagenet_vid", tmp_path)
    with pytest.raises(SourceError, match="looked for: Annotations/DET/train"):
        load_dataset("imagenet_det", tmp_path / "Data" / "VID" / "val")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<annotation>", "is no XML"),
        ("<annotation/>", "<annotation> has no <size/width>"),
        (xml((0, "", 1, 2, 3, 4, 0)), "<object> has no <name>"),
        (xml((0, DOG, "one", 2, 3, 4, 0)), "'one' is no finite number"),
        (xml((0, DOG, 1, 2, 3, 4, 0), (0, DOG, 1, 2, 3, 4, 0)), "target '0' twice in frame 0"),
    ],
)
def test_malformed_annotations_name_the_file(tmp_path, content, problem):
    write(tmp_path, "VID", "val/s", {"000000": content})
    with pytest.raises(InvalidArgument, match=rf"000000\.xml: .*{problem}"):
        load_dataset("imagenet_vid", tmp_path)


def test_vid_without_its_frames(tmp_path):
    write(tmp_path, "VID", "val/s", {"000000": xml()})
    (tmp_path / "Data").rename(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match=r"no folder of frames, but '.*s' has annotations"):
        load_dataset("imagenet_vid", tmp_path)


def test_det_images_are_sequences_of_one_frame(tmp_path):
    two = xml((None, DOG, 0, 1, 30, 41, 0), (None, DOG, 5, 6, 7, 9, 0), size=(500, 375))
    write(tmp_path, "DET", "train/ILSVRC2013_train/n02084071", {"n02084071_10": two})
    write(tmp_path, "DET", "train/ILSVRC2014_train_0000", {"ILSVRC2014_train_00000001": xml()})
    found = load_dataset("imagenet_det", tmp_path)
    assert found.names == ("ILSVRC2014_train_00000001", "n02084071_10")
    assert found["ILSVRC2014_train_00000001"].boxes_xywh.shape == (1, 0, 4)
    dogs = found["n02084071_10"]
    np.testing.assert_array_equal(dogs.boxes_xywh, [[[0, 1, 30, 40], [5, 6, 2, 3]]])
    assert dogs.target_classes == (DOG, DOG)
    assert dogs.frame_size == (375, 500)
    assert dogs.frame_files[0].is_file()


def test_two_det_images_of_one_name(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path, "DET", f"train/{folder}", {"x": xml()})
    with pytest.raises(InvalidArgument, match=r"two images 'x': in '[ab]' and in '[ab]'"):
        load_dataset("imagenet_det", tmp_path)


ROWS = """AAB6lO-XiKE,238000,0,person,0,present,0.482,0.54,0.371,0.616
AAB6lO-XiKE,240000,0,person,0,present,0.5,0.75,0.25,0.5
AAB6lO-XiKE,239000,0,person,0,absent,-1.0,-1.0,-1.0,-1.0
AAB6lO-XiKE,239000,0,person,1,uncertain,0.0,1.0,0.0,1.0
a_b_1,1000,23,car,0,present,0.1,0.2,0.3,0.4
gone,1000,23,car,0,present,0.1,0.2,0.3,0.4
"""
FRAMES = (
    "0/AAB6lO-XiKE_239000_0_0",
    "0/AAB6lO-XiKE_240000_0_0",
    "0/AAB6lO-XiKE_239000_0_1",
    "23/a_b_1_1000_23_0",
)


def youtube_bb(root, split="train", rows=ROWS, frames=FRAMES, size=(200, 100)):
    root.mkdir(exist_ok=True)
    (root / f"yt_bb_detection_{split}.csv").write_text(rows)
    for name in frames:
        path = root / f"yt_bb_detection_{split}" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(path)
    return root


def test_convention_youtube_bb_boxes_are_shares_of_the_frame(tmp_path):
    found = load_dataset("youtube_bb", youtube_bb(tmp_path))
    assert found.names == ("AAB6lO-XiKE_0_0", "AAB6lO-XiKE_0_1", "a_b_1_23_0")
    person = found["AAB6lO-XiKE_0_0"]  # 238000 has no frame on disk; 239000 stands after 240000
    assert [file.name.split("_")[1] for file in person.frame_files] == ["239000", "240000"]
    np.testing.assert_array_equal(person.boxes_xywh[:, 0], [[np.nan] * 4, [100, 25, 50, 25]])
    np.testing.assert_array_equal(person.visible[:, 0], [0, 1])
    assert person.classes == {"object_class": "person"}
    np.testing.assert_array_equal(found["AAB6lO-XiKE_0_1"].boxes_xywh, [[[0, 0, 200, 100]]])
    np.testing.assert_allclose(found["a_b_1_23_0"].boxes_xywh, [[[20, 30, 20, 10]]])


def test_convention_youtube_bb_rows_without_a_box_are_absent(tmp_path):
    rows = """a,1000,0,person,0,uncertain,-1.0,-1.0,-1.0,-1.0
a,2000,0,person,0,present,0.5,0.25,0.1,0.2
a,3000,0,person,0,present,0.25,0.5,0.1,0.2
"""
    names = [f"0/a_{time}_0_0" for time in (1000, 2000, 3000)]
    (track,) = load_dataset("youtube_bb", youtube_bb(tmp_path, rows=rows, frames=names))
    np.testing.assert_array_equal(track.visible[:, 0], [0, 0, 1])
    np.testing.assert_allclose(track.boxes_xywh[:, 0], [[np.nan] * 4] * 2 + [[50, 10, 50, 10]])


def test_youtube_bb_turned_frames_have_the_size_they_are_read_with(tmp_path):
    youtube_bb(tmp_path, frames=FRAMES[:2])
    for name in FRAMES[:2]:
        path = tmp_path / "yt_bb_detection_train" / f"{name}.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (200, 100)).save(path, exif=exif)
    (sequence,) = load_dataset("youtube_bb", tmp_path)
    assert sequence.frame_size == sequence.frame(0).shape[:2] == (200, 100)
    np.testing.assert_array_equal(sequence.boxes_xywh[1, 0], [50, 50, 25, 50])


def test_youtube_bb_files_and_folders(tmp_path):
    both = youtube_bb(youtube_bb(tmp_path / "both"), split="validation")
    with pytest.raises(SourceError, match=r"holds yt_bb_detection_train\.csv, yt_bb_.*give one of"):
        load_dataset("youtube_bb", both)
    assert len(load_dataset("youtube_bb", both / "yt_bb_detection_validation.csv")) == 3
    empty = youtube_bb(tmp_path / "empty", frames=())
    with pytest.raises(SourceError, match="looked for: yt_bb_detection_train/CLASS_ID"):
        load_dataset("youtube_bb", empty)
    other = youtube_bb(tmp_path / "other", frames=("0/unknown_1_0_0",))
    with pytest.raises(SourceError, match="annotates none of the 1 tracks"):
        load_dataset("youtube_bb", other)
    short = youtube_bb(tmp_path / "short", rows="AAB6lO-XiKE,238000,0,person\n")
    with pytest.raises(InvalidArgument, match=r"line 1: 4 fields; expected youtube_id, "):
        load_dataset("youtube_bb", short)
