"""However a run ends, its files are complete, and the ending is told."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_tracker import fake_result

from siamcorr.data.video import open_source
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.workflows.recording import record_run
from siamcorr.workflows.run_files import OutputOptions, RunFiles, RunHead

SIZE = (61, 83)


def stream(count, error=None, size_from=None):
    """Frames with results; then an error, or another frame size from one frame on."""
    for index in range(count):
        size = SIZE if size_from is None or index < size_from else (48, 64)
        result = fake_result([[10.0 + index, 10, 20, 20]], size, responses=index > 0)
        yield np.full((*size, 3), 90, np.uint8), replace(result, frame_index=index)
    if error is not None:
        raise error


def run(out, results, options=None, **kwargs):
    return record_run(
        results, RunFiles(out, options or OutputOptions()), RunHead("clip", 25.0, 5), **kwargs
    )


def check_complete(out, frames, status):
    """All three files parse and hold the same frames; nothing temporary is left."""
    found = json.loads((out / "tracks.json").read_text())
    assert (found["status"], found["frames"], len(found["tracks"])) == (status, frames, frames)
    assert len((out / "tracks.csv").read_text().splitlines()) == frames + 1
    with open_source(out / "video.mp4") as video:
        assert sum(1 for _ in video) == frames
    assert sorted(path.name for path in out.iterdir()) == ["tracks.csv", "tracks.json", "video.mp4"]
    return found


def test_finished_run(tmp_path):
    seen = []
    summary = run(tmp_path / "a" / "b", stream(5), progress=lambda *at: seen.append(at))
    check_complete(tmp_path / "a" / "b", 5, "finished")
    assert seen == [(i + 1, 5) for i in range(5)]
    assert (summary.frames, summary.interrupted) == (5, False)
    target = summary.targets[0]
    assert (target.frames, target.lost_frames, target.mean_score) == (5, 0, 0.75)
    assert target.last_box_xywh == (14.0, 10.0, 20.0, 20.0)
    assert summary.files["video"].is_file()


def test_mean_score_leaves_the_given_frame_out(tmp_path):
    scores = (1.0, 0.5, 0.25)
    results = (
        (frame, replace(result, scores=torch.tensor([score])))
        for score, (frame, result) in zip(scores, stream(3), strict=True)
    )
    assert run(tmp_path / "a", results).targets[0].mean_score == 0.375
    assert math.isnan(run(tmp_path / "b", stream(1)).targets[0].mean_score)


def test_stopped_run(tmp_path):
    asked = iter([False, False, True])
    summary = run(tmp_path, stream(9), stop=lambda: next(asked))
    assert summary.interrupted
    check_complete(tmp_path, 3, "interrupted")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (SourceError("clip.mp4: frame 4 is broken"), "failed", "clip.mp4: frame 4 is broken"),
        (KeyboardInterrupt(), "interrupted", None),
        (ZeroDivisionError("a bug"), "failed", "a bug"),
    ],
)
def test_run_that_breaks_midway(tmp_path, error, status, message):
    with pytest.raises(type(error)) as caught:
        run(tmp_path, stream(4, error))
    assert caught.value.__notes__ == [f"The 4 frames before it are in {tmp_path}"]
    assert check_complete(tmp_path, 4, status)["error"] == message


def test_frames_that_change_size(tmp_path):
    with pytest.raises(
        SourceError, match="frame 3 of clip: the size changes from 83 x 61"
    ) as caught:
        run(tmp_path / "video", stream(6, size_from=3))
    assert "to 64 x 48 pixels" in str(caught.value)
    assert "--no-video" in str(caught.value)
    check_complete(tmp_path / "video", 3, "failed")
    summary = run(tmp_path / "tables", stream(6, size_from=3), OutputOptions(video=False))
    assert summary.frames == 6


def test_error_before_the_first_frame_leaves_no_folder(tmp_path):
    with pytest.raises(SourceError) as caught:
        run(tmp_path / "out", stream(0, SourceError("no such file")))
    assert not hasattr(caught.value, "__notes__")
    assert not (tmp_path / "out").exists()


def test_source_without_frames(tmp_path):
    with pytest.raises(SourceError, match="no frame in the range"):
        run(tmp_path / "out", stream(0))


def test_earlier_run_is_kept_unless_told(tmp_path):
    run(tmp_path, stream(2), OutputOptions(save_responses=True))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(InvalidArgument, match="holds the results of a run already") as caught:
        run(tmp_path, stream(3))
    assert "--overwrite" in str(caught.value)
    assert {path: path.read_bytes() for path in before} == before
    run(tmp_path, stream(3), OutputOptions(overwrite=True, video=False))
    assert not (tmp_path / "video.mp4").exists()
    assert not list((tmp_path / "responses").glob("*.npz"))
    assert len((tmp_path / "tracks.csv").read_text().splitlines()) == 4


def test_out_that_cannot_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match="is a file; the output needs a folder"):
        run(tmp_path / "file", stream(1))
    with pytest.raises(InvalidArgument, match="cannot be made: Not a directory"):
        run(tmp_path / "file" / "out", stream(1))


def test_panel_video_is_larger_than_the_frame(tmp_path):
    run(tmp_path, stream(3), OutputOptions(response="panel"))
    with open_source(tmp_path / "video.mp4") as video:
        shapes = {frame.image.shape for frame in video}
    assert shapes == {(62, 84 + 40, 3)}  # 61 x 83 with a cell of 41, padded to even


def test_overlay_shows_in_the_video(tmp_path):
    run(tmp_path / "plain", stream(3), OutputOptions())
    run(tmp_path / "overlay", stream(3), OutputOptions(response="overlay"))
    videos = []
    for name in ("plain", "overlay"):
        with open_source(tmp_path / name / "video.mp4") as video:
            videos.append(np.stack([frame.image for frame in video]).astype(int))
    difference = np.abs(videos[0] - videos[1]).max(-1)
    assert difference[0].max() < 10  # the first frame has no response
    assert difference[2].max() > 60
    assert difference[2, 45:].max() < 10  # outside the map, whose cells reach to y = 40
