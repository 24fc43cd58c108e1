"""One-pass scores against loops written here, their means over sequences, and bad inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics import OPE_CONVENTIONS, OpeConvention, mean_ope, score_ope

coordinate = st.one_of(st.integers(-4, 12).map(float), st.just(math.nan))
box = st.tuples(coordinate, coordinate, coordinate, coordinate)
frame = st.tuples(box, box, st.booleans())


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Of boxes with whole numbers, by counting pixels."""

    def pixels(box: tuple[float, ...]) -> set[tuple[int, int]]:
        x, y, w, h = (int(v) for v in box)
        return {(i, j) for i in range(x, x + w) for j in range(y, y + h)}

    if any(math.isnan(v) for v in (*a, *b)):
        return 0.0
    union = pixels(a) | pixels(b)
    return len(pixels(a) & pixels(b)) / len(union) if union else 0.0


def pysot_by_loops(
    frames: list[tuple[tuple[float, ...], tuple[float, ...], bool]],
) -> tuple[list[int], list[int], list[int]]:
    """Hits of success, precision and normalised precision at each threshold, absent ones missed."""
    success, precision, normalised = [0] * 21, [0] * 51, [0] * 51
    for predicted, truth, absent in frames:
        if absent:
            continue
        iou = overlap(predicted, truth)
        cx, cy = truth[0] + (truth[2] - 1) / 2, truth[1] + (truth[3] - 1) / 2
        px = predicted[0] + (predicted[2] - 1) / 2
        py = predicted[1] + (predicted[3] - 1) / 2
        w, h = truth[2] + 1e-16, truth[3] + 1e-16
        pixels = math.hypot(px - cx, py - cy) if cx > 0 and cy > 0 else -1
        share = math.hypot((px - cx) / w, (py - cy) / h) if cx / w > 0 and cy / h > 0 else -1
        for i in range(21):
            success[i] += iou > i / 20
        for i in range(51):
            precision[i] += pixels <= i
            normalised[i] += share <= i / 100
    return success, precision, normalised


@settings(max_examples=200)
@given(st.lists(frame, min_size=1, max_size=6))
def test_equals_loops_over_frames_and_thresholds(
    frames: list[tuple[tuple[float, ...], tuple[float, ...], bool]],
) -> None:
    predicted, truth, absent = (list(column) for column in zip(*frames, strict=True))
    scores = score_ope(predicted, truth, convention="lasot", absent=absent)
    expected = pysot_by_loops(frames)
    for curve, hits in zip(
        (scores.success, scores.precision, scores.normalised_precision), expected, strict=True
    ):
        np.testing.assert_allclose(curve * len(frames), hits, atol=1e-9)


def test_hand_worked_sequence() -> None:
    """Overlaps 1, 1/3 and 0; distances 0, 10 and 100; shares of a 20 wide target 0, 0.5 and 5."""
    truth = np.tile([100.0, 100, 20, 20], (3, 1))
    predicted = truth + np.array([[0, 0, 0, 0], [10, 0, 0, 0], [100, 0, 0, 0]])
    scores = score_ope(predicted, truth)
    assert scores.frames == 3
    assert scores.auc == pytest.approx((20 + 7) / 21 / 3)  # 1/3 is above 0.00 ... 0.30
    assert scores.precision[9:11] * 3 == pytest.approx([1, 2])
    assert scores.precision_20 == pytest.approx(2 / 3)
    assert scores.normalised_precision_headline == pytest.approx(1 / 3)
    assert scores.normalised_precision[50] == pytest.approx(2 / 3)


def test_inputs_are_unchanged() -> None:
    rng = np.random.default_rng(1)
    predicted, truth = rng.uniform(0, 9, (5, 4)), rng.uniform(0, 9, (5, 4))
    kept = predicted.copy(), truth.copy()
    for name in OPE_CONVENTIONS:
        score_ope(predicted, truth, convention=name)
    np.testing.assert_array_equal(predicted, kept[0])
    np.testing.assert_array_equal(truth, kept[1])


def test_convention_sequences_weigh_alike_however_long_they_are() -> None:
    truth = np.tile([100.0, 100, 20, 20], (30, 1))
    good, bad = score_ope(truth, truth), score_ope(truth[:2] + 500, truth[:2])
    both = mean_ope([good, bad])
    assert both.auc == pytest.approx(10 / 21)
    assert both.precision_20 == both.normalised_precision_headline == 0.5
    assert both.frames == 32
    assert both.success.shape == (21,)


def test_the_mean_refuses_nothing_and_mixtures() -> None:
    truth = np.tile([100.0, 100, 20, 20], (3, 1))
    with pytest.raises(InvalidArgument, match="got no sequence at all"):
        mean_ope([])
    with pytest.raises(InvalidArgument, match="under one convention, got otb, pysot"):
        mean_ope([score_ope(truth, truth), score_ope(truth, truth, convention="otb")])


BOXES = np.ones((3, 4))


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        (BOXES[:2], BOXES, "differ in length: 2 and 3 frames"),
        (BOXES[:, :3], BOXES, r"predicted_xywh must be \(T, 4\).*got \(3, 3\)"),
        (BOXES, BOXES[0], r"truth_xywh must be \(T, 4\).*got \(4,\)"),
        (BOXES[:0], BOXES[:0], r"T >= 1.*got \(0, 4\)"),
        ([[1, 2, 3, 4], [1, 2]], BOXES, "rows of different lengths"),
    ],
)
def test_bad_shapes(predicted: object, truth: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        score_ope(predicted, truth)  # type: ignore[arg-type]


def test_bad_values() -> None:
    with pytest.raises(InvalidArgument, match="predicted_xywh must be real numbers"):
        score_ope([["a", "b", "c", "d"]], BOXES[:1])  # type: ignore[list-item]
    with pytest.raises(InvalidArgument, match="ground truth of frame 1 is infinite"):
        score_ope(BOXES, [[1, 1, 1, 1], [1, 1, math.inf, 1], [1, 1, 1, 1]])


@pytest.mark.parametrize("name", sorted(OPE_CONVENTIONS))
def test_bad_flags_are_refused_even_where_they_do_not_matter(name: str) -> None:
    with pytest.raises(InvalidArgument, match="absent must be bool, True where absent; got int"):
        score_ope(BOXES, BOXES, convention=name, absent=[1, 0, 0])
    with pytest.raises(ShapeError, match=r"absent must be \(3,\), a flag a frame; got \(2,\)"):
        score_ope(BOXES, BOXES, convention=name, absent=[True, False])


def test_no_annotated_frame_at_all() -> None:
    with pytest.raises(InvalidArgument, match="no frame has a ground truth, and 'uav' drops"):
        score_ope(BOXES, BOXES * math.nan, convention="uav")


def test_a_headline_needs_its_threshold() -> None:
    rules = OpeConvention("mine", "a test", precision_thresholds=(0.0, 10.0))
    scores = score_ope(BOXES, BOXES, convention=rules)
    with pytest.raises(InvalidArgument, match=r"no threshold 20\.0"):
        _ = scores.precision_headline
