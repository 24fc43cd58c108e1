"""TargetFilter against a loop over boxes with the paper's bounds, and at its ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_videos import video

from siamcorr.data.pairs import CroppedVideo, PairShape, TargetFilter, VideoPairs, WeightedSet
from siamcorr.errors import InvalidArgument

SIDES = st.sampled_from([0.0, 4.0, 19.9, 20.0, 60.0, 79.9, 80.0, 240.0, 320.0, 321.0, 500.0, 501.0])
EIGHTHS = st.sampled_from([0, 1, 2, 3, 8])


def counts_by_hand(w, h, cover, best, frame_size) -> bool:
    """SiamFC's conditions as they stand in the definitions, cover in eighths."""
    height, width = frame_size
    return bool(
        20 <= w <= 500
        and 20 <= h <= 500
        and 0.01 <= w / width <= 0.5
        and 0.01 <= h / height <= 0.5
        and 0.25 <= w / h <= 4
        and cover > max(1, 0.3 * best)
    )


@given(st.lists(st.tuples(SIDES, SIDES, EIGHTHS), min_size=1, max_size=12))
@settings(max_examples=100)
def test_the_papers_bounds_equal_a_loop(rows):
    boxes = np.array([[[5.0, 6.0, w, h]] for w, h, _ in rows])
    covers = np.array([[cover] for _, _, cover in rows])
    clip = video("a", boxes_xywh=boxes, visible=covers / 8, size=(480, 640))
    by_hand = [counts_by_hand(*row, covers.max(), (480, 640)) for row in rows]
    by_hand = by_hand if sum(by_hand) >= 2 else [False] * len(rows)
    assert TargetFilter.siamfc().passes(clip)[:, 0].tolist() == by_hand


def test_the_default_takes_every_visible_box_with_an_area():
    boxes = np.array([[1, 1, 0.5, 900], [1, 1, 0, 4], [np.nan] * 4, [1, 1, 2, 2], [1, 1, 2, 2]])
    visible = np.array([0.01, 1, 1, 0, np.nan])
    clip = video("a", boxes_xywh=boxes[:, None], visible=visible[:, None])
    assert TargetFilter().passes(clip)[:, 0].tolist() == [True, False, False, False, False]


def test_targets_are_judged_one_by_one():
    boxes = np.full((3, 2, 4), 30.0)
    visible = np.array([[0.2, 1.0], [0.2, 0.4], [0.2, 0.2]])
    clip = video("a", targets=2, boxes_xywh=boxes, visible=visible)
    found = TargetFilter(visible_of_best=0.3, frames=3).passes(clip)
    assert found.tolist() == [[True, False]] * 3  # the second passes in two frames


def test_pairs_come_from_what_passes(tmp_path):
    boxes = np.full((4, 1, 4), 30.0)
    boxes[1, 0, 2:] = 5
    clip = video("a", boxes_xywh=boxes, frame_files=(tmp_path / "0.png",) * 4, size=(100, 100))

    def source(**bounds):
        sets, shape = [WeightedSet("s", [clip])], PairShape()
        return VideoPairs(sets, shape, pairs=50, seed=0, targets=TargetFilter(**bounds))

    draws = [source(size=(20, 500)).sampler.draw(0, i) for i in range(50)]
    assert {side.frame for draw in draws for side in draw[:2]} == {0, 2, 3}
    with pytest.raises(InvalidArgument, match=r"none of its 1 videos .* passes the filter Target"):
        source(frame_share=(0.6, 1))


def test_stored_crops_do_not_tell_sizes_in_the_frame(tmp_path):
    boxes = np.full((3, 1, 4), 60.0)
    crops = CroppedVideo("v", tmp_path, (0, 1, 2), ("00",), boxes, np.ones((3, 1)))
    assert TargetFilter(aspect=(0.5, 2), frames=2).passes(crops).all()
    with pytest.raises(InvalidArgument, match="v: stored crops do not tell"):
        TargetFilter.siamfc().passes(crops)
