"""VOT: folders, tags, polygons and their area-equivalent boxes, annotation JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.data.sequences import load_dataset
from siamcorr.data.sequences.polygons import area_equivalent_boxes
from siamcorr.errors import InvalidArgument, SourceError

POLYGON = "334.02,128.36,438.19,188.78,396.39,260.83,292.23,200.41"


def make_sequence(root, name, lines, *, frames=None, color=True):
    folder = root / name
    images = folder / "color" if color else folder
    images.mkdir(parents=True)
    for number in range(1, (len(lines) if frames is None else frames) + 1):
        (images / f"{number:08d}.jpg").touch()
    (folder / "groundtruth.txt").write_text("".join(f"{line}\n" for line in lines))
    return folder


def test_convention_vot_coordinates_stay_as_they_stand(tmp_path):
    make_sequence(tmp_path, "conduction1", ["1,1,30,40", "2,1,30,40"])
    (sequence,) = load_dataset("vot", tmp_path)
    np.testing.assert_array_equal(sequence.boxes_xywh, [[[1, 1, 30, 40]], [[2, 1, 30, 40]]])
    assert sequence.corners_xy is None


@pytest.mark.parametrize("color", [True, False])
def test_polygons_give_corners_and_boxes(tmp_path, color):
    make_sequence(tmp_path, "bag", [POLYGON, ",".join(["nan"] * 8)], color=color)
    (sequence,) = load_dataset("vot", tmp_path)
    assert sequence.corners_xy.shape == (2, 1, 4, 2)
    np.testing.assert_array_equal(sequence.corners_xy[0, 0, 1], [438.19, 188.78])
    np.testing.assert_array_equal(sequence.visible, [[1], [0]])
    assert np.isnan(sequence.boxes_xywh[1]).all()
    assert [file.name for file in sequence.frame_files] == ["00000001.jpg", "00000002.jpg"]


def equivalent_box_by_hand(corners):
    """The rule for one polygon, scalar by scalar."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    area = math.dist(corners[0], corners[1]) * math.dist(corners[1], corners[2])
    f = math.sqrt(area / (width * height))
    w, h = f * width + 1, f * height + 1
    return [sum(xs) / 4 - w / 2, sum(ys) / 4 - h / 2, w, h]


@given(
    centre=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    size=st.tuples(st.floats(0.5, 300), st.floats(0.5, 300)),
    angle=st.floats(0, 2 * math.pi),
)
def test_area_equivalent_boxes_of_rotated_rectangles(centre, size, angle):
    c, s = math.cos(angle), math.sin(angle)
    signs = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    corners = [
        (
            centre[0] + c * a * size[0] / 2 - s * b * size[1] / 2,
            centre[1] + s * a * size[0] / 2 + c * b * size[1] / 2,
        )
        for a, b in signs
    ]
    box = area_equivalent_boxes(np.array(corners))
    np.testing.assert_allclose(box, equivalent_box_by_hand(corners), rtol=1e-9, atol=1e-9)
    # shrunk before the pixel is added, the box has the area of the rectangle
    assert (box[2] - 1) * (box[3] - 1) == pytest.approx(size[0] * size[1], rel=1e-6)


def test_convention_a_polygon_on_one_line_gives_the_added_pixel():
    flat = np.array([[0.0, 5.0], [8.0, 5.0], [8.0, 5.0], [0.0, 5.0]])
    np.testing.assert_array_equal(area_equivalent_boxes(flat), [-0.5, 4.5, 9, 1])


def test_tags_labels_and_stated_size(tmp_path):
    folder = make_sequence(tmp_path, "bag", [POLYGON] * 3)
    (folder / "camera_motion.tag").write_text("1\n0\n1\n")
    (folder / "occlusion.label").write_text("0\n0\n1\n")
    (folder / "illum_change.tag").touch()
    (folder / "sequence").write_text("name=bag\nfps=30\nwidth=480\nheight=360\n")
    (sequence,) = load_dataset("vot", tmp_path)
    assert set(sequence.frame_tags) == {"camera_motion", "occlusion"}
    np.testing.assert_array_equal(sequence.frame_tags["camera_motion"], [True, False, True])
    assert sequence.frame_size == (360, 480)
    assert sequence.attributes == ()


def test_a_tag_of_another_length_is_an_error(tmp_path):
    folder = make_sequence(tmp_path, "bag", [POLYGON] * 3)
    (folder / "occlusion.tag").write_text("0\n1\n")
    with pytest.raises(InvalidArgument, match=r"occlusion\.tag: 2 values for 3 frames"):
        load_dataset("vot", tmp_path)


def test_list_gives_names_and_order(tmp_path):
    for name in ("ants1", "bag", "tiger"):
        make_sequence(tmp_path, name, [POLYGON])
    assert load_dataset("vot", tmp_path).names == ("ants1", "bag", "tiger")
    (tmp_path / "list.txt").write_text("tiger\nbag\n\n")
    assert load_dataset("vot", tmp_path).names == ("tiger", "bag")
    (tmp_path / "list.txt").write_text("bag\nabsent\n")
    with pytest.raises(SourceError, match="absent: no folder of frames"):
        load_dataset("vot", tmp_path)


@pytest.mark.parametrize(
    ("lines", "frames", "problem"),
    [
        ([POLYGON] * 2, 3, "2 annotations, but 3 frames"),
        (["1,2,3,4,5,6"], None, "polygons of 3 corners"),
        ([POLYGON, "m0,0,1,1,3"], None, r"groundtruth\.txt, line 2: 'm0'"),
    ],
)
def test_malformed_ground_truth(tmp_path, lines, frames, problem):
    make_sequence(tmp_path, "bag", lines, frames=frames)
    with pytest.raises(InvalidArgument, match=problem):
        load_dataset("vot", tmp_path)


def test_json_with_tags_and_sizes(tmp_path):
    entry = {
        "gt_rect": [[float(n) for n in POLYGON.split(",")]] * 2,
        "img_names": ["bag/color/00000001.jpg", "bag/color/00000002.jpg"],
        "camera_motion": [1, 0],
        "occlusion": [],
        "width": 480,
        "height": 360,
    }
    path = tmp_path / "VOT2018.json"
    path.write_text(json.dumps({"bag": entry}))
    (sequence,) = load_dataset("vot", path)
    assert sequence.size == (360, 480)
    assert set(sequence.frame_tags) == {"camera_motion"}
    np.testing.assert_array_equal(sequence.frame_tags["camera_motion"], [True, False])
    path.write_text(json.dumps({"bag": {**entry, "occlusion": [1]}}))
    with pytest.raises(InvalidArgument, match="'bag': `occlusion` is not 2 times 0 or 1"):
        load_dataset("vot", path)


def test_the_real_bag(data_root):
    (bag,) = load_dataset("vot", data_root / "vot2018")
    assert (bag.name, len(bag), bag.frame_size) == ("bag", 196, (360, 480))
    # the start box that goes with the demo clip, whole pixels
    np.testing.assert_array_equal(np.floor(bag.boxes_xywh[0, 0]), [312, 146, 106, 96])
    listed = load_dataset("vot", data_root / "annotations" / "VOT2018.json")["bag"]
    np.testing.assert_array_equal(bag.corners_xy, listed.corners_xy)


def test_the_real_json(data_root):
    found = load_dataset("vot", data_root / "annotations" / "VOT2018.json")
    assert (len(found), sum(map(len, found))) == (60, 21356)
    assert sum(sequence.corners_xy is None for sequence in found) == 1  # conduction1
    assert found["bag"].frame_tags["camera_motion"].sum() == 104
    assert "occlusion" not in found["ball1"].frame_tags
    assert found["bag"].size == (360, 480)
