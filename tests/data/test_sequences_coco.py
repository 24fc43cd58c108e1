"""COCO from a folder made by the test; polygons and run-length codes against loops."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from siamcorr.data.sequences import load_dataset
from siamcorr.data.sequences.coco_masks import decode_counts, decode_segmentation, polygon_mask
from siamcorr.errors import InvalidArgument, SourceError

SQUARE = [[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]]
RUNS = {"size": [6, 8], "counts": [7, 2, 39]}  # column 1: rows 1 and 2


def instances(**changes):
    content = {
        "images": [
            {"id": 9, "file_name": "000000000009.jpg", "height": 6, "width": 8},
            {"id": 25, "file_name": "000000000025.jpg", "height": 6, "width": 8},
            {"id": 30, "file_name": "000000000030.jpg", "height": 6, "width": 8},
        ],
        "annotations": [
            annotation(100, 9, 18, [1.0, 1.0, 3.0, 2.0], SQUARE),
            annotation(101, 25, 1, [0.5, 0, 2, 2.5], SQUARE),
            annotation(102, 9, 1, [1, 1, 1, 2], RUNS),
            annotation(103, 9, 1, [0, 0, 8, 6], RUNS, iscrowd=1),
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}],
    }
    return {**content, **changes}


def annotation(number, image, category, box, segmentation, iscrowd=0):
    entry = {"id": number, "image_id": image, "category_id": category, "bbox": box}
    return {**entry, "segmentation": segmentation, "iscrowd": iscrowd, "area": 1.0}


def coco(root, content=None, *, split="val2017", images="val2017"):
    content = instances() if content is None else content
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    file = root / "annotations" / f"instances_{split}.json"
    file.write_text(json.dumps(content))
    (root / images).mkdir(parents=True, exist_ok=True)
    for image in content["images"]:
        Image.new("RGB", (8, 6)).save(root / images / image["file_name"])
    return file


@pytest.mark.parametrize("images", ["val2017", "images/val2017", "images", "annotations"])
def test_convention_coco_boxes_stay_and_crowds_are_no_targets(tmp_path, images):
    coco(tmp_path, images=images)
    found = load_dataset("coco", tmp_path)
    assert found.names == ("000000000009", "000000000025")
    sequence = found["000000000009"]
    np.testing.assert_array_equal(sequence.boxes_xywh, [[[1, 1, 3, 2], [1, 1, 1, 2]]])
    np.testing.assert_array_equal(sequence.visible, [[1, 1]])
    assert (sequence.target_ids, sequence.target_classes) == (("100", "102"), ("dog", "person"))
    assert sequence.frame_size == sequence.frame(0).shape[:2] == (6, 8)


def test_masks_of_instances(tmp_path):
    sequence = pickle.loads(pickle.dumps(load_dataset("coco", coco(tmp_path))["000000000009"]))
    square, column = np.zeros((2, 6, 8), bool)
    square[1:3, 1:4] = True
    column[1:3, 1] = True
    assert sequence.has_masks
    np.testing.assert_array_equal(sequence.mask(0, 0), square)
    np.testing.assert_array_equal(sequence.mask(0, 1), column)


def test_an_image_has_masks_where_all_its_targets_have(tmp_path):
    content = instances()
    del content["annotations"][2]["segmentation"]
    found = load_dataset("coco", coco(tmp_path, content))
    assert [sequence.has_masks for sequence in found] == [False, True]


@pytest.mark.parametrize("segmentation", [[{"a": 1}], [["one", 2]], [[[1, 2], [3]]]])
def test_a_segmentation_of_no_numbers_names_its_annotation(tmp_path, segmentation):
    entries = [annotation(70, 1, 18, [1, 1, 3, 3], segmentation)]
    with pytest.raises(InvalidArgument, match="annotation of id 70: `segmentation` holds"):
        load_dataset("coco", coco(tmp_path, instances(annotations=entries)))


def test_several_splits_are_named(tmp_path):
    coco(tmp_path)
    train = coco(tmp_path, split="train2017", images="train2017")
    with pytest.raises(SourceError, match=r"holds instances_train2017\.json, instances_val2017"):
        load_dataset("coco", tmp_path)
    assert load_dataset("coco", train)["000000000025"].frame_files[0].parts[-2] == ("train2017")


def test_images_that_are_elsewhere(tmp_path):
    file = coco(tmp_path)
    (tmp_path / "val2017").rename(tmp_path / "pictures")
    with pytest.raises(SourceError, match=r"looked for: 000000000009\.jpg in .*val2017, .*images"):
        load_dataset("coco", file)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"annotations": []}, "has no list `annotations`"),
        ({"categories": [{"id": 1}]}, r"categories\[0\]: has no name"),
        (
            {"annotations": [annotation(1, 77, 1, [0, 0, 1, 1], SQUARE)]},
            "annotation 0: of image 77",
        ),
        ({"annotations": [annotation(1, 9, 5, [0, 0, 1, 1], SQUARE)]}, "category 5, which"),
        ({"annotations": [annotation(1, 9, 1, [0, 0, 1], SQUARE)]}, "is not four finite numbers"),
        ({"annotations": [annotation(1, 9, 1, [0, 0, 1, None], SQUARE)]}, "not four finite"),
    ],
)
def test_malformed_files(tmp_path, changes, problem):
    with pytest.raises(InvalidArgument, match=problem):
        load_dataset("coco", coco(tmp_path, instances(**changes)))


def test_no_json(tmp_path):
    file = coco(tmp_path)
    file.write_text("[1, 2")
    with pytest.raises(InvalidArgument, match=r"instances_val2017\.json: is no JSON"):
        load_dataset("coco", file)


def inside(corners, x, y):
    """Whether a ray from (x, y) to the right crosses the outline an odd number of times."""
    odd = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


# eighths away from pixel centres, so that neither rule meets a tie
coordinate = st.integers(-16, 80).map(lambda i: i / 8 + 1 / 32)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9))
def test_polygons_equal_the_ray_test_at_every_pixel_centre(corners):
    mask = polygon_mask(np.array(corners), (7, 9))
    twin = [[inside(corners, column + 0.5, row + 0.5) for column in range(9)] for row in range(7)]
    np.testing.assert_array_equal(mask, twin)


def test_several_polygons_are_joined():
    polygons = [np.array([0.0, 0, 2, 0, 2, 2, 0, 2]), np.array([1.0, 1, 3, 1, 3, 3, 1, 3])]
    expected = [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    np.testing.assert_array_equal(decode_segmentation(polygons, (3, 3), "x"), expected)


def encode(counts):
    """COCO's compression, written out: 5 bits a character, differences from the fourth on."""
    text = ""
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            done = value == (-1 if bits & 16 else 0)
            text += chr(48 + bits + (0 if done else 32))
            if done:
                break
    return text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12))
def test_compressed_counts_come_back(counts):
    assert decode_counts(encode(counts)) == counts


def test_a_published_compressed_example():
    """The example in the documentation of COCO's own mask functions: 9 x 10 pixels."""
    counts = [6, 1, 40, 4, 5, 4, 5, 4, 21]
    assert encode(counts) == "61X13mN000`0"
    both = [
        decode_segmentation({"size": [9, 10], "counts": form}, (9, 10), "x")
        for form in (counts, "61X13mN000`0")
    ]
    np.testing.assert_array_equal(both[0], both[1])
    down_the_columns = both[0].T.ravel()
    assert np.flatnonzero(down_the_columns).tolist() == [
        6, 47, 48, 49, 50, 56, 57, 58, 59, 65, 66, 67, 68,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("segmentation", "problem"),
    [
        ({"size": [8, 6], "counts": [48]}, r"of size \[8, 6\] for an image"),
        ({"size": [6, 8], "counts": [40]}, "runs of 40 pixels in all for 6 x 8"),
        ({"size": [6, 8], "counts": [50, -2]}, "neither a text nor a list"),
        ({"size": [6, 8]}, "neither a text nor a list"),
        ({"size": [6, 8], "counts": "P"}, "ends within a number"),
        ({"size": [6, 8], "counts": "é"}, "is no character of it"),
        ([np.array([1.0, 2, 3, 4])], "a polygon of 4 numbers"),
    ],
)
def test_malformed_segmentations(segmentation, problem):
    with pytest.raises(InvalidArgument, match=problem):
        decode_segmentation(segmentation, (6, 8), "image, target 0")
