"""OTB: folders, several targets, official frame ranges, annotation JSON, the real sequences."""

from __future__ import annotations

import json

import numpy as np
import pytest

from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError

PUBLISHED_LENGTHS = {
    "Bird2": 99,
    "Couple": 140,
    "Crossing": 120,
    "Deer": 71,
    "Dog": 127,
    "DragonBaby": 113,
    "Girl": 500,
    "Jogging-1": 307,
    "Jogging-2": 307,
    "Man": 134,
    "MotorRolling": 164,
    "MountainBike": 228,
    "Skiing": 81,
    "Subway": 175,
    "Surfer": 376,
    "Vase": 271,
    "Woman": 597,
}


def make_video(root, name, frames, annotations, *, digits=4):
    """Frame files are empty: listing must not decode them."""
    images = root / name / "img"
    images.mkdir(parents=True)
    for number in frames:
        (images / f"{number:0{digits}d}.jpg").touch()
    for file, lines in annotations.items():
        (root / name / file).write_text("".join(f"{i},2,30,40\n" for i in lines))
    return root


def numbers(sequence):
    return [int(file.stem) for file in sequence.frame_files]


def test_convention_otb_counts_pixels_from_1(tmp_path):
    make_video(tmp_path, "Deer", [1, 2], {"groundtruth_rect.txt": [1, 2]})
    (sequence,) = load_dataset("otb", tmp_path)
    np.testing.assert_array_equal(sequence.boxes_xywh, [[[0, 1, 30, 40]], [[1, 1, 30, 40]]])
    np.testing.assert_array_equal(sequence.visible, [[1], [1]])


def test_two_targets_become_two_sequences(tmp_path):
    files = {"groundtruth_rect.1.txt": [1, 2], "groundtruth_rect.2.txt": [11, 12]}
    make_video(tmp_path, "Jogging", [1, 2], files)
    (tmp_path / "Jogging" / "attrs.txt").write_text("OCC, DEF,OPR\n")
    both = load_dataset("otb", tmp_path)
    assert both.names == ("Jogging-1", "Jogging-2")
    assert [s.boxes_xywh[0, 0, 0] for s in both] == [0, 10]
    assert both["Jogging-2"].attributes == ("OCC", "DEF", "OPR")
    only = load_dataset("otb", tmp_path, sequences=["Jogging-2"])
    assert only.names == ("Jogging-2",)


def test_an_empty_annotation_beside_a_filled_one_is_no_target(tmp_path):
    files = {"groundtruth_rect.1.txt": [], "groundtruth_rect.2.txt": [1, 2]}
    make_video(tmp_path, "Human4", [1, 2], files)
    assert load_dataset("otb", tmp_path).names == ("Human4",)


def test_one_target_of_jogging_keeps_its_number(tmp_path):
    make_video(tmp_path, "Jogging", [1, 2], {"groundtruth_rect.2.txt": [1, 2]})
    assert load_dataset("otb", tmp_path).names == ("Jogging-2",)


def test_plain_and_numbered_annotations_are_ambiguous(tmp_path):
    files = {"groundtruth_rect.txt": [1], "groundtruth_rect.1.txt": [1]}
    make_video(tmp_path, "Deer", [1], files)
    with pytest.raises(InvalidArgument, match="numbered ones too"):
        load_dataset("otb", tmp_path)


def test_the_only_annotation_may_not_be_empty(tmp_path):
    make_video(tmp_path, "Deer", [1], {"groundtruth_rect.txt": []})
    with pytest.raises(InvalidArgument, match=r"groundtruth_rect\.txt: is empty"):
        load_dataset("otb", tmp_path)


@pytest.mark.parametrize(
    ("name", "files", "lines", "first", "last"),
    [
        ("David", (1, 770), 471, 300, 770),
        ("Football1", (1, 81), 74, 1, 74),
        ("Freeman3", (1, 474), 460, 1, 460),
        ("Freeman4", (1, 297), 283, 1, 283),
        ("Diving", (1, 231), 215, 1, 215),
        ("BlurCar1", (247, 988), 742, 247, 988),
        ("BlurCar3", (3, 359), 357, 3, 359),
        ("BlurCar4", (18, 397), 380, 18, 397),
        ("Tiger1", (1, 354), 354, 6, 354),
        ("Tiger1", (1, 354), 349, 6, 354),
        ("David", (1, 471), 471, 1, 471),  # cut and numbered anew by its owner
        ("Deer", (1, 71), 71, 1, 71),
    ],
)
def test_convention_official_frame_ranges(tmp_path, name, files, lines, first, last):
    annotation = range(1, lines + 1)
    make_video(tmp_path, name, range(files[0], files[1] + 1), {"groundtruth_rect.txt": annotation})
    (sequence,) = load_dataset("otb", tmp_path)
    assert numbers(sequence) == list(range(first, last + 1))
    skipped = lines - len(sequence)  # annotations of frames before the official start
    assert sequence.boxes_xywh[0, 0, 0] == skipped
    assert sequence.boxes_xywh[-1, 0, 0] == lines - 1


def test_counts_that_do_not_fit_name_both(tmp_path):
    make_video(tmp_path, "Deer", range(1, 6), {"groundtruth_rect.txt": [1, 2, 3]})
    with pytest.raises(InvalidArgument, match=r"rect\.txt: 3 annotations, but 5 frames in .*img"):
        load_dataset("otb", tmp_path)


def test_frames_in_natural_order_and_without_strangers(tmp_path):
    make_video(tmp_path, "Deer", [10, 9, 100, 1], {"groundtruth_rect.txt": range(4)}, digits=1)
    (tmp_path / "Deer" / "img" / "Thumbs.db").touch()
    (tmp_path / "Deer" / "img" / "._9.jpg").touch()
    (sequence,) = load_dataset("otb", tmp_path)
    assert numbers(sequence) == [1, 9, 10, 100]


def test_a_video_without_frames_is_an_error_only_when_it_is_read(tmp_path):
    make_video(tmp_path, "Deer", [1], {"groundtruth_rect.txt": [1]})
    (tmp_path / "Man").mkdir()
    (tmp_path / "Man" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    assert load_dataset("otb", tmp_path, sequences=["Deer"]).names == ("Deer",)
    with pytest.raises(SourceError, match=r"Man/img: no folder of frames"):
        load_dataset("otb", tmp_path)


def write_json(path, content):
    path.write_text(json.dumps(content))
    return path


def test_pysot_json_gives_annotations_only(tmp_path):
    content = {
        "Basketball": {
            "img_names": ["Basketball/img/0001.jpg", "Basketball/img/0002.jpg"],
            "gt_rect": [[198, 214, 34, 81], [197, 214, 34, 81]],
            "attr": ["Occlusion", "Deformation"],
        },
        "Skating2-1": {"gt_rect": [[1, 1, 2, 2]]},
        "skating2_2": {"name": "Skating2", "gt_rect": [[5, 1, 2, 2]]},
        "human4_2": {"name": "Human4", "gt_rect": [[1, 1, 2, 2]]},
        "my_clip_3": {"gt_rect": [[1, 1, 2, 2]]},
    }
    found = load_dataset("otb", write_json(tmp_path / "OTB100.json", content))
    assert found.names == ("Basketball", "Skating2-1", "Skating2-2", "Human4", "my_clip_3")
    np.testing.assert_array_equal(found["Basketball"].boxes_xywh[0], [[197, 213, 34, 81]])
    assert found["Basketball"].attributes == ("Occlusion", "Deformation")
    assert found["Basketball"].frame_files is None
    with pytest.raises(InvalidArgument, match="only its annotations"):
        found["Basketball"].frame(0)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "'Deer': has no list `gt_rect`"),
        ({"gt_rect": []}, "the first annotation has not 4 or 8 numbers"),
        ({"gt_rect": [[1, 2, 3, 4], [1, 2, 3]]}, "frame 1: expected 4 numbers"),
        ({"gt_rect": [[1, 2, 3, 4], [1, 2, 3, "x"]]}, "frame 1: expected 4 numbers"),
        ({"gt_rect": [[1, 2, 3, 4]], "img_names": ["a", "b"]}, "1 annotations .* 2 frames"),
        ({"gt_rect": [[1, 2, 3, 4, 5, 6, 7, 8]]}, "expected x, y, w, h"),
        ({"gt_rect": [[1, 2, 3, 4]], "attr": "OCC"}, "a list in `attr`"),
    ],
)
def test_malformed_json_names_file_and_sequence(tmp_path, entry, problem):
    path = write_json(tmp_path / "OTB.json", {"Deer": entry})
    with pytest.raises(InvalidArgument, match=problem) as caught:
        load_dataset("otb", path)
    assert str(path) in str(caught.value)
    assert "Deer" in str(caught.value)


def test_json_that_is_none_or_names_a_sequence_twice(tmp_path):
    (tmp_path / "cut.json").write_text('{"Deer": ')
    with pytest.raises(InvalidArgument, match=r"cut\.json: is no JSON"):
        load_dataset("otb", tmp_path / "cut.json")
    twice = {"Jogging-1": {"gt_rect": [[1, 1, 2, 2]]}, "Jogging_1": {"gt_rect": [[1, 1, 2, 2]]}}
    with pytest.raises(InvalidArgument, match="2 sequences, but 1 names"):
        load_dataset("otb", write_json(tmp_path / "twice.json", twice))


def test_the_17_real_sequences(data_root):
    found = load_dataset("otb", data_root / "otb")
    assert {sequence.name: len(sequence) for sequence in found} == PUBLISHED_LENGTHS
    np.testing.assert_array_equal(found["Couple"].boxes_xywh[0], [[50, 46, 25, 62]])
    assert found["Deer"].frame(0).shape == (400, 704, 3)
    assert found["Deer"].frame_size == (400, 704)


def test_real_folder_and_real_json_agree(data_root):
    folder = load_dataset("otb", data_root / "otb")
    annotations = load_dataset("otb", data_root / "annotations" / "OTB100.json")
    assert len(annotations) == 100
    for sequence in folder:
        np.testing.assert_array_equal(sequence.boxes_xywh, annotations[sequence.name].boxes_xywh)


def test_official_ranges_are_the_frames_of_the_real_json(data_root):
    from siamcorr.data.sequences.otb import OFFICIAL_FRAMES

    content = json.loads((data_root / "annotations" / "OTB100.json").read_bytes())
    listed = {
        entry["name"]: [int(file.split(".")[0]) for file in entry["image_files"]]
        for entry in content.values()
    }
    for name, (first, last) in OFFICIAL_FRAMES.items():
        assert listed[name] == list(range(first, last + 1)), name
    others = [frames for name, frames in listed.items() if name not in OFFICIAL_FRAMES]
    assert all(frames == list(range(1, len(frames) + 1)) for frames in others)
