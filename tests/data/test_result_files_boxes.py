"""Box result files: exact layouts, exact round trips, files of other people."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from siamcorr.data.result_files import FORMATS
from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError, UnknownName

BOX_FORMATS = ("otb", "got10k", "trackingnet")
BOXES = np.array([[0.0, 9.5, 30.0, 40.0], [0.1, -1.25, np.nan, 1 / 3]])


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_four_formats():
    assert list(FORMATS) == ["otb", "got10k", "trackingnet", "vot"]
    with pytest.raises(UnknownName, match="did you mean 'got10k'"):
        FORMATS["got10"]


@pytest.mark.parametrize(
    ("name", "boxes_file", "times_file", "text"),
    [
        (
            "otb",
            "Deer.txt",
            "times/Deer_time.txt",
            "1.0,10.5,30.0,40.0\n1.1,-0.25,nan,0.3333333333333333\n",
        ),
        (
            "got10k",
            "Deer/Deer_001.txt",
            "Deer/Deer_time.txt",
            "0.0,9.5,30.0,40.0\n0.1,-1.25,nan,0.3333333333333333\n",
        ),
        (
            "trackingnet",
            "Deer.txt",
            "times/Deer_time.txt",
            "0.0,9.5,30.0,40.0\n0.1,-1.25,nan,0.3333333333333333\n",
        ),
    ],
)
def test_convention_layout_origin_and_digits(tmp_path, name, boxes_file, times_file, text):
    path = FORMATS[name].write(tmp_path / "mine", "Deer", BOXES, seconds=[0.5, 0.02])
    assert path == tmp_path / "mine" / boxes_file
    assert path.read_text() == text
    assert files_below(tmp_path / "mine") == sorted([boxes_file, times_file])
    assert (tmp_path / "mine" / times_file).read_text() == "0.5\n0.02\n"
    np.testing.assert_array_equal(FORMATS[name].read(tmp_path / "mine", "Deer"), BOXES)
    np.testing.assert_array_equal(
        FORMATS[name].read_seconds(tmp_path / "mine", "Deer"), [0.5, 0.02]
    )


any_boxes = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.just(4)),
    elements=st.one_of(
        st.floats(allow_infinity=False),
        st.floats(-100, 2000),
        st.integers(-10, 4000).map(float),
        st.sampled_from([5e-324, -0.0, 1.7976931348623157e308, 2.0**-60, 0.1 + 2**53]),
    ),
)


@pytest.mark.parametrize("name", BOX_FORMATS)
@given(boxes=any_boxes, name_of_sequence=st.sampled_from(["Deer", "Jogging-1", "a b.c", "..x"]))
def test_every_box_is_read_back_equal(tmp_path_factory, name, boxes, name_of_sequence):
    folder = tmp_path_factory.mktemp("results")
    FORMATS[name].write(folder, name_of_sequence, boxes)
    np.testing.assert_array_equal(FORMATS[name].read(folder, name_of_sequence), boxes)


def test_toolkits_that_load_text_read_the_files(tmp_path):
    boxes = np.random.default_rng(0).uniform(0, 500, (50, 4))
    path = FORMATS["got10k"].write(tmp_path, "GOT-10k_Test_000001", boxes, seconds=boxes[:, 0])
    np.testing.assert_array_equal(np.loadtxt(path, delimiter=","), boxes)
    times = tmp_path / "GOT-10k_Test_000001" / "GOT-10k_Test_000001_time.txt"
    np.testing.assert_array_equal(np.loadtxt(times, delimiter=","), boxes[:, 0])
    path = FORMATS["otb"].write(tmp_path, "Deer", boxes)
    np.testing.assert_allclose(
        np.loadtxt(path, delimiter=","), boxes + np.array([1, 1, 0, 0]), rtol=0, atol=1e-12
    )


def test_repeated_runs_of_got10k_share_one_file_of_times(tmp_path):
    got10k = FORMATS["got10k"]
    for run, shift in ((1, 0.0), (3, 2.0), (2, 1.0), (1, 5.0)):
        got10k.write(tmp_path, "s", BOXES + shift, run=run, seconds=[shift, 0.25])
    assert files_below(tmp_path) == ["s/s_001.txt", "s/s_002.txt", "s/s_003.txt", "s/s_time.txt"]
    assert (tmp_path / "s" / "s_time.txt").read_text() == "5.0,1.0,2.0\n0.25,0.25,0.25\n"
    np.testing.assert_array_equal(got10k.read(tmp_path, "s", run=3), BOXES + 2)
    np.testing.assert_array_equal(got10k.read_seconds(tmp_path, "s", run=2), [1, 0.25])
    with pytest.raises(InvalidArgument, match="holds 3 runs; there is no run 4"):
        got10k.read_seconds(tmp_path, "s", run=4)


def test_runs_without_times_leave_nan(tmp_path):
    got10k = FORMATS["got10k"]
    got10k.write(tmp_path, "s", BOXES)
    got10k.write(tmp_path, "s", BOXES, run=2, seconds=[1, 2])
    np.testing.assert_array_equal(got10k.read_seconds(tmp_path, "s"), [np.nan, np.nan])
    np.testing.assert_array_equal(got10k.read_seconds(tmp_path, "s", 2), [1, 2])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"boxes_xywh": np.zeros((3, 5))}, r"shape \(T, 4\), got \(3, 5\)"),
        ({"boxes_xywh": np.zeros((0, 4))}, r"got \(0, 4\)"),
        ({"boxes_xywh": [[1, 2, 3, np.inf]]}, "the box of frame 0 is infinite"),
        ({"boxes_xywh": [["x", 2, 3, 4]]}, "no array of numbers"),
        ({"boxes_xywh": None}, "shape"),
        ({"seconds": [1.0]}, r"seconds has shape \(1,\); expected \(2,\)"),
        ({"run": 0}, "runs are numbered from 1"),
        ({"run": 2}, "holds one run a sequence"),
        ({"regions": [1]}, "regions belong to the format 'vot'"),
        ({"sequence_name": "../Deer"}, "is no name of a sequence"),
        ({"sequence_name": ".."}, "is no name of a sequence"),
        ({"sequence_name": ""}, "is no name of a sequence"),
    ],
)
def test_wrong_arguments_write_nothing(tmp_path, arguments, problem):
    call = {"sequence_name": "Deer", "boxes_xywh": BOXES, **arguments}
    with pytest.raises(InvalidArgument, match=problem):
        FORMATS["otb"].write(tmp_path / "mine", **call)
    assert files_below(tmp_path) == []


def test_times_of_another_length_are_an_error(tmp_path):
    FORMATS["otb"].write(tmp_path, "Deer", BOXES, seconds=[1, 2])
    with pytest.raises(InvalidArgument, match=r"3 times do not fit into .* runs of 2 frames"):
        FORMATS["otb"].write(tmp_path, "Deer", np.ones((3, 4)), seconds=[1, 2, 3])
    assert len(FORMATS["otb"].read(tmp_path, "Deer")) == 2  # the old result stands


@pytest.mark.parametrize("content", ["2,3,4,5\n", "2\t3\t4\t5\r\n", "2 3 4 5\n\n", "2;3, 4 5"])
def test_files_of_other_people(tmp_path, content):
    (tmp_path / "Deer.txt").write_text(content)
    np.testing.assert_array_equal(FORMATS["otb"].read(tmp_path, "Deer"), [[1, 2, 4, 5]])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("1,2,3,4\n1,2,3\n", "line 2: 3 numbers"),
        ("1,2,3,4\n1,2,3,abc\n", "line 2: 'abc'"),
        ("1,2,3,4,5,6,7,8\n", "line 1: 8 numbers; expected 4"),
        ("", "is empty"),
    ],
)
@pytest.mark.parametrize("name", ["otb", "trackingnet"])
def test_malformed_files_name_file_and_line(tmp_path, name, content, problem):
    path = tmp_path / "Deer.txt"
    path.write_text(content)
    with pytest.raises(InvalidArgument, match=re.escape(str(path)) + ".*" + problem):
        FORMATS[name].read(tmp_path, "Deer")


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("Jogging_1", "Jogging-1"),
        ("jogging.1", "Jogging-1"),
        ("Faceocc1", "FaceOcc1"),
        ("Human4_2", "Human4"),
        ("human4-2", "Human4"),
    ],
)
def test_other_spellings_of_a_sequence_are_found(tmp_path, file, asked):
    (tmp_path / f"{file}.txt").write_text("2,3,4,5\n")
    (tmp_path / "Jogging_2.txt").write_text("9,9,9,9\n")
    np.testing.assert_array_equal(FORMATS["otb"].read(tmp_path, asked), [[1, 2, 4, 5]])


def test_absent_and_ambiguous_files(tmp_path):
    with pytest.raises(SourceError, match="the folder holds 0 files"):
        FORMATS["otb"].read(tmp_path / "absent", "Deer")
    (tmp_path / "Jogging_1.txt").write_text("2,3,4,5\n")
    with pytest.raises(SourceError, match=r"did you mean 'Jogging_1\.txt'"):
        FORMATS["otb"].read(tmp_path, "Jogging-2")
    (tmp_path / "Jogging.1.txt").write_text("2,3,4,5\n")
    with pytest.raises(InvalidArgument, match="several files stand for 'Jogging-1"):
        FORMATS["otb"].read(tmp_path, "Jogging-1")


def test_published_otb_results_fit_the_annotations(data_root):
    annotations = load_dataset("otb", data_root / "annotations" / "OTB100.json")
    folder = data_root / "raw_results" / "otb100" / "SiamFC-3s"
    for sequence in annotations:
        boxes = FORMATS["otb"].read(folder, sequence.name)
        assert boxes.shape == (len(sequence), 4), sequence.name
        # every tracker starts on the first annotation, printed with three decimals
        np.testing.assert_allclose(boxes[0], sequence.boxes_xywh[0, 0], atol=6e-4)
