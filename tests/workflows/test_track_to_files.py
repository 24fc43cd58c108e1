"""`track_to_files` end to end: with a fake tracker on arrays, with the default on real video."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from fake_tracker import FakeTracker

import siamcorr
from siamcorr.data.video import VideoWriter, open_source
from siamcorr.errors import SiamcorrError, SourceError
from siamcorr.workflows import track_to_files as module
from siamcorr.workflows.run_files import OutputOptions
from siamcorr.workflows.track_to_files import default_out, track_to_files

BOXES = [[10, 12, 20, 24], [40, 20, 16, 10]]


@pytest.fixture
def tracker(monkeypatch):
    fake = FakeTracker()
    monkeypatch.setattr(module, "load_tracker", lambda *args, **kwargs: fake)
    return fake


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "my clip.mp4"
    with VideoWriter(path, 8.0) as writer:
        for index in range(12):
            writer.write(np.full((62, 84, 3), 10 * index, np.uint8))
    return path


def read_csv(out):
    return list(csv.DictReader((out / "tracks.csv").read_text().splitlines()))


def test_rows_follow_the_tracker(tracker, clip, tmp_path):
    summary = track_to_files(clip, BOXES, tmp_path / "out")
    rows = read_csv(tmp_path / "out")
    assert summary.frames == 12
    assert [(int(row["frame_index"]), int(row["id"])) for row in rows] == [
        (index, i) for index in range(12) for i in range(2)
    ]
    for row in rows:
        index, (x, y, w, h) = int(row["frame_index"]), BOXES[int(row["id"])]
        found = [float(row[key]) for key in "xywh"]
        assert found == [x + 2 * index, y + index, w, h]
        assert float(row["time_s"]) == pytest.approx(index / 8)


def test_range_keeps_the_source_indices(tracker, clip, tmp_path):
    track_to_files(clip, BOXES[0], tmp_path / "out", start=3, stop=10, stride=2)
    assert [int(row["frame_index"]) for row in read_csv(tmp_path / "out")] == [3, 5, 7, 9]
    found = json.loads((tmp_path / "out" / "tracks.json").read_text())
    assert found["range"] == {"start": 3, "stop": 10, "stride": 2}
    with open_source(tmp_path / "out" / "video.mp4") as video:
        assert video.fps == pytest.approx(4)  # every second frame of 8 a second


def test_metadata(tracker, clip, tmp_path):
    track_to_files(clip, BOXES, tmp_path / "out", options=OutputOptions(video=False))
    found = json.loads((tmp_path / "out" / "tracks.json").read_text())
    assert found["siamcorr"] == siamcorr.__version__
    assert found["source"]["name"] == str(clip)
    assert found["source"]["fps"] == pytest.approx(8)
    assert (found["frame_width"], found["frame_height"]) == (84, 62)
    assert found["tracker"]["name"] == "default"
    assert found["boxes_xywh"] == BOXES
    assert not (tmp_path / "out" / "video.mp4").exists()


def test_default_folder_is_named_after_the_source(tracker, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    track_to_files(clip, BOXES, options=OutputOptions(video=False))
    assert (tmp_path / "siamcorr-track" / "my_clip" / "tracks.csv").is_file()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("/videos/bag.avi", "bag"),
        ("otb/Dog/img", "Dog-img"),
        ("otb/Dog/img/*.jpg", "Dog-img"),
        ("img", "img"),
        ("camera 0", "camera_0"),
        ("rtsp://***@10.0.0.7:554/live/main", "live-main"),
        ("../..", "source"),
        ("list", "list"),
    ],
)
def test_folder_names(name, folder):
    assert default_out(name).as_posix() == f"siamcorr-track/{folder}"


def test_saved_responses_cover_every_updated_frame(tracker, clip, tmp_path):
    track_to_files(clip, BOXES, tmp_path / "out", options=OutputOptions(save_responses=True))
    with np.load(tmp_path / "out" / "responses" / "000001.npz") as chunk:
        assert chunk["frame_index"].tolist() == [i for i in range(1, 12) for _ in range(2)]
        for i in (0, 7, 21):  # each peak maps to the centre of the target's box
            row, column = divmod(int(chunk["values"][i].argmax()), 17)
            x, y, w, h = BOXES[chunk["id"][i]]
            index = chunk["frame_index"][i]
            centre = [x + w / 2 + 2 * index, y + h / 2 + index]
            np.testing.assert_allclose(chunk["crop_to_frame"][i] @ [column, row, 1], centre)


def test_responses_are_asked_for_only_when_needed():
    assert not OutputOptions().needs_responses
    assert not OutputOptions(video=False, response="panel").needs_responses
    assert OutputOptions(response="overlay").needs_responses
    assert OutputOptions(video=False, save_responses=True).needs_responses


def test_truncated_video_leaves_what_came_before(tracker, clip, tmp_path):
    def frames():
        for index in range(5):
            yield np.full((60, 80, 3), 40 * index, np.uint8)
        raise SourceError("stream: frame 5 cannot be decoded")

    with pytest.raises(SourceError, match="frame 5") as caught:
        track_to_files(frames(), BOXES, tmp_path / "out")
    assert caught.value.__notes__ == [f"The 5 frames before it are in {tmp_path / 'out'}"]
    assert len(read_csv(tmp_path / "out")) == 10
    with open_source(tmp_path / "out" / "video.mp4") as video:
        assert sum(1 for _ in video) == 5


def test_missing_source_makes_no_folder(tracker, tmp_path):
    with pytest.raises(SiamcorrError, match=r"nothing\.mp4"):
        track_to_files(tmp_path / "nothing.mp4", BOXES, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_real_video_with_the_default_tracker(data_root, tmp_path):
    box = [312, 146, 106, 96]
    options = OutputOptions(response="panel", save_responses=True)
    summary = track_to_files(data_root / "bag.avi", box, tmp_path / "out", stop=25, options=options)
    rows = read_csv(tmp_path / "out")
    assert summary.frames == len(rows) == 25
    assert [float(rows[0][key]) for key in "xywh"] == box
    centres = np.array([[float(r["x"]) + float(r["w"]) / 2, float(r["y"])] for r in rows])
    assert np.abs(np.diff(centres, axis=0)).max() < 60
    with open_source(tmp_path / "out" / "video.mp4") as video:
        shapes = [frame.image.shape for frame in video]
    assert len(shapes) == 25
    assert shapes[0][:2] != (360, 480)
