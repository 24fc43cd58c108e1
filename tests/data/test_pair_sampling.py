"""Which frames make a pair: distributions against counts by hand, determinism, refusals."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_videos import boxes, video

from siamcorr.data.pairs.sampling import PairSampler, earlier_first, window
from siamcorr.data.pairs.tracks import TrackTable, WeightedSet
from siamcorr.errors import InvalidArgument


def sampler(sets, pairs=1000, **options) -> PairSampler:
    return PairSampler(TrackTable(sets), pairs=pairs, seed=options.pop("seed", 3), **options)


def shares(counts: Counter) -> dict:
    total = sum(counts.values())
    return {key: count / total for key, count in counts.items()}


def test_convention_window_counts_usable_frames_and_both_draws_are_uniform():
    frames, reach = np.array([0, 1, 5, 40, 41]), 1
    expected: Counter = Counter()
    for i in range(5):  # by hand: 1/5 for the first, 1/2 or 1/3 for the second
        near = [j for j in range(5) if abs(i - j) <= reach]
        for j in near:
            expected[frames[i], frames[j]] = 1 / 5 / len(near)
    rng = np.random.default_rng(0)
    found = shares(Counter(window(rng, frames, reach) for _ in range(40_000)))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=0.006)


def test_convention_earlier_first_is_uniform_over_pairs_within_the_frame_numbers():
    frames, reach = np.array([0, 2, 3, 50, 52, 53, 90]), 3
    fitting = [(a, b) for a, b in itertools.combinations(frames.tolist(), 2) if b - a <= reach]
    assert len(fitting) == 6
    rng = np.random.default_rng(0)
    found = shares(Counter(earlier_first(rng, frames, reach) for _ in range(30_000)))
    assert found == pytest.approx(dict.fromkeys(fitting, 1 / 6), abs=0.008)


def test_earlier_first_with_two_frames_or_none_within_reach():
    rng = np.random.default_rng(0)
    assert earlier_first(rng, np.array([3, 900]), 5) == (3, 900)
    assert earlier_first(rng, np.array([7]), 5) == (7, 7)
    drawn = {earlier_first(rng, np.array([0, 100, 200]), 5) for _ in range(100)}
    assert drawn == {(0, 0), (100, 100), (200, 200)}


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 30), st.integers(0, 10**6))
@settings(max_examples=60)
def test_rules_draw_usable_frames_within_reach(usable, reach, seed):
    frames = np.array(sorted(usable))
    rng = np.random.default_rng(seed)
    first, second = window(rng, frames, reach)
    places = {f: i for i, f in enumerate(frames.tolist())}
    assert abs(places[first] - places[second]) <= reach
    first, second = earlier_first(rng, frames, reach)
    assert {first, second} <= usable
    assert len(usable) == 2 or 0 <= second - first <= reach


def test_convention_sets_get_their_exact_share_and_videos_come_in_rounds():
    sets = [
        WeightedSet("a", [video(f"a{i}") for i in range(3)], weight=100),
        WeightedSet("b", [video(f"b{i}") for i in range(4)], weight=300),
    ]
    drawn = [sampler(sets, pairs=10).draw(e, i).template.key for e in range(6) for i in range(10)]
    # 10 pairs: exact shares 2.5 and 7.5; the larger remainder is a tie and goes to the first set.
    assert Counter(key.set_index for key in drawn) == {0: 6 * 3, 1: 6 * 7}
    videos = [key.video_index for key in drawn if key.set_index == 1]
    rounds = [videos[i : i + 4] for i in range(0, 40, 4)]  # 42 turns over 6 epochs
    assert all(sorted(each) == [0, 1, 2, 3] for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
    assert Counter(key.video_index for key in drawn if key.set_index == 0) == {0: 6, 1: 6, 2: 6}


def test_only_visible_annotated_targets_with_a_size_are_used():
    table = boxes(6, targets=3)
    table[0, 0] = np.nan
    table[1, 0, 2] = 0
    visible = np.ones((6, 3))
    visible[2, 0], visible[3, 0] = 0, np.nan
    visible[:, 1] = 0
    clip = video("clip", boxes_xywh=table, visible=visible)
    source = sampler([WeightedSet("s", [video("empty", visible=np.zeros((5, 1))), clip])])
    drawn = [source.draw(0, i) for i in range(1000)]
    sides = [side for draw in drawn for side in (draw.template, draw.search)]
    frames: dict[int, set[int]] = {}
    for side in sides:
        assert source.table.video(side.key).video is clip
        frames.setdefault(source.table.track(side.key).target, set()).add(side.frame)
    assert frames == {0: {4, 5}, 2: {0, 1, 2, 3, 4, 5}}
    tracks = shares(Counter(draw.template.key.track_index for draw in drawn))
    assert tracks == pytest.approx({0: 0.5, 1: 0.5}, abs=0.05)
    assert all(draw.template.key == draw.search.key and draw.positive for draw in drawn)


def test_convention_negatives_come_from_a_uniform_set_and_never_from_the_own_track():
    sets = [
        WeightedSet("large", [video("v0", targets=2), video("v1"), video("v2")], weight=1000),
        WeightedSet("small", [video("w0")], weight=1),
    ]
    source = sampler(sets, pairs=20_000, negative_share=0.25)
    drawn = [source.draw(0, i) for i in range(20_000)]
    negatives = [d for d in drawn if not d.positive]
    assert len(negatives) / 20_000 == pytest.approx(0.25, abs=0.01)
    assert all(d.template.key != d.search.key for d in negatives)
    from_v1 = [d.search.key for d in negatives if d.template.key[:2] == (0, 1)]
    # by hand: each set 1/2; in the large one v0 and v2 are left, in v0 two tracks
    expected = {(1, 0, 0): 1 / 2, (0, 0, 0): 1 / 8, (0, 0, 1): 1 / 8, (0, 2, 0): 1 / 4}
    assert shares(Counter(map(tuple, from_v1))) == pytest.approx(expected, abs=0.04)
    from_v0 = [d.search.key for d in negatives if d.template.key == (0, 0, 0)]
    expected = {(1, 0, 0): 1 / 2, (0, 0, 1): 1 / 6, (0, 1, 0): 1 / 6, (0, 2, 0): 1 / 6}
    assert shares(Counter(map(tuple, from_v0))) == pytest.approx(expected, abs=0.06)
    frames = shares(Counter(d.template.frame for d in negatives))
    assert frames == pytest.approx(dict.fromkeys(range(5), 1 / 5), abs=0.03)


def test_hard_negatives_share_the_class_of_the_template():
    sets = [
        WeightedSet("a", [video("d0", classes={"object_class": "dog"}), video("plain")]),
        WeightedSet(
            "b",
            [video("mixed", targets=3, target_classes=("cat", "dog", "dog"))],
        ),
    ]
    source = sampler(sets, pairs=4000, negative_share=1, hard_negative_share=0.75)
    drawn = [source.draw(0, i) for i in range(4000)]
    of_dog = Counter(tuple(d.search.key) for d in drawn if d.template.key == (0, 0, 0))
    # 3/4 hard: one of two dogs; 1/4 easy: set a has `plain` left, set b three tracks
    expected = {
        (1, 0, 1): 3 / 8 + 1 / 24,
        (1, 0, 2): 3 / 8 + 1 / 24,
        (1, 0, 0): 1 / 24,
        (0, 1, 0): 1 / 8,
    }
    assert shares(of_dog) == pytest.approx(expected, abs=0.05)
    without_class = Counter(tuple(d.search.key) for d in drawn if d.template.key == (0, 1, 0))
    assert (0, 1, 0) not in without_class
    assert set(without_class) == {(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2)}


def test_a_draw_depends_on_seed_epoch_and_index_alone():
    sets = [WeightedSet("s", [video(f"v{i}", frames=50) for i in range(5)])]
    first, again = (sampler(sets, negative_share=0.3) for _ in range(2))
    forwards = [first.draw(2, i) for i in range(50)]
    backwards = [again.draw(2, i) for i in reversed(range(50))]
    assert forwards == backwards[::-1]
    assert forwards != [first.draw(3, i) for i in range(50)]
    assert forwards != [sampler(sets, negative_share=0.3, seed=4).draw(2, i) for i in range(50)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"negative_share": 1.5}, "negative_share 1.5 is not in 0 ... 1"),
        ({"negative_share": 0.1}, "negative pairs need two tracks"),
        ({"hard_negative_share": 0.1}, "hard negatives need two tracks of one class"),
        ({"pairs": 0}, "0 pairs an epoch"),
        ({"seed": -1}, "seed must be >= 0"),
        ({"rule": "last"}, "rule must be one of"),
    ],
)
def test_settings_that_cannot_give_pairs_are_refused(options, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        sampler([WeightedSet("s", [video("v")])], **options)


def test_sets_that_cannot_give_pairs_are_refused():
    with pytest.raises(InvalidArgument, match="no set of videos"):
        TrackTable([])
    with pytest.raises(InvalidArgument, match="set 's': none of its 1 videos has a frame"):
        TrackTable([WeightedSet("s", [video("v", visible=np.zeros((5, 1)))])])
    with pytest.raises(InvalidArgument, match=r"leave a set without one: {'a': 3, 'b': 0}"):
        sampler(
            [WeightedSet("a", [video("v")], weight=99), WeightedSet("b", [video("w")])], pairs=3
        )
    with pytest.raises(InvalidArgument, match="s: weight 0 is not > 0"):
        WeightedSet("s", [], weight=0)
    with pytest.raises(InvalidArgument, match="s: frame_range -1 is not >= 0"):
        WeightedSet("s", [], frame_range=-1)
