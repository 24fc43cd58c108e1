"""Image files as a source: order, pixel formats, what is passed over, damaged files."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.data.images import natural_key, read_image
from siamcorr.data.video import open_source
from siamcorr.errors import SourceError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(path: Path, rgb: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return path


def flat(level: int, size: tuple[int, int] = (8, 12)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def textured(size=(64, 96)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)


def with_segment(content: bytes, marker: int, payload: bytes) -> bytes:
    """Insert a segment behind the start marker of a JPEG."""
    head = bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2)
    return content[:2] + head + payload + content[2:]


def test_natural_order_of_a_folder(tmp_path):
    for level in (10, 2, 1, 100, 20):
        save(tmp_path / f"img{level}.png", flat(level))
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4")
    (tmp_path / "._img3.png").write_bytes(b"resource fork")
    (tmp_path / "img50.png").mkdir()
    with open_source(tmp_path) as video:
        frames = list(video)
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [1, 2, 10, 20, 100]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert (video.name, video.frame_count, video.fps) == (str(tmp_path), 5, None)
    assert all(math.isnan(frame.time_s) for frame in frames)


@given(st.lists(st.integers(0, 10**12), unique=True, min_size=1), st.text("ab-_ .Z", max_size=4))
def test_natural_order_is_numeric_order(numbers, prefix):
    names = [Path(f"{prefix}{number}.jpg") for number in numbers]
    assert sorted(names, key=natural_key) == [
        Path(f"{prefix}{number}.jpg") for number in sorted(numbers)
    ]


def test_natural_order_by_hand():
    ordered = [
        "a/2.jpg",
        "a/10.jpg",
        "a/x.jpg",
        "a/x1y2.jpg",
        "a/x1y10.jpg",
        "a/X2.jpg",
        "a-b/1.jpg",
    ]
    assert sorted(map(Path, reversed(ordered)), key=natural_key) == list(map(Path, ordered))
    ties = [Path("01.jpg"), Path("1.jpg")]
    assert sorted([ties[1], ties[0]], key=natural_key) == ties


def test_pattern_and_span(tmp_path):
    for t in range(12):
        save(tmp_path / f"left{t}.png", flat(t))
        save(tmp_path / f"right{t}.png", flat(100 + t))
    with open_source(f"{tmp_path}/right*.png", start=1, stop=11, stride=4) as video:
        frames = list(video)
    assert [(frame.index, int(frame.image[0, 0, 0])) for frame in frames] == [
        (1, 101),
        (5, 105),
        (9, 109),
    ]
    assert video.frame_count == 3


def test_relative_and_recursive_patterns(tmp_path, monkeypatch):
    for folder, level in (("b", 3), ("a10", 2), ("a2", 1)):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / "0.png", flat(level))
    monkeypatch.chdir(tmp_path)
    for pattern in ("*/0.png", "**/*.png", "./?*/[0-9].png"):
        assert [int(f.image[0, 0, 0]) for f in open_source(pattern)] == [1, 2, 3]


def test_a_file_whose_name_holds_pattern_characters(tmp_path):
    path = save(tmp_path / "clip[1].png", flat(7))
    assert [int(frame.image[0, 0, 0]) for frame in open_source(str(path))] == [7]


def test_a_folder_named_like_a_camera_is_a_folder(tmp_path, monkeypatch):
    (tmp_path / "0001").mkdir()
    save(tmp_path / "0001" / "0.png", flat(9))
    monkeypatch.chdir(tmp_path)
    assert [int(frame.image[0, 0, 0]) for frame in open_source("0001")] == [9]


def test_images_may_differ_in_size(tmp_path):
    save(tmp_path / "0.png", flat(1, (4, 6)))
    save(tmp_path / "1.png", flat(1, (5, 3)))
    assert [frame.image.shape for frame in open_source(tmp_path)] == [(4, 6, 3), (5, 3, 3)]


def test_convention_rgb(tmp_path):
    colours = np.array([[RED, GREEN, BLUE]], np.uint8)
    path = save(tmp_path / "a.png", colours)
    np.testing.assert_array_equal(read_image(path), colours)


def test_convention_grey_alpha_and_16_bit(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.array([[5, 250]], np.uint8))
    assert read_image(tmp_path / "grey.png").tolist() == [[[5] * 3, [250] * 3]]
    bgra = np.array([[[30, 20, 10, 0], [30, 20, 10, 255]]], np.uint8)
    cv2.imwrite(str(tmp_path / "alpha.png"), bgra)
    assert read_image(tmp_path / "alpha.png").tolist() == [[[10, 20, 30]] * 2]
    deep = np.array([[0x0000, 0x7FFF, 0x80FF, 0xFFFF]], np.uint16)
    for suffix in (".png", ".tiff"):
        cv2.imwrite(str(tmp_path / f"deep{suffix}"), deep)
        assert read_image(tmp_path / f"deep{suffix}")[0, :, 0].tolist() == [0, 127, 128, 255]


def test_convention_exif_rotation(tmp_path):
    """Orientation 6: the stored rows are shown as columns, first row at the right."""
    stored = np.zeros((16, 48, 3), np.uint8)
    stored[:, :16] = 255
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    path = tmp_path / "a.jpg"
    path.write_bytes(with_segment(jpeg(stored), 0xE1, exif))
    shown = read_image(path)
    assert shown.shape == (48, 16, 3)
    assert shown[:12].min() > 200
    assert shown[20:].max() < 50


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tiff", ".webp"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95])
def test_cut_image_ends_in_an_error_behind_the_frames_before_it(tmp_path, suffix, share):
    for t in range(4):
        save(tmp_path / f"{t}{suffix}", textured())
    cut = tmp_path / f"2{suffix}"
    content = cut.read_bytes()
    cut.write_bytes(content[: int(len(content) * share)])
    seen = []
    with pytest.raises(SourceError, match=rf"frame 2 of .*2\{suffix}: (is cut|is empty|cannot)"):
        seen.extend(frame.index for frame in open_source(tmp_path))
    assert seen == [0, 1]


def test_a_jpeg_is_whole_with_a_preview_inside_and_data_behind(tmp_path):
    whole, preview = jpeg(textured()), jpeg(textured((16, 16)))
    path = tmp_path / "a.jpg"
    path.write_bytes(with_segment(whole, 0xE1, b"Exif\0\0" + preview) + b"\0maker notes\xff\xda")
    assert read_image(path).shape == (64, 96, 3)
    for share in (0.2, 0.7, 0.99):
        cut = with_segment(whole, 0xE1, b"Exif\0\0" + preview)
        path.write_bytes(cut[: int(len(cut) * share)])
        with pytest.raises(SourceError, match="is cut: the JPEG data end before their end marker"):
            read_image(path)


def test_progressive_jpeg_is_read(tmp_path):
    image = cv2.GaussianBlur(textured(), (9, 9), 3)
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert np.abs(read_image(path)[..., ::-1].astype(int) - image).mean() < 5


def test_real_folder_equals_imread(data_root):
    folder = data_root / "otb" / "Crossing" / "img"
    with open_source(folder, stride=17) as video:
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(0, 120, 17))
    assert video.frame_count == len(frames)
    for frame in frames:
        expected = cv2.imread(str(folder / f"{frame.index + 1:04d}.jpg"))[..., ::-1]
        np.testing.assert_array_equal(frame.image, expected)
