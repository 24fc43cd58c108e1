"""Text files of numbers: separators, line ends, NaN, and errors that name the file and the line."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.data.sequences.box_files import read_boxes, read_flags, read_xywh
from siamcorr.errors import InvalidArgument, SourceError


@pytest.fixture
def write(tmp_path):
    def put(content: str | bytes, name: str = "boxes.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.mark.parametrize(
    "content",
    [
        "1,2,3,4\n5,6,7,8\n",
        "1\t2\t3\t4\n5\t6\t7\t8",
        "1 2  3 4\r\n5 6 7 8\r\n",
        "1;2;3;4\r5;6;7;8\r",
        "\ufeff1, 2, 3, 4\n5\t6 7;8\n\n  \n\t\n",
        "  1 ,2,\t3 , 4  \n5.0,6.,+7,0.8e1,\n",
    ],
)
def test_separators_line_ends_and_blank_ends(write, content):
    boxes = read_boxes(write(content))
    assert boxes.dtype == np.float64
    np.testing.assert_array_equal(boxes, [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_nan_in_every_spelling(write):
    boxes = read_boxes(write("nan,NaN,-nan,nan(ind)\n-1.5,2e-3,.5,4\n"))
    assert np.isnan(boxes[0]).all()
    np.testing.assert_array_equal(boxes[1], [-1.5, 0.002, 0.5, 4])


@pytest.mark.parametrize("count", [4, 6, 8, 10, 14])
def test_boxes_and_polygons(write, count):
    line = ",".join(map(str, range(count)))
    np.testing.assert_array_equal(read_boxes(write(f"{line}\n{line}\n")), [list(range(count))] * 2)


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("1,2,3,4\n1,2,x,4\n", 2, "'x' is no finite number"),
        ("1,2,3,4\n1,,3,4\n", 2, "a number is missing"),
        (",1,2,3\n", 1, "a number is missing"),
        ("1,2,3,4\n5,6,7\n", 2, "3 numbers, but line 1 has 4"),
        ("1,2,3,4\n1,2,3,4,5,6,7,8\n", 2, "8 numbers, but line 1 has 4"),
        ("1,2,3\n", 1, "3 numbers; expected 4"),
        ("1,2,3,4,5\n", 1, "5 numbers; expected 4"),
        ("1,2,3,4,5,6,7\n", 1, "7 numbers; expected 4"),
        ("1,2,3,4\n\n1,2,3,4\n", 2, "is blank, but lines follow"),
        ("\n1,2,3,4\n", 1, "is blank, but lines follow"),
        ("1,2,3,inf\n", 1, "'inf' is no finite number"),
        ("1,2,3,4\n1,2,3,1e400\n", 2, "too large"),
        ("1_0,2,3,4\n", 1, "'1_0' is no finite number"),
        ("1,2,3,4\nm0,0,3,4,7\n", 2, "'m0' is no finite number"),
        ("x,y,w,h\n1,2,3,4\n", 1, "'x' is no finite number"),
    ],
)
def test_malformed_lines_name_file_and_line(write, content, line, problem):
    path = write(content)
    with pytest.raises(InvalidArgument, match=re.escape(f"{path}, line {line}: ")) as caught:
        read_boxes(path)
    assert problem in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " \t\r\n"])
def test_an_empty_file_is_an_error(write, content):
    path = write(content)
    with pytest.raises(InvalidArgument, match=re.escape(f"{path}: is empty")):
        read_boxes(path)


def test_a_binary_or_an_absent_file(write, tmp_path):
    with pytest.raises(InvalidArgument, match="is no text file"):
        read_boxes(write(b"\xff\xd8\xff\xe0"))
    with pytest.raises(SourceError, match=r"absent\.txt: cannot be read: No such file"):
        read_boxes(tmp_path / "absent.txt")


@given(
    rows=st.lists(
        st.tuples(*[st.floats(allow_infinity=False, width=64)] * 4), min_size=1, max_size=5
    ),
    separator=st.sampled_from([",", "\t", " ", ";", ", ", " ;\t"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_float_survives(tmp_path_factory, rows, separator, end):
    path = tmp_path_factory.mktemp("floats") / "boxes.txt"
    path.write_bytes(end.join(separator.join(map(repr, row)) for row in rows).encode())
    np.testing.assert_array_equal(read_boxes(path), np.array(rows))


def test_convention_one_based_files_are_shifted_without_losing_digits(write):
    path = write("1,1,3,4\n1.1,200.557,34.3,nan\nnan,1e-3,1,1\n")
    expected = [[0, 0, 3, 4], [0.1, 199.557, 34.3, np.nan], [np.nan, -0.999, 1, 1]]
    np.testing.assert_array_equal(read_xywh(path, one_based=True), expected)
    assert read_xywh(path)[0, 0] == 1
    assert 1.1 - 1 != 0.1  # what plain float64 would have given


def test_upright_boxes_refuse_polygons(write):
    with pytest.raises(InvalidArgument, match=r"line 1: 8 numbers; expected 4"):
        read_xywh(write("1,2,3,4,5,6,7,8\n"))


def test_flags_by_line_or_on_one_line(write):
    np.testing.assert_array_equal(read_flags(write("0\n1\n1\n")), [0, 1, 1])
    np.testing.assert_array_equal(read_flags(write("0,1,1\n")), [0, 1, 1])
    np.testing.assert_array_equal(read_flags(write("0.0\n8\n"), largest=8), [0, 8])


@pytest.mark.parametrize("bad", ["2", "-1", "0.5", "nan"])
def test_flags_out_of_range_name_the_line(write, bad):
    with pytest.raises(InvalidArgument, match=rf"line 2: {bad} is not one of 0 \.\.\. 1"):
        read_flags(write(f"0\n{bad}\n"))
