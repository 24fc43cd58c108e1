"""Written videos are decoded again by PyAV and OpenCV, and their boxes are parsed by hand."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import torch

from siamcorr.data.video import VideoWriter, open_source
from siamcorr.errors import InvalidArgument, ShapeError


def scene(t: int, height: int = 72, width: int = 96) -> np.ndarray:
    """A smooth colour ramp with a bright square that moves 4 pixels a frame."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([40 + x, 60 + y, 90 + (x + y) / 2], -1).astype(np.uint8)
    image[20:36, 4 * t : 4 * t + 16] = (250, 230, 20)
    return image


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def top_boxes(content: bytes) -> list[str]:
    names, position = [], 0
    while position < len(content):
        size, name = struct.unpack(">I4s", content[position : position + 8])
        assert size >= 8
        names.append(name.decode())
        position += size
    assert position == len(content)
    return names


def decode(path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def write(path, images, fps=25, **options) -> VideoWriter:
    with VideoWriter(path, fps, **options) as video:
        for image in images:
            video.write(image)
    return video


def test_video_for_browsers(tmp_path):
    path = tmp_path / "a.mp4"
    assert write(path, map(scene, range(10))).frame_count == 10
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height, stream.frames) == (96, 72, 10)
        assert stream.average_rate == 25
        assert len(container.streams) == 1
    boxes = top_boxes(path.read_bytes())
    assert boxes[0] == "ftyp"
    assert boxes.index("moov") < boxes.index("mdat")
    assert list(tmp_path.iterdir()) == [path]


def test_content_survives_in_both_decoders(tmp_path):
    path = tmp_path / "a.mp4"
    images = [scene(t) for t in range(10)]
    write(path, images)
    by_av = decode(path)
    by_cv2 = [frame.image for frame in open_source(path)]
    assert len(by_av) == len(by_cv2) == 10
    for image, first, second in zip(images, by_av, by_cv2, strict=True):
        assert psnr(image, first) > 32
        assert psnr(image, second) > 32


def test_colours_keep_their_place(tmp_path):
    """Flat red, green and blue come back by both decoders, so the matrix fits its tag."""
    path = tmp_path / "a.mp4"
    colours = [(230, 20, 20), (20, 230, 20), (20, 20, 230)]
    write(path, [np.full((720, 1280, 3), colour, np.uint8) for colour in colours], crf=10)
    capture = cv2.VideoCapture(str(path))
    for colour, image in zip(colours, decode(path), strict=True):
        bgr = capture.read()[1]
        assert np.abs(image.mean((0, 1)) - colour).max() < 6
        assert np.abs(bgr.mean((0, 1))[::-1] - colour).max() < 6
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.colorspace == 6  # SMPTE 170M


def test_crf_trades_size_for_quality(tmp_path):
    rng = np.random.default_rng(0)
    images = [cv2.GaussianBlur(rng.integers(0, 255, (64, 64, 3), np.uint8), (5, 5), 1)] * 3
    write(tmp_path / "fine.mp4", images, crf=5)
    write(tmp_path / "coarse.mp4", images, crf=45)
    assert psnr(images[0], decode(tmp_path / "fine.mp4")[0]) > 25
    assert (tmp_path / "fine.mp4").stat().st_size > 2 * (tmp_path / "coarse.mp4").stat().st_size


@pytest.mark.parametrize(("height", "width"), [(71, 95), (71, 96), (72, 95), (1, 1), (17, 2)])
def test_odd_sizes_repeat_their_last_row_and_column(tmp_path, height, width):
    image = scene(0)[:height, :width]
    rows, columns = np.arange(height + height % 2), np.arange(width + width % 2)
    by_hand = image[np.minimum(rows, height - 1)][:, np.minimum(columns, width - 1)]
    write(tmp_path / "odd.mp4", [image] * 2, crf=0)
    write(tmp_path / "even.mp4", [by_hand] * 2, crf=0)
    decoded = decode(tmp_path / "odd.mp4")
    assert decoded[0].shape == by_hand.shape
    np.testing.assert_array_equal(decoded, decode(tmp_path / "even.mp4"))


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(2997, 100)),
        (30000 / 1001, Fraction(30000, 1001)),
        (Fraction(24000, 1001), Fraction(24000, 1001)),
        (12.5, Fraction(25, 2)),
        (1, Fraction(1)),
        (240, Fraction(240)),
    ],
)
def test_frame_rate_is_exact(tmp_path, fps, rate):
    path = tmp_path / "a.mp4"
    write(path, map(scene, range(6)), fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [frame.pts * stream.time_base for frame in container.decode(stream)]
        assert stream.average_rate == rate
    assert times == [t / rate for t in range(6)]


def test_tensors_and_views_are_written_alike(tmp_path):
    image = scene(0)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    flipped = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    write(tmp_path / "a.mp4", [image, tensor, flipped], crf=0)
    first, second, third = decode(tmp_path / "a.mp4")
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_video_is_complete_so_far(tmp_path, error):
    path = tmp_path / "a.mp4"

    def interrupted():
        yield from map(scene, range(7))
        raise error

    with pytest.raises(error):
        write(path, interrupted())
    assert len(decode(path)) == 7
    boxes = top_boxes(path.read_bytes())
    assert boxes.index("moov") < boxes.index("mdat")
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_appears_with_the_whole_file(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    video = VideoWriter(path, 25)
    video.write(scene(0))
    assert path.read_bytes() == b"old"
    video.close()
    video.close()
    assert len(decode(path)) == 1


def test_no_frame_no_file(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(InvalidArgument, match="no frame was written"), VideoWriter(path, 25):
        pass
    with pytest.raises(ZeroDivisionError), VideoWriter(path, 25):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_failing_disk_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    video = VideoWriter(path, 25)
    video.write(scene(0))

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video, "_container", Closing(video._container, full))
    with pytest.raises(OSError, match="No space left"):
        video.close()
    assert list(tmp_path.iterdir()) == []


class Closing:
    """A container whose close ends in an error."""

    def __init__(self, container, error):
        self._container, self._error = container, error

    def mux(self, packets):
        self._container.mux(packets)

    def close(self):
        self._container.close()
        self._error()


def test_the_image_is_not_modified(tmp_path):
    image = scene(0, 71, 95)
    before = image.copy()
    write(tmp_path / "a.mp4", [image])
    np.testing.assert_array_equal(image, before)


def test_another_size_is_refused_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(ShapeError, match="has another size than the first") as caught:
        write(path, [scene(0), scene(1), scene(2)[:48]])
    assert "frame 2 of" in str(caught.value)
    assert "(72, 96) as (H, W)" in str(caught.value)
    assert "(48, 96)" in str(caught.value)
    assert len(decode(path)) == 2
