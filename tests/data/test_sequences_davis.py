"""DAVIS from folders made by the test: palettes, lists, boxes out of masks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from PIL import Image

from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError


def labels(*rectangles, size=(6, 9)):
    """Label image with `(label, x, y, w, h)` painted one over the other."""
    image = np.zeros(size, np.uint8)
    for label, x, y, w, h in rectangles:
        image[y : y + h, x : x + w] = label
    return image


def davis(root, name, images, *, palette=True, resolution="480p"):
    """A frame for every entry of `images`; None leaves the mask away."""
    frames, masks = (root / kind / resolution / name for kind in ("JPEGImages", "Annotations"))
    frames.mkdir(parents=True)
    masks.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.new("RGB", (9, 6)).save(frames / f"{i:05d}.jpg")
        if image is None:
            continue
        mask = Image.fromarray(image)
        if palette:
            mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
        mask.save(masks / f"{i:05d}.png")


def write_list(root, folder, name, lines):
    path = root / "ImageSets" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_convention_davis_boxes_cover_the_pixels_of_a_mask(tmp_path):
    davis(tmp_path, "bike", [labels((1, 2, 1, 3, 2), (2, 8, 5, 1, 1)), labels((1, 0, 0, 9, 6))])
    (sequence,) = load_dataset("davis", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh, [[[2, 1, 3, 2], [8, 5, 1, 1]], [[0, 0, 9, 6], [np.nan] * 4]]
    )
    np.testing.assert_array_equal(sequence.visible, [[1, 1], [1, 0]])
    assert (sequence.target_ids, sequence.frame_size) == (("1", "2"), (6, 9))
    assert sequence.frame(0).shape == (6, 9, 3)


def test_masks_are_those_of_one_target(tmp_path):
    image = labels((1, 2, 1, 3, 2), (2, 4, 0, 2, 3))
    davis(tmp_path, "bike", [image])
    sequence = pickle.loads(pickle.dumps(load_dataset("davis", tmp_path)["bike"]))
    assert sequence.has_masks
    for target, label in enumerate((1, 2)):
        mask = sequence.mask(0, target)
        assert mask.dtype == np.bool_
        np.testing.assert_array_equal(mask, image == label)


def test_davis_2016_masks_are_black_and_white(tmp_path):
    davis(tmp_path, "bear", [labels((255, 1, 1, 2, 2))], palette=False)
    (sequence,) = load_dataset("davis", tmp_path)
    np.testing.assert_array_equal(sequence.boxes_xywh, [[[1, 1, 2, 2]]])
    assert sequence.target_ids == ("255",)


def test_void_beside_objects_is_no_target(tmp_path):
    davis(tmp_path, "bear", [labels((1, 1, 1, 2, 2), (255, 5, 1, 2, 2))], palette=False)
    assert load_dataset("davis", tmp_path)["bear"].target_ids == ("1",)


def test_lists_choose_sequences_and_those_of_2016_merge_objects(tmp_path):
    for name in ("bear", "bike", "cows"):
        davis(tmp_path, name, [labels((1, 1, 1, 2, 2), (2, 5, 3, 2, 3)), labels()])
    val = write_list(tmp_path, "2017", "val.txt", ["cows", "bear"])
    assert load_dataset("davis", val).names == ("cows", "bear")
    assert load_dataset("davis", val)["bear"].boxes_xywh.shape == (2, 2, 4)
    line = "/JPEGImages/480p/bike/0000{i}.jpg /Annotations/480p/bike/0000{i}.png"
    old = write_list(tmp_path, "480p", "train.txt", [line.format(i=i) for i in range(2)])
    (merged,) = load_dataset("davis", old)
    assert merged.name == "bike"
    np.testing.assert_array_equal(merged.boxes_xywh, [[[1, 1, 6, 5]], [[np.nan] * 4]])
    np.testing.assert_array_equal(merged.mask(0), labels((1, 1, 1, 2, 2), (1, 5, 3, 2, 3)) == 1)
    assert not merged.mask(1).any()


def test_a_list_under_a_resolution_takes_that_resolution(tmp_path):
    davis(tmp_path, "bear", [labels((1, 1, 1, 2, 2))])
    davis(tmp_path, "bear", [labels((1, 3, 1, 4, 2))], resolution="1080p")
    lines = ["/JPEGImages/1080p/bear/00000.jpg /Annotations/1080p/bear/00000.png"]
    for folder, box in (("480p", [1, 1, 2, 2]), ("1080p", [3, 1, 4, 2])):
        (bear,) = load_dataset("davis", write_list(tmp_path, folder, "val.txt", lines))
        assert bear.boxes_xywh.tolist() == [[box]]
        assert folder in str(bear.frame_files[0])


def test_test_splits_annotate_the_first_frame(tmp_path):
    davis(tmp_path, "aerobatics", [labels((1, 1, 1, 2, 2)), None], resolution="Full-Resolution")
    (sequence,) = load_dataset("davis", tmp_path)
    np.testing.assert_array_equal(sequence.visible, [[1], [np.nan]])
    with pytest.raises(InvalidArgument, match="aerobatics: frame 1 has no mask file"):
        sequence.mask(1)


def test_damaged_masks(tmp_path):
    davis(tmp_path, "bear", [labels((1, 1, 1, 2, 2))])
    file = tmp_path / "Annotations" / "480p" / "bear" / "00000.png"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    with pytest.raises(SourceError, match=r"00000\.png: cannot be decoded as a mask"):
        load_dataset("davis", tmp_path)
    Image.new("RGB", (9, 6)).save(file)
    with pytest.raises(InvalidArgument, match=r"00000\.png: is no palette .* but of mode RGB"):
        load_dataset("davis", tmp_path)
    Image.new("L", (9, 6)).save(file)
    with pytest.raises(SourceError, match="no mask of these 1 frames holds an object"):
        load_dataset("davis", tmp_path)
