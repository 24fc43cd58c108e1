"""`extract_frames`: what is read back equals what was in the video, and nothing is overwritten."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.data import load_dataset
from siamcorr.data.pairs import PairShape, VideoPairs, WeightedSet
from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.workflows.extract_frames import extract_frames

ROWS = """frame,id,x,y,w,h,visible,class
0,3,1.1,2.25,10,12,0.1,dog
0,7,20,8,9.3,7,1,cat
2,3,4,2,0.1,12,0,dog
4,7,20,8,9,7,1,cat
"""


@pytest.fixture
def clip(tmp_path):
    """Six frames of growing grey, annotated up to the fifth; and a sequence of images."""
    root = tmp_path / "mine"
    root.mkdir()
    with VideoWriter(root / "walk.mp4", fps=10) as writer:
        for i in range(6):
            writer.write(np.full((48, 64, 3), 20 + 30 * i, np.uint8))
    (root / "walk.csv").write_text(ROWS)
    return root


def test_what_is_read_back_is_what_was_there(clip, tmp_path):
    told: list[tuple[str, int, int]] = []
    out = tmp_path / "made" / "images"
    assert extract_frames("boxes_csv", clip, out, progress=lambda *each: told.append(each)) == [
        "walk"
    ]
    before, after = (load_dataset("boxes_csv", root)["walk"] for root in (clip, out))
    np.testing.assert_array_equal(after.boxes_xywh, before.boxes_xywh)
    np.testing.assert_array_equal(after.visible, before.visible)
    assert (after.target_ids, after.target_classes) == (("3", "7"), ("dog", "cat"))
    assert [file.name for file in after.frame_files] == [f"{i:06d}.jpg" for i in range(5)]
    for i in (4, 0, 3):
        np.testing.assert_allclose(after.frame(i), before.frame(i), atol=2)
    assert told == [("walk", i, 5) for i in range(1, 6)]


def test_pairs_are_cut_from_the_images_and_not_from_the_video(clip, tmp_path):
    def pairs(root):
        found = WeightedSet("mine", load_dataset("boxes_csv", root).sequences)
        return VideoPairs([found], PairShape(template_size=15, search_size=31), pairs=4, seed=0)

    with pytest.raises(InvalidArgument, match=r"walk\.mp4'.*\n  cure: .*siamcorr data extract"):
        pairs(clip)
    extract_frames("boxes_csv", clip, tmp_path / "out")
    assert pairs(tmp_path / "out").batch(0, [0, 1], "cpu").search.shape == (2, 3, 31, 31)


def test_sequences_of_images_are_left_alone(clip, tmp_path):
    out = tmp_path / "out"
    extract_frames("boxes_csv", clip, out)
    with pytest.raises(InvalidArgument, match="nothing to do"):
        extract_frames("boxes_csv", out, tmp_path / "again")
    with pytest.raises(InvalidArgument, match=r"out/walk' or .* exists; remove both"):
        extract_frames("boxes_csv", clip, out)


def test_a_video_that_ends_early_leaves_no_sequence(clip, tmp_path):
    (clip / "walk.csv").write_text(ROWS + "8,7,1,1,2,2,1,cat\n")
    with pytest.raises(SourceError, match=r"9 frames are annotated, but .* ends after 6"):
        extract_frames("boxes_csv", clip, tmp_path / "out")
    assert not (tmp_path / "out" / "walk.csv").exists()
