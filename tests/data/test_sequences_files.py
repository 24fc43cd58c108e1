"""Files of data sets as they lie about: hidden ones, relative roots, many frames, broken text."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamcorr.data.sequences import load_dataset
from siamcorr.data.sequences.folders import FrameFiles, files_in, frame_files
from siamcorr.data.sequences.text_files import read_json, read_text
from siamcorr.errors import InvalidArgument, SourceError

VID = (
    "<annotation><size><width>8</width><height>6</height></size><object><trackid>0</trackid>"
    "<name>n1</name><bndbox><xmax>5</xmax><xmin>2</xmin><ymax>4</ymax><ymin>1</ymin></bndbox>"
    "</object></annotation>"
)


def write(root: Path, **files: str) -> Path:
    """`a__b__c.txt` of every key with its text; pictures where the text is `picture`."""
    for key, text in files.items():
        path = root.joinpath(*key.replace("_dot_", ".").split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        if text == "picture":
            path.write_bytes(cv2.imencode(".jpg", np.full((6, 8, 3), 90, np.uint8))[1].tobytes())
        else:
            path.write_text(text)
    return root


LAYOUTS = {
    "uav123": ({"data_seq__a__1_dot_jpg": "picture", "anno__UAV123__a_dot_txt": "1,1,2,2"}, "."),
    "trackingnet": ({"frames__a__0_dot_jpg": "picture", "anno__a_dot_txt": "1,1,2,2"}, "."),
    "boxes_csv": ({"a__0_dot_jpg": "picture", "a_dot_csv": "frame,x,y,w,h\n0,1,1,2,2"}, "."),
    "imagenet_vid": (
        {"Data__VID__val__a__0_dot_JPEG": "picture", "Annotations__VID__val__a__0_dot_xml": VID},
        "Annotations/VID/val",
    ),
    "imagenet_det": (
        {"Data__DET__val__a_dot_JPEG": "picture", "Annotations__DET__val__a_dot_xml": VID},
        "Data/DET/val",
    ),
    "mot": ({"a__img1__1_dot_jpg": "picture", "a__gt__gt_dot_txt": "1,1,2,2,2,2,1,1,1"}, "a"),
}


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_hidden_files_beside_the_annotations_are_passed_over(tmp_path, name):
    files, _ = LAYOUTS[name]
    write(tmp_path, **files)
    annotated = [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".txt", ".xml")]
    for path in annotated:
        path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07\xff")
    assert load_dataset(name, tmp_path).names == ("a",)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_a_root_may_be_the_folder_one_stands_in(tmp_path, monkeypatch, name):
    files, inner = LAYOUTS[name]
    write(tmp_path, **files)
    monkeypatch.chdir(tmp_path / inner)
    found = load_dataset(name, ".")
    assert found.names == ("a",)
    assert found["a"].frame(0).shape == (6, 8, 3)
    monkeypatch.chdir((tmp_path / inner).parent)
    assert load_dataset(name, (tmp_path / inner).name).names == ("a",)


def test_frame_files_are_paths_in_a_tenth_of_their_memory(tmp_path):
    for name in ("10.jpg", "9.JPG", "2.jpg", "._2.jpg", "notes.txt", "jpg"):
        (tmp_path / name).touch()
    files = frame_files(tmp_path)
    assert isinstance(files, Sequence)
    assert list(files) == [tmp_path / name for name in ("2.jpg", "9.JPG", "10.jpg")]
    assert files[-1] == tmp_path / "10.jpg"
    assert list(files[::-1]) == list(reversed(files))
    assert list(files[:2]) == [tmp_path / "2.jpg", tmp_path / "9.JPG"]
    assert list(pickle.loads(pickle.dumps(files))) == list(files)
    with pytest.raises(IndexError):
        files[3]
    assert sum(map(sys.getsizeof, FrameFiles(tmp_path, ("00000001.jpg",) * 100).names)) < 10_000


@pytest.mark.parametrize("bad", ["absent", "nul\0"])
def test_folders_that_are_none(tmp_path, bad):
    with pytest.raises(SourceError, match="no folder of frames"):
        frame_files(tmp_path / bad)
    assert files_in(tmp_path / "absent", ".txt") == []
    with pytest.raises(SourceError, match="holds no image"):
        frame_files(tmp_path)


@pytest.mark.parametrize("form", ["{}.jpg", "{:04d}.jpg", "frame_{}.png", "{}.{}.jpg"])
def test_names_come_in_the_order_of_their_numbers(tmp_path, form):
    names = [form.format(number, number) for number in (1, 2, 3, 9, 10, 11, 99, 100, 1000)]
    for name in sorted(names):
        (tmp_path / name).touch()
    assert [file.name for file in frame_files(tmp_path)] == names


def test_text_and_json_errors_name_the_file(tmp_path):
    file = tmp_path / "x.json"
    with pytest.raises(SourceError, match=r"x\.json: cannot be read: No such file"):
        read_text(file)
    file.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert read_text(file) == "a\r\nb"
    file.write_bytes(b"\xffa")
    with pytest.raises(InvalidArgument, match=r"x\.json: is no text file"):
        read_text(file)
    for broken in (b"{", b"\xff", b"[" * 200_000):
        file.write_bytes(broken)
        with pytest.raises(InvalidArgument, match=r"x\.json: is no JSON"):
            read_json(file)


def test_a_seqinfo_that_is_no_text(tmp_path):
    write(tmp_path, **LAYOUTS["mot"][0])
    (tmp_path / "a" / "seqinfo.ini").write_bytes(b"[Sequence]\nname=caf\xe9\n")
    with pytest.raises(InvalidArgument, match=r"seqinfo\.ini: is no text file"):
        load_dataset("mot", tmp_path)
