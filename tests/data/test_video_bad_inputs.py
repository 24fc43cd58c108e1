"""Bad sources and writers, each with the central words of the sentence that a person reads."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch

from siamcorr.data.video import VideoWriter, open_source
from siamcorr.errors import InvalidArgument, ShapeError, SourceError

FRAMES = [np.zeros((4, 4, 3), np.uint8)] * 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder with everything that the cases below name."""
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "texts", "dataset/img", "mixed"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "texts" / "a.txt").write_text("1,2,3,4")
    (tmp_path / "zero.mp4").touch()
    (tmp_path / "zero.jpg").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "text.png").write_text("this is no image\n" * 100)
    (tmp_path / "notes.txt").write_text("neither\n" * 100)
    for name in ("mixed/1.png", "mixed/2.png", "one.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "mixed" / "notes.txt").write_text("")
    (tmp_path / "mixed" / "10.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "error", "sentence"),
    [
        ("absent.mp4", SourceError, "no such file or folder: 'absent.mp4'"),
        ("absent/folder", SourceError, "no such file or folder: 'absent/folder'"),
        ("", SourceError, "no such file or folder: ''"),
        ("empty", SourceError, "no image in the folder 'empty': nothing at all"),
        ("texts", SourceError, "no image in the folder 'texts': 1 other entries"),
        ("dataset", SourceError, "give one of its folders: img"),
        ("*.jpeg", SourceError, r"no file matches the pattern '\*.jpeg'"),
        ("mixed/*", InvalidArgument, r"matches files that are no images: notes.txt; narrow it"),
        ("zero.mp4", SourceError, r"'zero.mp4' is empty \(0 bytes\)"),
        ("text.mp4", SourceError, "'text.mp4' is no video that OpenCV can read"),
        ("notes.txt", SourceError, "'notes.txt' is a text file and no video"),
        ("97", SourceError, "no camera 97, or another program holds it"),
        (97, SourceError, "no camera 97"),
        (np.int64(97), SourceError, "no camera 97"),
        (-1, InvalidArgument, "a camera index is >= 0, got -1"),
        (
            "ftp://host/a.mp4",
            InvalidArgument,
            "addresses of scheme 'ftp' are not read; known: rtsp",
        ),
        ("http://127.0.0.1:9/a.mp4", SourceError, "nothing to play at http://127.0.0.1:9/a.mp4"),
        (None, InvalidArgument, "cannot read frames from NoneType"),
        (True, InvalidArgument, "cannot read frames from bool"),
        (2.5, InvalidArgument, "cannot read frames from float"),
        (b"a.mp4", InvalidArgument, "cannot read frames from bytes"),
        ({"a": 1}, InvalidArgument, "cannot read frames from dict"),
        ([], InvalidArgument, "open_source: list has no frames"),
        (
            FRAMES[0],
            InvalidArgument,
            r"has 4 axes.*got shape \(4, 4, 3\); put one image into a list",
        ),
        (torch.zeros(3, 4, 4), InvalidArgument, r"has 4 axes.*got shape \(3, 4, 4\)"),
    ],
    ids=lambda value: str(value)[:30].replace("\n", " "),
)
def test_source_that_does_not_open(folder, source, error, sentence):
    with pytest.raises(error, match=sentence):
        open_source(source)


@pytest.mark.parametrize(
    ("source", "before", "error", "sentence"),
    [
        ("mixed", 2, SourceError, "frame 2 of mixed: mixed/10.png: cannot be decoded as an image"),
        ("zero.jpg", 0, SourceError, r"frame 0 of zero.jpg: zero.jpg: is empty \(0 bytes\)"),
        ("text.png", 0, SourceError, "frame 0 of text.png: text.png: cannot be decoded"),
        ([*FRAMES, None], 3, InvalidArgument, "frame 3 of list: expected RGB uint8.*got NoneType"),
        (["one.png"], 0, InvalidArgument, "frame 0 of list: expected RGB uint8.*got str"),
        (
            [np.zeros((4, 4, 3))],
            0,
            InvalidArgument,
            "frame 0 of list: expected RGB uint8.*dtype float64",
        ),
        ([np.zeros((4, 4, 4), np.uint8)], 0, InvalidArgument, r"of shape \(4, 4, 4\)"),
        (
            torch.zeros(1, 4, 4, 3, dtype=torch.uint8),
            0,
            InvalidArgument,
            r"\(3, H, W\) as a tensor",
        ),
        (iter([]), 0, InvalidArgument, "list_iterator has no frames"),
    ],
    ids=lambda value: str(value)[:30].replace("\n", " "),
)
def test_source_that_ends_in_an_error(folder, source, before, error, sentence):
    seen = []
    with pytest.raises(error, match=sentence):
        seen.extend(frame.index for frame in open_source(source))
    assert seen == list(range(before))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"start": -1}, "start must be a whole number >= 0, got -1"),
        ({"start": 1.0}, "start must be a whole number >= 0, got 1.0"),
        ({"start": True}, "start must be a whole number >= 0, got True"),
        ({"start": None}, "start must be a whole number >= 0, got None"),
        ({"stop": 0}, "stop must be larger than start, got start=0 and stop=0"),
        ({"start": 2, "stop": 2}, "stop must be larger than start, got start=2 and stop=2"),
        ({"stop": "5"}, "stop must be a whole number >= 0, got '5'"),
        ({"stride": 0}, "stride must be a whole number >= 1, got 0"),
        ({"stride": -2}, "stride must be a whole number >= 1, got -2"),
        ({"read_ahead": -1}, "read_ahead must be a whole number >= 0, got -1"),
        ({"start": 3}, "start=3, but list has 3 frames"),
    ],
    ids=str,
)
def test_span(options, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        open_source(FRAMES, **options)


def test_an_open_source_is_not_opened_again():
    video = open_source(FRAMES)
    with pytest.raises(InvalidArgument, match="list is open already; iterate it"):
        open_source(video)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.avi", {"fps": 25}, "writes MP4, so '.*a.avi' must end in .mp4"),
        ("a", {"fps": 25}, "must end in .mp4"),
        ("absent/a.mp4", {"fps": 25}, "absent' does not exist; make it first"),
        ("", {"fps": 25}, "is a folder; give the path of a file in it"),
        ("a.mp4", {"fps": None}, "got None; for a source without a clock choose one"),
        ("a.mp4", {"fps": math.nan}, "fps must be a number in 0.01 ... 1000, got nan"),
        ("a.mp4", {"fps": math.inf}, "fps must be a number in 0.01 ... 1000, got inf"),
        ("a.mp4", {"fps": 0}, "fps must be a number in 0.01 ... 1000, got 0"),
        ("a.mp4", {"fps": -25.0}, "fps must be a number in 0.01 ... 1000, got -25.0"),
        ("a.mp4", {"fps": 90000}, "fps must be a number in 0.01 ... 1000, got 90000"),
        ("a.mp4", {"fps": "25"}, "fps must be a number in 0.01 ... 1000, got '25'"),
        ("a.mp4", {"fps": 25, "crf": 52}, "crf must be a whole number in 0 ... 51, got 52"),
        ("a.mp4", {"fps": 25, "crf": 20.5}, "crf must be a whole number in 0 ... 51, got 20.5"),
    ],
    ids=str,
)
def test_writer_that_does_not_start(tmp_path, name, options, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        VideoWriter(tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "error", "sentence"),
    [
        (None, InvalidArgument, "VideoWriter.write: image: expected RGB uint8.*got NoneType"),
        (np.zeros((4, 4), np.uint8), InvalidArgument, r"got ndarray of shape \(4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), InvalidArgument, "and dtype float32"),
        (np.zeros((4, 4, 4), np.uint8), InvalidArgument, r"of shape \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), InvalidArgument, r"of shape \(0, 4, 3\)"),
        (np.zeros((4, 6, 3), np.uint8), ShapeError, "has another size than the first"),
    ],
    ids=lambda value: str(value)[:30].replace("\n", " "),
)
def test_image_that_is_not_written(tmp_path, image, error, sentence):
    with VideoWriter(tmp_path / "a.mp4", 25) as video:
        video.write(FRAMES[0])
        with pytest.raises(error, match=sentence):
            video.write(image)
    assert video.frame_count == 1


def test_a_closed_writer_writes_no_more(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 25) as video:
        video.write(FRAMES[0])
    with pytest.raises(InvalidArgument, match=r"VideoWriter.write: .*a\.mp4 is closed already"):
        video.write(FRAMES[0])
