"""GOT-10k, LaSOT and TrackingNet from folders made by the test."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError

META = """[METAINFO]
url: https://youtu.be/b0ZnfLI8YPw
begin: 00:00:15
anno_fps: 10Hz
object_class: bear
motion_class: walking
major_class: ursid
resolution: (1920, 1080)"""


def make_frames(folder, names):
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def got10k_sequence(split, name, lines, **files):
    folder = make_frames(split / name, [f"{i:08d}.jpg" for i in (1, 2, 3)])
    (folder / "groundtruth.txt").write_text("".join(f"{line}\n" for line in lines))
    for file, content in files.items():
        (folder / file.replace("__", ".")).write_text(content)
    return folder


def test_convention_got10k_boxes_stay_and_cover_is_in_eighths(tmp_path):
    got10k_sequence(
        tmp_path / "val",
        "GOT-10k_Val_000001",
        ["1.0000,0.0000,30.5000,40.0000"] * 3,
        cover__label="8\n4\n0\n",
        absence__label="0\n0\n1\n",
        cut_by_image__label="0\n1\n0\n",
        meta_info__ini=META,
    )
    (sequence,) = load_dataset("got10k", tmp_path / "val")
    np.testing.assert_array_equal(sequence.boxes_xywh[0], [[1, 0, 30.5, 40]])
    np.testing.assert_array_equal(sequence.visible[:, 0], [1, 0.5, 0])
    np.testing.assert_array_equal(sequence.frame_tags["cut_by_image"], [False, True, False])
    np.testing.assert_array_equal(sequence.frame_tags["absence"], [False, False, True])
    assert sequence.classes == {
        "object_class": "bear",
        "motion_class": "walking",
        "major_class": "ursid",
    }
    assert sequence.frame_size == (1080, 1920)


def test_got10k_test_split_annotates_the_first_frame(tmp_path):
    got10k_sequence(tmp_path, "GOT-10k_Test_000001", ["1,2,3,4"])
    (sequence,) = load_dataset("got10k", tmp_path)
    assert sequence.boxes_xywh.shape == (3, 1, 4)
    np.testing.assert_array_equal(np.isnan(sequence.boxes_xywh[:, 0, 0]), [False, True, True])
    np.testing.assert_array_equal(sequence.visible[:, 0], [1, np.nan, np.nan])


def test_got10k_without_cover_uses_absence_or_counts_all_as_visible(tmp_path):
    got10k_sequence(tmp_path, "a", ["1,2,3,4"] * 3, absence__label="0\n1\n0\n")
    got10k_sequence(tmp_path, "b", ["1,2,3,4"] * 3)
    found = load_dataset("got10k", tmp_path)
    np.testing.assert_array_equal(found["a"].visible[:, 0], [1, 0, 1])
    np.testing.assert_array_equal(found["b"].visible[:, 0], [1, 1, 1])


def test_got10k_list_is_followed(tmp_path):
    for name in ("a", "b", "c"):
        got10k_sequence(tmp_path, name, ["1,2,3,4"])
    (tmp_path / "list.txt").write_text("c\na\n")
    assert load_dataset("got10k", tmp_path).names == ("c", "a")


def test_got10k_root_above_the_splits_names_them(tmp_path):
    got10k_sequence(tmp_path / "val", "a", ["1,2,3,4"])
    (tmp_path / "test").mkdir()
    with pytest.raises(SourceError, match=r"holds the splits val, test; give one of them"):
        load_dataset("got10k", tmp_path)


@pytest.mark.parametrize(
    ("lines", "files", "problem"),
    [
        (["1,2,3,4"] * 2, {}, r"groundtruth\.txt: 2 annotations, but 3 frames"),
        (["1,2,3,4"] * 3, {"cover__label": "8\n9\n0\n"}, r"cover\.label, line 2: 9 is not one"),
        (["1,2,3,4"] * 3, {"cover__label": "8\n8\n"}, r"cover\.label: 2 values for 3 frames"),
        (["1,2,3,4"], {"meta_info__ini": "resolution: 1920x1080"}, "not of the form"),
        ([",".join("12345678")] * 3, {}, "8 numbers; expected 4"),
    ],
)
def test_malformed_got10k(tmp_path, lines, files, problem):
    got10k_sequence(tmp_path, "a", lines, **files)
    with pytest.raises(InvalidArgument, match=problem):
        load_dataset("got10k", tmp_path)


def lasot_sequence(folder, *, boxes=("1,1,30,40", "2,1,30,40", "0,0,0,0"), flags=True):
    make_frames(folder / "img", [f"{i:08d}.jpg" for i in (1, 2, 3)])
    (folder / "groundtruth.txt").write_text("\n".join(boxes))
    if flags:
        (folder / "full_occlusion.txt").write_text("0,1,0")
        (folder / "out_of_view.txt").write_text("0,0,1")
        (folder / "nlp.txt").write_text("a white airplane")


def test_convention_lasot_counts_from_1_and_hides_occluded_targets(tmp_path):
    lasot_sequence(tmp_path / "airplane" / "airplane-1")
    (sequence,) = load_dataset("lasot", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh[:, 0], [[0, 0, 30, 40], [1, 0, 30, 40], [-1, -1, 0, 0]]
    )
    np.testing.assert_array_equal(sequence.visible[:, 0], [1, 0, 0])
    np.testing.assert_array_equal(sequence.frame_tags["full_occlusion"], [False, True, False])
    np.testing.assert_array_equal(sequence.frame_tags["out_of_view"], [False, False, True])
    assert sequence.classes == {"object_class": "airplane"}


@pytest.mark.parametrize("layout", ["{category}/{category}-{i}", "{category}-{i}"])
def test_lasot_nested_and_flat_in_natural_order(tmp_path, layout):
    for category in ("zebra", "kite"):
        for i in (10, 2):
            lasot_sequence(tmp_path / layout.format(category=category, i=i))
    assert load_dataset("lasot", tmp_path).names == ("kite-2", "kite-10", "zebra-2", "zebra-10")


def test_two_lasot_sequences_of_one_name_are_an_error(tmp_path):
    for split in ("test", "train"):
        lasot_sequence(tmp_path / split / "kite-1")
    with pytest.raises(InvalidArgument, match=r"two sequences 'kite-1': '.*test.*' and '.*train"):
        load_dataset("lasot", tmp_path)


def test_lasot_without_absence_flags_is_an_error(tmp_path):
    lasot_sequence(tmp_path / "kite-1", flags=False)
    with pytest.raises(SourceError, match=r"full_occlusion\.txt: cannot be read"):
        load_dataset("lasot", tmp_path)


def test_convention_trackingnet_boxes_stay_and_frames_are_in_natural_order(tmp_path):
    make_frames(tmp_path / "frames" / "0-6LB4", [f"{i}.jpg" for i in range(12)])
    (tmp_path / "anno").mkdir()
    (tmp_path / "anno" / "0-6LB4.txt").write_text("-1.5,0,30,40\n")
    (sequence,) = load_dataset("trackingnet", tmp_path)
    assert [int(file.stem) for file in sequence.frame_files] == list(range(12))
    np.testing.assert_array_equal(sequence.boxes_xywh[0], [[-1.5, 0, 30, 40]])
    assert np.isnan(sequence.boxes_xywh[1:]).all()
    assert np.isnan(sequence.visible[1:]).all()


def test_trackingnet_train_chunk_is_fully_annotated(tmp_path):
    chunk = tmp_path / "TRAIN_0"
    make_frames(chunk / "frames" / "a", ["0.jpg", "1.jpg"])
    (chunk / "anno").mkdir()
    (chunk / "anno" / "a.txt").write_text("1,2,3,4\n5,6,7,8\n")
    (sequence,) = load_dataset("trackingnet", chunk)
    np.testing.assert_array_equal(sequence.visible, [[1], [1]])
    with pytest.raises(SourceError, match="holds the chunks TRAIN_0; give one of them"):
        load_dataset("trackingnet", tmp_path)


def test_trackingnet_frames_that_are_not_unpacked(tmp_path):
    (tmp_path / "anno").mkdir()
    (tmp_path / "anno" / "a.txt").write_text("1,2,3,4\n")
    with pytest.raises(SourceError, match=r"frames/a: no folder of frames"):
        load_dataset("trackingnet", tmp_path)
