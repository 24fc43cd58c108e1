"""PySOT's stored crops: a tree in its layout, written by its recipe, read back and cut."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from pair_videos import video

from siamcorr.data.pairs import PairShape, VideoPairs, WeightedSet, read_cropped_511
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.opencv import load_cv2

BOX = (60.0, 45.0, 30.0, 50.0)  # x, y, w, h in the frame


def stored_crop(frame: np.ndarray) -> np.ndarray:
    """The warp that PySOT's preparation makes, end points on the borders, in pixel indices."""
    x, y, w, h = BOX
    side = math.sqrt((w + (w + h) / 2) * (h + (w + h) / 2)) * 511 / 127
    left, top = x + w / 2 - 0.5 - side / 2, y + h / 2 - 0.5 - side / 2
    a = 510 / side
    to_crop = np.array([[a, 0, -a * left], [0, a, -a * top]])
    return load_cv2().warpAffine(frame, to_crop, (511, 511))


def frame() -> np.ndarray:
    cv2 = load_cv2()
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (180, 140), interpolation=cv2.INTER_CUBIC)


def write_tree(root: Path) -> Path:
    cv2 = load_cv2()
    folder = root / "crop511" / "train" / "clip"
    folder.mkdir(parents=True)
    for name in ("000003.00.x.jpg", "000010.00.x.jpg", "000010.02.x.jpg"):
        cv2.imwrite(str(folder / name), stored_crop(frame()), [cv2.IMWRITE_JPEG_QUALITY, 100])
    x, y, w, h = BOX
    content = {
        "train/clip": {
            "00": {"000003": [x, y, x + w, y + h], "000010": [w, h], "meta": 1, "000011": [0, 9]},
            "02": {"000010": [x, y, x + w, y + h]},
        }
    }
    path = root / "train.json"
    path.write_text(json.dumps(content))
    return path


def test_tracks_and_frames_are_read(tmp_path):
    (clip,) = read_cropped_511(tmp_path / "crop511", write_tree(tmp_path))
    assert (clip.name, len(clip), clip.track_names) == ("train/clip", 3, ("00", "02"))
    assert clip.frame_numbers == (3, 10, 11)
    assert clip.visible.tolist() == [[1, 0], [1, 1], [0, 0]]
    assert clip.crop(1, 1).shape == (511, 511, 3)
    assert not clip.has_masks
    assert clip.class_of(0) is None


def test_convention_the_box_is_centred_at_255_and_a_half_at_510_of_511_nominal(tmp_path):
    (clip,) = read_cropped_511(tmp_path / "crop511", write_tree(tmp_path))
    # s_z = sqrt(70 * 90); nominal size w * 127 / s_z
    nominal = 127 / math.sqrt(70 * 90) * np.array([30, 50])
    x, y, w, h = clip.boxes_xywh[0, 0]
    assert (w, h) == pytest.approx(tuple(nominal * 510 / 511), rel=1e-12)
    assert (x + w / 2, y + h / 2) == pytest.approx((255.5, 255.5), rel=1e-12)


def test_pairs_from_stored_crops_show_what_pairs_from_the_frame_show(tmp_path):
    cv2 = load_cv2()
    clips = read_cropped_511(tmp_path / "crop511", write_tree(tmp_path))
    cv2.imwrite(str(tmp_path / "frame.png"), frame()[..., ::-1])
    table = np.array(BOX).reshape(1, 1, 4)
    whole = video("v", boxes_xywh=table, frame_files=(tmp_path / "frame.png",), size=(140, 180))
    shape = PairShape(search_size=127)
    stored, cut = (
        VideoPairs([WeightedSet("s", videos)], shape, pairs=4, seed=0).batch(0, [0], "cpu")
        for videos in (clips, [whole])
    )
    torch.testing.assert_close(stored.boxes_xywh, cut.boxes_xywh, atol=1e-4, rtol=0)
    # The frame lies inside the square of 127 pixels here, but for its left end.
    difference = (stored.search.flip(1) - cut.search).abs()[..., 2:-2, 12:-2]
    assert difference.mean() < 2.5
    shifted = (stored.search.flip(1)[..., 1:] - cut.search[..., :-1]).abs()[..., 2:-2, 12:-2]
    assert shifted.mean() > 1.5 * difference.mean()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "expected an object with a video an entry"),
        ({"train/clip": []}, "video 'train/clip': expected an object with a track an entry"),
        ({"train/clip": {"00": 3}}, "track '00': expected an object with a frame an entry"),
        ({"train/clip": {"00": {"000003": [1, 2, 3]}}}, r"frame '000003': expected \[x1, y1"),
        ({"train/clip": {"00": {"000003": [1, "b"]}}}, r"got \[1, 'b'\]"),
    ],
)
def test_malformed_annotations_are_named(tmp_path, content, sentence):
    path = write_tree(tmp_path)
    path.write_text(json.dumps(content))
    with pytest.raises(InvalidArgument, match=sentence):
        read_cropped_511(tmp_path / "crop511", path)


def test_what_is_not_there_is_named(tmp_path):
    path = write_tree(tmp_path)
    with pytest.raises(SourceError, match="no folder"):
        read_cropped_511(tmp_path / "crop512", path)
    with pytest.raises(SourceError, match=r"none\.json: cannot be read"):
        read_cropped_511(tmp_path / "crop511", tmp_path / "none.json")
    path.write_text("{")
    with pytest.raises(InvalidArgument, match="is no JSON"):
        read_cropped_511(tmp_path / "crop511", path)
    path.write_text(json.dumps({"other": {"00": {"000003": [3, 4]}}}))
    with pytest.raises(SourceError, match="names the video 'other', but there is no folder"):
        read_cropped_511(tmp_path / "crop511", path)


def test_a_missing_or_foreign_crop_is_named(tmp_path):
    cv2 = load_cv2()
    (clip,) = read_cropped_511(tmp_path / "crop511", write_tree(tmp_path))
    with pytest.raises(SourceError, match=r"000003\.02\.x\.jpg: cannot be read"):
        clip.crop(0, 1)
    cv2.imwrite(str(clip.folder / "000003.00.x.jpg"), np.zeros((255, 254, 3), np.uint8))
    with pytest.raises(SourceError, match=r"is 254 x 255 pixels; PySOT stores 511 x 511"):
        clip.crop(0, 0)
