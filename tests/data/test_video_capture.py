"""Video files and addresses: every container, spans, clocks, cut and damaged files."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import siamcorr
from siamcorr.data.container import find_damage
from siamcorr.data.video import open_source
from siamcorr.errors import InvalidArgument, SourceError

FPS = 25
SILENCE_S = 1024 / 44100


def level(t: int) -> int:
    return 20 + 5 * t


def number(image: np.ndarray) -> int:
    """Which frame of a clip this is, by its brightness."""
    return round((float(image[:, :32].mean()) - level(0)) / 5)


def make_clip(
    path: Path, times=range(40), *, codec="libx264", trim=0, audio_s=0.0, noise=True, fast=False
) -> Path:
    """Encode frames at `times` / 25 s with PyAV; `trim` frames are hidden by an edit list."""
    rng = np.random.default_rng(0)
    options = {"avoid_negative_ts": "disabled", "use_editlist": "1"} if trim else {}
    with av.open(str(path), "w", options={"movflags": "+faststart"} if fast else options) as out:
        video = out.add_stream(codec, rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.bit_rate = 2_000_000
        audio = out.add_stream("aac", rate=44100) if audio_s else None
        packets = []
        for t, time in enumerate(times):
            image = np.full((48, 64, 3), level(t), np.uint8)
            if noise:
                image[:, 32:] = rng.integers(0, 255, (48, 32, 3))
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, FPS)
            packets += video.encode(frame)
        for packet in packets + video.encode(None):
            shift = int(Fraction(trim, FPS) / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            out.mux(packet)
        for n in range(int(audio_s / SILENCE_S)):
            silence = av.AudioFrame.from_ndarray(
                np.zeros((2, 1024), np.float32), format="fltp", layout="stereo"
            )
            silence.sample_rate, silence.pts = 44100, n * 1024
            silence.time_base = Fraction(1, 44100)
            out.mux(audio.encode(silence))
        if audio:
            out.mux(audio.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


CONTAINERS = {
    "a.mp4": "libx264",
    "a.mov": "libx264",
    "a.mkv": "libx264",
    "a.avi": "mpeg4",
    "a.webm": "libvpx",
    "a.ts": "libx264",
    "a.flv": "flv",
}


@pytest.mark.parametrize(("name", "codec"), CONTAINERS.items())
def test_every_container_is_read_to_its_end(tmp_path, name, codec):
    path = make_clip(tmp_path / name, codec=codec, noise=False)
    with open_source(path) as video:
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(40))
    assert [number(frame.image) for frame in frames] == list(range(40))
    assert [frame.time_s for frame in frames] == pytest.approx([t / FPS for t in range(40)])
    assert (video.name, video.frame_count, video.fps) == (str(path), 40, FPS)
    assert frames[0].image.shape == (48, 64, 3)
    assert frames[0].image.dtype == np.uint8


@pytest.mark.parametrize("read_ahead", [0, 1, 8])
@pytest.mark.parametrize(
    ("start", "stop", "stride"), [(0, None, 1), (7, None, 1), (0, 11, 4), (5, 500, 6), (39, 40, 1)]
)
def test_span_equals_slicing(tmp_path, start, stop, stride, read_ahead):
    path = make_clip(tmp_path / "a.mp4", noise=False)
    span = {"start": start, "stop": stop, "stride": stride}
    with open_source(path, **span, read_ahead=read_ahead) as video:
        frames = list(video)
    expected = list(range(40))[start:stop:stride]
    assert [frame.index for frame in frames] == expected
    assert [number(frame.image) for frame in frames] == expected
    assert video.frame_count == len(expected)


def test_clock_of_a_variable_rate_is_the_containers(tmp_path):
    times = [0, 1, 2, 10, 11, 30, 31, 60]
    for name in ("a.mp4", "a.mkv"):
        frames = list(open_source(make_clip(tmp_path / name, times)))
        assert [frame.time_s for frame in frames] == pytest.approx(
            [t / FPS for t in times], abs=2e-3
        )


def test_a_raw_stream_has_no_count_and_its_clock_is_the_rate(tmp_path):
    video = open_source(make_clip(tmp_path / "a.h264"))
    assert video.frame_count is None
    assert [frame.time_s for frame in video] == pytest.approx([t / FPS for t in range(40)])


def test_start_behind_the_end(tmp_path):
    video = open_source(make_clip(tmp_path / "a.mp4"), start=40)
    with pytest.raises(InvalidArgument, match=r"start=40, but .*a\.mp4 has fewer frames"):
        list(video)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.webm"])
def test_a_cut_file_ends_in_an_error_behind_the_frames_before_it(tmp_path, name, share):
    path = make_clip(tmp_path / name, codec=CONTAINERS[name], fast=name == "a.mp4")
    cut(path, share)
    seen = []
    with pytest.raises(SourceError, match="the file is truncated or corrupt") as caught:
        seen.extend(frame.index for frame in open_source(path))
    assert 5 < len(seen) <= 40
    assert seen == list(range(len(seen)))
    assert str(caught.value).startswith(f"frame {len(seen)} of {path}: the file is")


def test_a_cut_behind_stop_is_not_met(tmp_path):
    path = cut(make_clip(tmp_path / "a.avi", codec="mpeg4"), 0.7)
    assert len(list(open_source(path, stop=15))) == 15


def test_lost_frames_inside_a_file_are_an_error(tmp_path):
    path = make_clip(tmp_path / "a.avi", codec="mpeg4")
    content = bytearray(path.read_bytes())
    middle, width = len(content) // 2, len(content) // 10
    content[middle : middle + width] = bytes(width)
    path.write_bytes(content)
    seen = []
    with pytest.raises(SourceError, match=r"a\.avi: the file is truncated or corrupt: .* of 40"):
        seen.extend(frame.index for frame in open_source(path))
    assert 20 < len(seen) < 40


def test_a_file_cut_before_its_index_does_not_open(tmp_path):
    path = cut(make_clip(tmp_path / "a.mp4"), 0.9)
    with pytest.raises(SourceError, match="a recording that was cut before its index was written"):
        open_source(path)


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_an_estimated_count_is_no_damage(tmp_path, name):
    """Sound that lasts longer than the picture makes OpenCV announce too many frames."""
    path = make_clip(tmp_path / name, audio_s=3.0)
    with open_source(path) as video:
        frames = list(video)
    assert video.frame_count > 60
    assert len(frames) == 40


def test_frames_hidden_by_an_edit_list_are_no_damage(tmp_path):
    path = make_clip(tmp_path / "a.mp4", trim=15)
    assert len(list(open_source(path))) == 25


def test_a_source_that_is_left_early_releases_its_file(tmp_path):
    path = make_clip(tmp_path / "a.mp4")
    for frame in open_source(path, read_ahead=2):
        if frame.index == 3:
            break
    assert not [t for t in threading.enumerate() if t.name == "siamcorr-read-ahead"]


def test_close_inside_the_loop_ends_it(tmp_path):
    seen = []
    with open_source(make_clip(tmp_path / "a.mp4")) as video:
        for frame in video:
            seen.append(frame.index)
            if frame.index == 2:
                video.close()
    assert seen == [0, 1, 2]


@pytest.fixture
def served(tmp_path):
    """Base address of a local web server over `tmp_path`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_video_over_http(tmp_path, served, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    make_clip(tmp_path / "a.mp4", noise=False, fast=True)
    with open_source(f"{served}/a.mp4", stride=10) as video:
        frames = list(video)
    assert [number(frame.image) for frame in frames] == [0, 10, 20, 30]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.4, 0.8, 1.2])
    assert (video.name, video.frame_count) == (f"{served}/a.mp4", 4)


def test_a_password_is_not_told():
    with pytest.raises(SourceError, match=re.escape("rtsp://***@127.0.0.1:9/live")) as caught:
        open_source("rtsp://user:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)


def test_damage_of_an_address_does_not_tell_its_password():
    damage = find_damage("http://user:secret@127.0.0.1:9/a.mp4", 3, 5)
    assert damage.startswith("its container cannot be read to the end")
    assert "secret" not in damage


def test_importing_loads_no_decoder_and_reading_prints_nothing(tmp_path):
    cut(make_clip(tmp_path / "a.avi", codec="mpeg4"), 0.7)
    (tmp_path / "b.avi").write_text("no video")
    program = (
        "import sys\n"
        "from siamcorr.data import VideoWriter, open_source\n"
        "assert not {'cv2', 'av'} & set(sys.modules)\n"
        "for source in ('a.avi', 'b.avi', 97):\n"
        "    try:\n"
        "        list(open_source(source))\n"
        "    except OSError as error:\n"
        "        print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(siamcorr.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["SourceError"] * 3
    assert done.stderr == ""


def test_real_video_equals_opencv(data_root):
    path = data_root / "bag.avi"
    capture = cv2.VideoCapture(str(path))
    with open_source(path) as video:
        assert (video.frame_count, video.fps) == (196, 25.0)
        for t, frame in enumerate(video):
            assert frame.index == t
            assert frame.time_s == pytest.approx(t / 25)
            assert frame.image.shape == (360, 480, 3)
            np.testing.assert_array_equal(frame.image, capture.read()[1][..., ::-1])
    assert t == 195


def test_real_video_cut_in_the_middle(data_root, tmp_path):
    path = tmp_path / "bag.avi"
    path.write_bytes((data_root / "bag.avi").read_bytes())
    seen = []
    with pytest.raises(
        SourceError, match=r"frame 91 of .*bag\.avi: .*; 91 of 196 announced frames"
    ):
        seen.extend(frame.index for frame in open_source(cut(path, 0.5)))
    assert seen == list(range(91))
