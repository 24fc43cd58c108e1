"""A CSV beside frames or a video: what people write by hand, and what `siamcorr track` writes."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
import torch

from siamcorr.data.sequences import load_dataset
from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.types import TrackResult
from siamcorr.workflows.track_records import CsvTracks

NAN = [np.nan] * 4


def images(folder, total):
    """Frame i has grey level 10 i; names without leading zeros."""
    folder.mkdir()
    for i in range(total):
        assert cv2.imwrite(str(folder / f"f{i}.png"), np.full((6, 8, 3), 10 * i, np.uint8))


def video(path, total):
    """Frame i is a flat grey of 20 + 10 i."""
    with VideoWriter(path, fps=10) as writer:
        for i in range(total):
            writer.write(np.full((48, 64, 3), 20 + 10 * i, np.uint8))


def test_convention_csv_frames_and_boxes_count_from_0(tmp_path):
    images(tmp_path / "cat", 11)
    (tmp_path / "cat.csv").write_text("frame,x,y,w,h\n0,0,1.5,3,4\n10,1,2,3,4\n3,,,,\n")
    (sequence,) = load_dataset("boxes_csv", tmp_path)
    assert (sequence.name, len(sequence)) == ("cat", 11)
    np.testing.assert_array_equal(
        sequence.boxes_xywh[[0, 3, 10], 0], [[0, 1.5, 3, 4], NAN, [1, 2, 3, 4]]
    )
    np.testing.assert_array_equal(np.flatnonzero(sequence.visible[:, 0]), [0, 10])
    assert sequence.frame(10)[0, 0, 0] == 100  # f10 after f9


def test_several_targets_with_classes_and_visibility(tmp_path):
    images(tmp_path / "a", 2)
    rows = "h;w;x;y;id;frame;class;visible\n4;3;1;2;ball;0;toy;0.5\n8;7;5;6;10;1;cat;\n"
    rows += "8;7;5;6;9;1;cat;0\n"
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())  # as Excel writes it
    (sequence,) = load_dataset("boxes_csv", tmp_path / "a.csv")
    assert sequence.target_ids == ("9", "10", "ball")
    assert sequence.target_classes == ("cat", "cat", "toy")
    np.testing.assert_array_equal(sequence.visible, [[0, 0, 0.5], [0, 1, 0]])
    np.testing.assert_array_equal(
        sequence.boxes_xywh, [[NAN, NAN, [1, 2, 3, 4]], [[5, 6, 7, 8], [5, 6, 7, 8], NAN]]
    )


def test_a_video_beside_the_csv(tmp_path):
    video(tmp_path / "clip.mp4", 8)
    (tmp_path / "clip.csv").write_text("frame,x,y,w,h\n0,1,2,3,4\n5,1,2,3,4\n")
    sequence = pickle.loads(pickle.dumps(load_dataset("boxes_csv", tmp_path)["clip"]))
    assert len(sequence) == 6  # to the last annotated frame
    levels = [round(float(frame.mean())) for frame in sequence]
    np.testing.assert_allclose(levels, [20, 30, 40, 50, 60, 70], atol=3)
    for index in (4, 1, 5):  # in any order
        assert abs(float(sequence.frame(index).mean()) - levels[index]) < 1
    assert sequence.frame_size == (48, 64)


def test_a_video_shorter_than_its_annotations(tmp_path):
    video(tmp_path / "clip.mp4", 4)
    (tmp_path / "clip.csv").write_text("frame,x,y,w,h\n5,1,2,3,4\n")
    (sequence,) = load_dataset("boxes_csv", tmp_path)
    with pytest.raises(SourceError, match=r"clip: 6 frames are annotated, but '.*' ends after 4"):
        list(sequence)
    with pytest.raises(SourceError, match="clip: frame 5 is annotated, but open_source: start=5"):
        sequence.frame(5)


def test_tracks_csv_of_siamcorr_track_is_read(tmp_path):
    images(tmp_path / "clip", 3)
    writer = CsvTracks(tmp_path / "clip.csv")
    for index in range(2):
        boxes = torch.tensor([[1.0 + index, 2, 3, 4], [5, 6, 7, 8]], dtype=torch.float64)
        lost = torch.tensor([False, index == 1])
        ids, scores = torch.tensor([0, 3]), torch.tensor([0.5, 0.25])
        writer.write(TrackResult(index, float("nan"), (6, 8), ids, boxes, scores, lost))
    writer.close({})
    (sequence,) = load_dataset("boxes_csv", tmp_path)
    assert sequence.target_ids == ("0", "3")
    np.testing.assert_array_equal(sequence.boxes_xywh[1], [[2, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(sequence.visible, [[1, 1], [1, 0], [0, 0]])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"line 1: the header lacks frame, x, y, w, h"),
        ("0,1,2,3,4\n", r"the header lacks frame, .* should be like 'frame,id,x,y,w,h'"),
        ("frame,x,y,w,h\n", "has a header but no row"),
        ("frame,x,y,w,h,visble\n", r"unknown column 'visble'; did you mean 'visible'"),
        ("frame,x,y,w,h,x\n", "a column is there twice"),
        ("frame,x,y,w,h\n0,1,2,3\n", r"line 2: 4 fields, but the header has 5"),
        ("frame,x,y,w,h\n0,1,2,3,4\n\n0,1,2,3,5\n", r"line 4: target '' twice in frame 0"),
        ("frame,x,y,w,h\n2,1,2,3,4\n", "in frame 2, counted from 0, but there are 2 frames"),
        ("frame,x,y,w,h\n0.5,1,2,3,4\n", "frame '0.5' is no whole number"),
        ("frame,x,y,w,h\n-1,1,2,3,4\n", "frame '-1' is no whole number"),
        ("frame,x,y,w,h\n1e12,1,2,3,4\n", "line 2: frame 1e12 is no number of a frame"),
        ("frame,x,y,w,h,visible\n0,,,,,0.5\n", r"line 2: visible 0\.5, but no x, y, w, h"),
        ("frame,x,y,w,h\n0,1,,3,4\n", "line 2: y is '' and no finite number"),
        ("frame,x,y,w,h\n0,1,inf,3,4\n", "y is 'inf' and no finite number"),
        ("frame,x,y,w,h,visible\n0,1,2,3,4,80\n", r"visible 80 and lost 0; expected 0 \.\.\. 1"),
        ("frame,id,x,y,w,h,class\n0,1,1,2,3,4,a\n1,1,1,2,3,4,b\n", "is 'b', but 'a' before"),
    ],
)
def test_errors_name_file_line_and_cure(tmp_path, text, problem):
    images(tmp_path / "clip", 2)
    (tmp_path / "clip.csv").write_text(text)
    with pytest.raises(InvalidArgument, match=problem) as caught:
        load_dataset("boxes_csv", tmp_path)
    assert "clip.csv" in str(caught.value)


def test_frames_that_are_absent_or_ambiguous(tmp_path):
    (tmp_path / "clip.csv").write_text("frame,x,y,w,h\n0,1,2,3,4\n")
    with pytest.raises(
        SourceError, match=r"looked for: the folder 'clip/' or a video file 'clip\.mp4'"
    ):
        load_dataset("boxes_csv", tmp_path)
    for name in ("clip.mp4", "clip.avi"):
        (tmp_path / name).touch()
    with pytest.raises(InvalidArgument, match=r"several files of its name: clip\.avi, clip\.mp4"):
        load_dataset("boxes_csv", tmp_path)
    (tmp_path / "clip.avi").unlink()
    images(tmp_path / "clip", 1)
    with pytest.raises(InvalidArgument, match=r"both '.*clip' and '.*clip\.mp4' are beside it"):
        load_dataset("boxes_csv", tmp_path)
