"""Start boxes from text and files, and the sentences about bad ones."""

from __future__ import annotations

import pytest

from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.workflows.boxes_file import parse_box, read_boxes

TWO = [[1.0, 2.0, 3.0, 4.5], [10.0, 20.0, 30.0, 40.0]]


@pytest.mark.parametrize(
    "text", ["1,2,3,4.5", " 1, 2 ,3,4.5 ", "1 2 3 4.5", "1;2;3;4.5", "1\t2\t3\t4.5"]
)
def test_box_text(text):
    assert parse_box(text) == TWO[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected four numbers"),
        ("1,2,3", "got '1,2,3'"),
        ("1,2,3,4,5", "expected four numbers"),
        ("a,b,c,d", "such as 312,146,106,96"),
        ("1,,2,3", "expected four numbers"),
        ("1,2,0,4", "width > 0"),
        ("1,2,3,-4", "height > 0"),
        ("nan,2,3,4", "not finite"),
        ("1,2,inf,4", "not finite"),
    ],
)
def test_bad_box_text(text, sentence):
    with pytest.raises(InvalidArgument, match=r"^--box: ") as caught:
        parse_box(text, "--box")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "1,2,3,4.5\n10,20,30,40\n"),
        ("a.csv", "x,y,w,h\n1,2,3,4.5\n\n10,20,30,40"),
        ("a.CSV", "\ufeffx,y,w,h\n1,2,3,4.5\n10,20,30,40"),
        ("a.txt", "# two targets\n1 2 3 4.5  # the left one\n10\t20\t30\t40\n"),
        ("a.json", "[[1, 2, 3, 4.5], [10, 20, 30, 40]]"),
        ("a.json", '{"boxes_xywh": [[1, 2, 3, 4.5], [10, 20, 30, 40]]}'),
    ],
)
def test_boxes_of_a_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_boxes(path).tolist() == TWO


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "", "holds no box"),
        ("a.csv", "x,y,w,h\n", "holds no box"),
        ("a.txt", "1,2,3,4\n5,6,7\n", "a.txt, line 2: expected four numbers"),
        ("a.txt", "1,2,3,4\nx,y,w,h\n", "a.txt, line 2: expected four numbers"),
        ("a.txt", "1,2,0,4\n", "a.txt, line 1: box 0 needs width > 0"),
        ("a.json", "[[1,2,3", "a.json, line 1: not valid JSON"),
        ("a.json", "[]", "holds no box"),
        ("a.json", "{}", "got NoneType"),
        ("a.json", "7", "got int"),
        ("a.json", "[[1,2,3]]", "a.json, box 1: expected [x, y, w, h], got [1, 2, 3]"),
        ("a.json", "[[1,2,3,true]]", "box 1: expected"),
        ("a.json", '[[1,2,3,4],["1",2,3,4]]', "box 2: expected"),
        ("a.yaml", "[[1,2,3,4]]", "not a file of boxes"),
    ],
)
def test_bad_boxes_file(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidArgument) as caught:
        read_boxes(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)


def test_unreadable_boxes_file(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read: No such file"):
        read_boxes(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SourceError, match=r"binary\.csv: cannot be read: not a text file"):
        read_boxes(tmp_path / "binary.csv")
