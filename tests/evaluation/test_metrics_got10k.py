"""GOT-10k scores against loops written here and hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics import got10k_scores

SIZE = (100, 200)  # height, width


def still(frames: int) -> np.ndarray:
    return np.tile([100.0, 50, 40, 20], (frames, 1))


def narrow(frames: int, share: float) -> np.ndarray:
    """A part of the target: the overlap is `share`."""
    return still(frames) * [1, 1, share, 1]


def one(predicted: object, truth: np.ndarray, cover: list[float] | None = None) -> object:
    covers = None if cover is None else {"a": cover}
    return got10k_scores(
        {"a": predicted},  # type: ignore[dict-item]
        {"a": truth},
        sizes={"a": SIZE},
        covers=covers,  # type: ignore[arg-type]
    )


def overlap_by_hand(a: list[float], b: list[float], width: int, height: int) -> float:
    """The toolkit's rule for two boxes, number by number."""
    boxes = []
    for x, y, w, h in (a, b):
        x, y = min(max(x, 0), width), min(max(y, 0), height)
        boxes.append((x, y, min(max(w, 0), width - x), min(max(h, 0), height - y)))
    (ax, ay, aw, ah), (bx, by, bw, bh) = boxes
    across = max(0, min(ax + aw, bx + bw) - max(ax, bx))
    down = max(0, min(ay + ah, by + bh) - max(ay, by))
    union = aw * ah + bw * bh - across * down
    return across * down / union if union else 0.0


numbers = st.lists(st.integers(-15, 40).map(float), min_size=4, max_size=4)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(numbers, numbers, st.integers(0, 8)), min_size=2, max_size=8),
    st.lists(numbers, min_size=8, max_size=8),
)
def test_equals_loops_over_frames_and_repetitions(
    frames: list[tuple[list[float], list[float], int]], second: list[list[float]]
) -> None:
    first, truth, cover = (list(column) for column in zip(*frames, strict=True))
    runs = [first, second[: len(first)]]
    overlaps = [
        overlap_by_hand(run[i], truth[i], width=30, height=20)
        for run in runs
        for i in range(1, len(truth))
        if cover[i] > 0
    ]
    arguments = ({"a": runs}, {"a": truth})
    options = {"sizes": {"a": (20, 30)}, "covers": {"a": cover}}
    if not overlaps:
        with pytest.raises(InvalidArgument, match="no frame after the first"):
            got10k_scores(*arguments, **options)  # type: ignore[arg-type]
        return
    scores = got10k_scores(*arguments, **options)  # type: ignore[arg-type]
    assert scores.frames == len(overlaps)
    assert scores.ao == pytest.approx(sum(overlaps) / len(overlaps))
    assert scores.sr_50 == sum(o > 0.5 for o in overlaps) / len(overlaps)
    assert scores.sr_75 == sum(o > 0.75 for o in overlaps) / len(overlaps)
    curve = [sum(o > t for o in overlaps) / len(overlaps) for t in np.linspace(0, 1, 101)]
    assert scores.curve.tolist() == curve


def test_convention_the_first_frame_is_dropped() -> None:
    predicted = still(4)
    predicted[0] = 0, 0, 1, 1
    scores = got10k_scores({"a": predicted}, {"a": still(4)}, sizes={"a": SIZE})
    assert (scores.ao, scores.sr_50, scores.sr_75, scores.frames) == (1, 1, 1, 3)
    assert scores.curve.tolist() == [1] * 100 + [0]


def test_convention_frames_with_cover_0_are_dropped() -> None:
    predicted = still(4)
    predicted[2:] += 90
    scores = got10k_scores(
        {"a": predicted}, {"a": still(4)}, sizes={"a": SIZE}, covers={"a": [8, 8, 0, 0.1]}
    )
    assert (scores.ao, scores.frames) == (0.5, 2)


def test_convention_frames_are_pooled_so_long_sequences_weigh_more() -> None:
    predicted = {"long": still(7), "short": narrow(3, 0.5)}
    truth = {"long": still(7), "short": still(3)}
    scores = got10k_scores(predicted, truth, sizes={"long": SIZE, "short": SIZE})
    assert scores.ao == pytest.approx((6 * 1 + 2 * 0.5) / 8)
    assert scores.sequences["short"].ao == pytest.approx(0.5)
    assert scores.sr_50 == 0.75  # 0.5 is not above 0.5


def test_convention_repetitions_are_pooled() -> None:
    runs = np.stack([still(3), narrow(3, 0.8), narrow(3, 0.6)])
    scores = got10k_scores({"a": runs}, {"a": still(3)}, sizes={"a": SIZE})
    assert scores.ao == pytest.approx(0.8)
    assert (scores.frames, scores.sr_75) == (6, pytest.approx(2 / 3))


def test_convention_boxes_over_the_left_border_are_moved_and_over_the_right_are_cut() -> None:
    truth = np.array([[0, 0, 20, 10], [0, 0, 20, 10], [190, 0, 10, 10]], float)
    predicted = np.array([[0, 0, 20, 10], [-10, 0, 20, 10], [190, 0, 20, 10]], float)
    kept = predicted.copy(), truth.copy()
    scores = got10k_scores({"a": predicted}, {"a": truth}, sizes={"a": SIZE})
    assert scores.ao == 1  # cut at the left it would have been 0.75
    np.testing.assert_array_equal(predicted, kept[0])
    np.testing.assert_array_equal(truth, kept[1])


def test_convention_success_rates_count_overlaps_strictly_above_their_threshold() -> None:
    truth = np.tile([16.0, 16, 32, 16], (5, 1))
    shares = np.array([1, 0.5, 0.53125, 0.75, 0.78125])  # of the width, exact in binary
    predicted = truth.copy()
    predicted[:, 2] *= shares
    scores = got10k_scores({"a": predicted}, {"a": truth}, sizes={"a": SIZE})
    assert (scores.sr_50, scores.sr_75) == (0.75, 0.25)
    assert scores.curve[[49, 50, 53, 54, 74, 75, 78, 79]].tolist() == [
        *(1, 0.75, 0.75, 0.5),
        *(0.5, 0.25, 0.25, 0),
    ]


def test_convention_sizes_are_height_and_width() -> None:
    """x = 150 is inside a frame 200 wide and outside one 100 wide."""
    truth = np.tile([150.0, 10, 20, 10], (2, 1))
    predicted = truth * [1, 1, 0.5, 1]
    wide = got10k_scores({"a": predicted}, {"a": truth}, sizes={"a": (100, 200)})
    tall = got10k_scores({"a": predicted}, {"a": truth}, sizes={"a": (200, 100)})
    assert (wide.ao, tall.ao) == (0.5, 0)


def test_convention_a_prediction_with_nan_has_overlap_0() -> None:
    predicted = still(3)
    predicted[2, 1] = math.nan
    assert got10k_scores({"a": predicted}, {"a": still(3)}, sizes={"a": SIZE}).ao == 0.5


def test_convention_classes_weigh_alike_and_so_do_sequences_within_one() -> None:
    """Cats: 1 over 9 frames and 0.5 over 2, mean 0.75. Dogs: 0.25. Their mean is 0.5."""
    predicted = {"cat1": still(10), "cat2": narrow(3, 0.5), "dog": narrow(5, 0.25)}
    truth = {name: still(len(boxes)) for name, boxes in predicted.items()}
    scores = got10k_scores(
        predicted,
        truth,
        sizes=dict.fromkeys(truth, SIZE),
        classes={"cat1": "cat", "cat2": "cat", "dog": "dog"},
    )
    assert list(scores.classes) == ["cat", "dog"]
    assert scores.classes["cat"].ao == pytest.approx(0.75)
    assert scores.class_mean is not None
    assert scores.class_mean.ao == pytest.approx(0.5)
    assert scores.class_mean.sr_50 == pytest.approx(0.25)
    assert scores.class_mean.frames == scores.frames == 15
    assert scores.class_mean.curve[[0, 30, 60]].tolist() == pytest.approx([1, 0.5, 0.25])
    assert scores.ao == pytest.approx((9 + 1 + 1) / 15)


def test_without_classes_there_are_none() -> None:
    scores = got10k_scores({"a": still(2)}, {"a": still(2)}, sizes={"a": SIZE})
    assert scores.classes == {}
    assert scores.class_mean is None


def test_missing_sequences_are_named() -> None:
    truth = {"a": still(2), "b": still(2)}
    sizes = dict.fromkeys(truth, SIZE)
    with pytest.raises(InvalidArgument, match="predicted lacks 1 of 2 sequences: b"):
        got10k_scores({"a": still(2)}, truth, sizes=sizes)
    with pytest.raises(InvalidArgument, match="sizes lacks 2 of 2 sequences: a, b"):
        got10k_scores(truth, truth, sizes={})
    with pytest.raises(InvalidArgument, match="classes lacks 1 of 2 sequences: a"):
        got10k_scores(truth, truth, sizes=sizes, classes={"b": "dog"})
    with pytest.raises(InvalidArgument, match="covers lacks 1 of 2 sequences: a"):
        got10k_scores(truth, truth, sizes=sizes, covers={"b": [1, 1]})
    with pytest.raises(InvalidArgument, match="truth has no sequence"):
        got10k_scores({}, {}, sizes={})


def test_bad_boxes_and_covers_name_the_sequence() -> None:
    with pytest.raises(ShapeError, match=r"got10k_scores: a: prediction .* 2 and 3 frames"):
        one(still(2), still(3))
    with pytest.raises(ShapeError, match=r"a: predicted must be \(T, 4\) or \(R, T, 4\), got"):
        one(still(2)[0], still(2))
    with pytest.raises(ShapeError, match=r"a: cover must be \(2,\), a number a frame; got \(3,\)"):
        one(still(2), still(2), [1, 1, 1])
    with pytest.raises(InvalidArgument, match="a: cover holds NaN"):
        one(still(2), still(2), [1, math.nan])
    with pytest.raises(InvalidArgument, match="a: no frame after the first has a visible target"):
        one(still(2), still(2), [1, 0])
    unannotated = still(3)
    unannotated[2] = math.nan
    with pytest.raises(InvalidArgument, match="a: frame 2 is visible and has no ground truth"):
        one(still(3), unannotated)
