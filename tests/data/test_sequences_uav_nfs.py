"""UAV123, UAV20L and NfS from folders made by the test."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.data.sequences import load_dataset
from siamcorr.data.sequences.uav123 import SEGMENTS
from siamcorr.errors import InvalidArgument, SourceError


def frames(folder, numbers, digits=6):
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"{number:0{digits}d}.jpg").touch()


def uav(root, video, numbers, name, lines, *, subset="UAV123", inner="UAV123"):
    """`lines` number the annotations: the box of line i is (i, 2, 3, 4), one-based."""
    folder = root / "data_seq" / inner / video
    if not folder.is_dir():
        frames(folder, numbers)
    annotations = root / "anno" / subset
    annotations.mkdir(parents=True, exist_ok=True)
    rows = ["NaN,NaN,NaN,NaN" if i is None else f"{i},2,3,4" for i in lines]
    (annotations / f"{name}.txt").write_text("\n".join(rows) + "\n")


def numbers_of(sequence):
    return [int(file.stem) for file in sequence.frame_files]


def test_convention_uav123_counts_pixels_from_1_and_nan_is_absent(tmp_path):
    uav(tmp_path, "bike1", [1, 2, 3], "bike1", [1, None, 3])
    (sequence,) = load_dataset("uav123", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh[:, 0], [[0, 1, 3, 4], [np.nan] * 4, [2, 1, 3, 4]]
    )
    np.testing.assert_array_equal(sequence.visible[:, 0], [1, 0, 1])


def test_sequences_that_share_a_folder_take_their_own_frames(tmp_path):
    for name, first, last in (("car1_1", 1, 751), ("car1_2", 751, 1627), ("car1_3", 1627, 2629)):
        uav(tmp_path, "car1", range(1, 2630), name, range(first, last + 1))
    found = load_dataset("uav123", tmp_path)
    assert found.names == ("car1_1", "car1_2", "car1_3")
    for sequence in found:  # the twin numbered the boxes like the frames
        assert numbers_of(sequence) == (sequence.boxes_xywh[:, 0, 0] + 1).tolist()
    assert numbers_of(found["car1_2"])[:2] == [751, 752]


def test_the_published_segments():
    """123 sequences: 72 with a folder of their own, 51 parts of 19 folders."""
    assert len(SEGMENTS) == 51
    assert len({video for video, _, _ in SEGMENTS.values()}) == 19
    assert SEGMENTS["bird1_2"] == ("bird1", 775, 1477)
    assert SEGMENTS["uav1_3"] == ("uav1", 2473, 3469)
    gaps = [
        (name, first)
        for name, (video, first, _) in SEGMENTS.items()
        if first != 1 and all(end != first for other, _, end in SEGMENTS.values() if other == video)
    ]
    assert gaps == [("bird1_2", 775), ("bird1_3", 1573), ("uav1_3", 2473)]


def test_uav20l_uses_whole_folders(tmp_path):
    uav(tmp_path, "car1", range(1, 8), "car1", range(1, 8), subset="UAV20L")
    uav(tmp_path, "car1_s", [1], "car1_s", [1])
    assert load_dataset("uav20l", tmp_path).names == ("car1",)
    assert load_dataset("uav123", tmp_path).names == ("car1_s",)


def test_frames_may_lie_one_folder_higher(tmp_path):
    uav(tmp_path, "bike1", [1, 2], "bike1", [1, 2], inner="")
    assert numbers_of(load_dataset("uav123", tmp_path)["bike1"]) == [1, 2]


def test_uav123_that_does_not_fit(tmp_path):
    uav(tmp_path / "a", "bike1", [1, 2, 3], "bike1", [1, 2])
    with pytest.raises(InvalidArgument, match=r"bike1\.txt: 2 annotations, but 3 frames"):
        load_dataset("uav123", tmp_path / "a")
    uav(tmp_path / "b", "truck4", [1, 2], "truck4_2", [1])
    with pytest.raises(SourceError, match=r"truck4: holds none of the frames 577 \.\.\. 1261"):
        load_dataset("uav123", tmp_path / "b")


def nfs(root, name, total, lines, *, fps=30, first=0, lost=(), label='"car"'):
    """Line i is the box (10 + i, 20) to (15 + i, 27); `first` numbers its column of frames."""
    frames(root / name / str(fps) / name, range(1, total + 1), digits=5)
    rows = [
        f"0 {10 + i} 20 {15 + i} 27 {i + first} {int(i in lost)} 0 0 {label}" for i in range(lines)
    ]
    (root / name / str(fps) / f"{name}.txt").write_text("\n".join(rows) + "\n")


def test_convention_nfs_corners_count_from_0_and_lost_is_absent(tmp_path):
    nfs(tmp_path, "airboard_1", 3, 3, lost=(1,), first=1)
    (sequence,) = load_dataset("nfs", tmp_path)
    np.testing.assert_array_equal(
        sequence.boxes_xywh[:, 0], [[10, 20, 5, 7], [11, 20, 5, 7], [12, 20, 5, 7]]
    )
    np.testing.assert_array_equal(sequence.visible[:, 0], [1, 0, 1])
    assert sequence.classes == {"object_class": "car"}


@pytest.mark.parametrize(("total", "lines"), [(4, 32), (4, 29), (4, 27), (5, 33), (3, 25)])
def test_nfs_at_30_fps_takes_every_eighth_line(tmp_path, total, lines):
    nfs(tmp_path, "Gymnastics", total, lines)
    (sequence,) = load_dataset("nfs", tmp_path)
    assert sequence.boxes_xywh[:, 0, 0].tolist() == [10 + 8 * i for i in range(len(sequence))]
    assert len(sequence) == len(sequence.frame_files) == min(total, -(-lines // 8))


def test_nfs_rates_are_two_names(tmp_path):
    nfs(tmp_path, "Gymnastics", 2, 2)
    nfs(tmp_path, "Gymnastics", 16, 16, fps=240)
    assert len(load_dataset("nfs", tmp_path)["Gymnastics"]) == 2
    assert len(load_dataset("nfs_240", tmp_path)["Gymnastics"]) == 16


def test_malformed_nfs(tmp_path):
    nfs(tmp_path / "a", "x", 10, 5)
    with pytest.raises(InvalidArgument, match=r"x\.txt: 5 annotations, but 10 frames"):
        load_dataset("nfs", tmp_path / "a")
    nfs(tmp_path / "b", "x", 1, 1)
    for line in ("0 1 2 3 4 5", "0 1 2 3 inf 5 0 0", "0 1 2 3 4 5 2 0", "0 1 2 3 a 5 0 0"):
        (tmp_path / "b" / "x" / "30" / "x.txt").write_text(line)
        with pytest.raises(InvalidArgument, match=r"x\.txt, line 1: expected `id x1 y1 x2 y2"):
            load_dataset("nfs", tmp_path / "b")
