"""Long-term precision, recall and F1 against loops and hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.longterm import LongTermScores, long_term_f1

Videos = dict[str, tuple[list[float], list[float], list[bool]]]


def evaluate(videos: Videos, resolution: int = 100) -> LongTermScores:
    overlaps, scores, visible = (
        {name: np.array(video[i]) for name, video in videos.items()} for i in range(3)
    )
    return long_term_f1(overlaps, scores, visible, resolution=resolution)


def literal(videos: Videos, threshold: float) -> tuple[float, float]:
    """Mean precision and recall at one threshold, frame by frame."""
    precisions, recalls = [], []
    for overlaps, scores, visible in videos.values():
        kept, total = 0, 0.0
        for overlap, score in zip(overlaps, scores, strict=True):
            score = 0.0 if math.isnan(score) else score
            if score >= threshold if threshold != -math.inf else score > 0:
                kept += 1
                total += 0.0 if math.isnan(overlap) else overlap
        precisions.append(total / kept if kept else 1.0)
        recalls.append(total / sum(visible))
    return sum(precisions) / len(videos), sum(recalls) / len(videos)


def literal_thresholds(videos: Videos, picks: int) -> list[float]:
    """Ranks d - 1 ... n - d in `picks` even steps, halves up, from the largest score down."""
    known = sorted(s for _, scores, _ in videos.values() for s in scores if not math.isnan(s))
    n, d = len(known), len(known) // picks
    ranks = [d - 1 + (n - 2 * d + 1) * i / (picks - 1) for i in range(picks)]
    return [math.inf, *[known[math.floor(r + 0.5)] for r in reversed(ranks)], -math.inf]


def test_hand_worked() -> None:
    """Two of four frames with a target are kept at .8 and .6, and one without at .7."""
    result = evaluate(
        {
            "a": (
                [math.nan, 0.9, math.nan, 0.5, 0.1],
                [math.nan, 0.8, 0.7, 0.6, 0.1],
                [True, True, False, True, True],
            )
        },
        resolution=6,
    )
    assert_array_equal(result.thresholds, [math.inf, 0.8, 0.7, 0.6, 0.1, -math.inf])
    assert_allclose(result.precision, [1, 0.9, 0.45, 1.4 / 3, 1.5 / 4, 1.5 / 4])
    assert_allclose(result.recall, [0, 0.9 / 4, 0.9 / 4, 1.4 / 4, 1.5 / 4, 1.5 / 4])
    f1 = 2 * (1.4 / 3) * (1.4 / 4) / (1.4 / 3 + 1.4 / 4)
    assert result.f1 == pytest.approx(f1)
    assert result.threshold == 0.6
    assert (result.best.precision, result.best.recall) == pytest.approx((1.4 / 3, 1.4 / 4))


def test_convention_minus_infinity_keeps_positive_scores_only() -> None:
    """Scores of 0 and below, and the NaN of the first frame, which counts as 0, are not kept."""
    overlaps = [1.0, 1.0, 1.0, 0.4]
    result = evaluate({"a": (overlaps, [math.nan, 0.0, -1.0, 2.0], [True] * 4)}, resolution=5)
    assert_array_equal(result.thresholds, [math.inf, 2, 0, -1, -math.inf])
    assert_allclose(result.recall, [0, 0.1, 2.4 / 4, 3.4 / 4, 0.1])
    assert_allclose(result.precision, [1, 0.4, 2.4 / 3, 3.4 / 4, 0.4])


def test_convention_no_kept_frame_gives_precision_one_and_recall_zero() -> None:
    result = evaluate({"a": ([0.5, 0.5], [0.1, 0.2], [True, True])}, resolution=4)
    assert (result.precision[0], result.recall[0]) == (1, 0)


def test_convention_recall_divides_by_the_frames_with_a_target() -> None:
    result = evaluate({"a": ([0.5, 0.5, math.nan], [0.1, 0.2, 0.3], [True, True, False])}, 5)
    assert result.recall[3] == 0.5
    assert result.precision[3] == pytest.approx(1 / 3)


def test_convention_f1_is_of_the_means_over_sequences() -> None:
    """Means of precision (1, 0) and recall (1, 0) at .5 give F1 1/2; nothing is pooled."""
    videos: Videos = {
        "good": ([1.0, 1.0], [0.5, 0.5], [True, True]),
        "bad": ([0.0] * 6, [0.5] * 6, [True] * 6),
    }
    result = evaluate(videos, resolution=8)
    assert result.f1 == 0.5
    assert result.sequences["good"].f1 == 1
    assert result.sequences["bad"].f1 == 0


def test_convention_of_equal_f1_the_largest_threshold_is_taken() -> None:
    result = evaluate({"a": ([1.0] * 4, [0.5, 0.5, 0.6, 0.6], [True] * 4)}, resolution=6)
    assert (result.f1, result.threshold) == (1, 0.5)
    flat = evaluate({"a": ([0.0] * 4, [0.5, 0.5, 0.6, 0.6], [True] * 4)}, resolution=6)
    assert (flat.f1, flat.threshold) == (0, math.inf)


score = st.one_of(st.floats(-1, 1), st.sampled_from([math.nan, 0.0, 0.5]))
overlap = st.one_of(st.floats(0, 1), st.just(math.nan))


@given(
    st.lists(st.lists(st.tuples(overlap, score, st.booleans()), max_size=8), min_size=1, max_size=3)
)
def test_random_results_equal_loops(rows: list[list[tuple[float, float, bool]]]) -> None:
    videos: Videos = {}
    for i, video in enumerate(rows):
        frames = [(0.5, 0.5, True), (0.7, 0.2, True), (0.1, 0.9, False), *video]
        videos[str(i)] = tuple(list(column) for column in zip(*frames, strict=True))
    result = evaluate(videos, resolution=5)
    assert_array_equal(result.thresholds, literal_thresholds(videos, 3))
    expected = np.array([literal(videos, t) for t in result.thresholds])
    assert_allclose(result.precision, expected[:, 0], atol=1e-12)
    assert_allclose(result.recall, expected[:, 1], atol=1e-12)
    f1 = [2 * p * r / (p + r) if p + r else 0.0 for p, r in expected]
    assert result.f1 == pytest.approx(max(f1), abs=1e-12)


def test_thresholds_of_a_hundred_are_spread_over_the_scores() -> None:
    scores = np.random.default_rng(0).permutation(1000.0 + np.arange(1000))
    result = long_term_f1({"a": np.ones(1000)}, {"a": scores}, {"a": np.ones(1000, dtype=bool)})
    video: Videos = {"a": ([], scores.tolist(), [])}
    assert len(result.thresholds) == 100
    assert_array_equal(result.thresholds, literal_thresholds(video, 98))
    assert (result.thresholds[1], result.thresholds[-2]) == (1990, 1009)  # d = 10


def test_bad_arguments() -> None:
    fine: Videos = {"a": ([0.5, 0.5], [0.1, 0.2], [True, True])}
    with pytest.raises(InvalidArgument, match="takes 98 thresholds from 2 scores"):
        evaluate(fine)
    with pytest.raises(InvalidArgument, match="takes 0 thresholds"):
        evaluate(fine, resolution=2)
    with pytest.raises(InvalidArgument, match="'a' never shows its target"):
        evaluate({"a": ([0.5], [0.1], [False])}, resolution=3)
    with pytest.raises(InvalidArgument, match="'a' has 2 overlaps, 1 scores and 2 frames"):
        evaluate({"a": ([0.5, 0.5], [0.1], [True, True])}, resolution=3)
    with pytest.raises(InvalidArgument, match="need the same sequences"):
        long_term_f1({"a": np.ones(1)}, {"b": np.ones(1)}, {"a": np.ones(1, dtype=bool)})
    with pytest.raises(InvalidArgument, match="need the same sequences"):
        long_term_f1({}, {}, {})
