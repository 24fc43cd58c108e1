"""Every point in which the conventions of one-pass evaluation differ, with hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from siamcorr.errors import UnknownName
from siamcorr.evaluation.metrics import OPE_CONVENTIONS, OpeConvention, score_ope

NAMES = sorted(OPE_CONVENTIONS)
NAN = [math.nan] * 4


def still(frames: int) -> np.ndarray:
    """A target that stays at 100, 100, 40, 20."""
    return np.tile([100.0, 100, 40, 20], (frames, 1))


def test_the_names_are_these() -> None:
    assert NAMES == ["lasot", "lasot_got10k", "otb", "pysot", "trackingnet", "uav"]
    assert all(OPE_CONVENTIONS[name].name == name for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_convention_a_perfect_tracker_misses_the_threshold_1(name: str) -> None:
    scores = score_ope(still(4), still(4), convention=name)
    assert scores.success.tolist() == [1] * 20 + [0]
    expected = 0.975 if name == "trackingnet" else 20 / 21  # a trapezoid weighs the last value half
    assert scores.auc == pytest.approx(expected, abs=1e-12)
    assert scores.precision_20 == scores.precision_headline == 1
    assert scores.normalised_precision_headline == 1


@pytest.mark.parametrize("name", NAMES)
def test_convention_the_first_prediction_is_scored_by_pysot_and_replaced_by_others(
    name: str,
) -> None:
    predicted = still(4)
    predicted[0] = 0, 0, 1, 1
    scores = score_ope(predicted, still(4), convention=name)
    share = 0.75 if name in {"pysot", "lasot"} else 1.0
    assert scores.success[0] == scores.precision_20 == share
    assert scores.frames == 4
    assert predicted[0].tolist() == [0, 0, 1, 1]  # the caller's array stays as it is


@pytest.mark.parametrize("name", NAMES)
def test_convention_absent_frames_are_missed_under_lasot_only(name: str) -> None:
    absent = np.array([False, False, True, True])
    scores = score_ope(still(4), still(4), convention=name, absent=absent)
    share = 0.5 if name == "lasot" else 1.0
    assert scores.success[0] == scores.precision_20 == scores.normalised_precision[20] == share
    assert scores.frames == 4


@pytest.mark.parametrize("name", NAMES)
def test_convention_frames_without_annotation_are_dropped_by_lasot_got10k_and_uav(
    name: str,
) -> None:
    truth = still(4)
    truth[2:] = NAN
    scores = score_ope(still(4), truth, convention=name)
    dropped = name in {"lasot_got10k", "uav"}
    assert scores.frames == (2 if dropped else 4)
    assert scores.success[0] == (1.0 if dropped else 0.5)
    hit = dropped or name in {"pysot", "lasot"}  # see the next test for PySOT's reason
    assert scores.precision_20 == scores.precision[0] == (1.0 if hit else 0.5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("box", [(-60.0, 50, 40, 20), (50.0, -60, 40, 20), (0.0, 0, 0, 0)])
def test_convention_a_truth_centred_at_or_before_0_is_a_precision_hit_for_pysot(
    name: str, box: tuple[float, ...]
) -> None:
    truth, predicted = still(2), still(2)
    truth[1], predicted[1] = box, (900.0, 900, 40, 20)
    scores = score_ope(predicted, truth, convention=name)
    share = 1.0 if name in {"pysot", "lasot"} else 0.5
    assert scores.precision[0] == scores.precision_20 == scores.normalised_precision[0] == share
    assert scores.success[0] == 0.5  # success misses it all the same


def test_convention_the_centre_that_pysot_tests_is_the_middle_pixel() -> None:
    """x = 0, w = 1 has its middle pixel at 0 and is a hit; w = 1.5 has it at 0.25 and is not."""
    predicted = np.tile([900.0, 900, 1, 1], (2, 1))
    truth = np.array([[0.0, 50, 1, 1], [0.0, 50, 1.5, 1]])
    assert score_ope(predicted, truth).precision[20] == 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(0.0, 20.0), (40.0, 0.0), (-40.0, 20.0), (-40.0, -20.0)])
def test_convention_a_truth_without_area_is_a_success_miss(
    name: str, size: tuple[float, float]
) -> None:
    truth = still(2)
    truth[1, 2:] = size
    scores = score_ope(truth.copy(), truth, convention=name)
    assert scores.success[0] == 0.5
    assert scores.precision[0] == 1  # its centre is right


@pytest.mark.parametrize("name", NAMES)
def test_convention_a_prediction_with_nan_or_infinity_is_missed(name: str) -> None:
    predicted = still(4)
    predicted[1] = NAN
    predicted[2, 3] = math.nan
    predicted[3, 0] = math.inf
    scores = score_ope(predicted, still(4), convention=name)
    assert scores.frames == 4
    for curve in (scores.success[:20], scores.precision, scores.normalised_precision):
        assert set(curve.tolist()) == {0.25}


@pytest.mark.parametrize("name", NAMES)
def test_convention_overlap_is_strictly_greater_than_its_threshold(name: str) -> None:
    predicted = still(1).repeat(2, 0)
    predicted[1, 2] = 20  # half of the target: overlap 0.5
    scores = score_ope(predicted, still(2), convention=name)
    assert scores.success[9:11].tolist() == [1, 0.5]  # thresholds 0.45 and 0.50


@pytest.mark.parametrize("name", NAMES)
def test_convention_distance_is_at_most_its_threshold(name: str) -> None:
    predicted = still(3)
    predicted[1, 0] += 20
    predicted[2, 0] += 21
    scores = score_ope(predicted, still(3), convention=name)
    assert scores.precision_20 == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", NAMES)
def test_convention_nothing_is_clipped_to_the_frame(name: str) -> None:
    """Half of the target lies left of the frame; a box of the visible half overlaps by half."""
    truth = np.tile([-10.0, 100, 20, 20], (2, 1))
    predicted = np.tile([0.0, 100, 10, 20], (2, 1))
    predicted[0] = truth[0]
    assert score_ope(predicted, truth, convention=name).success[9:11].tolist() == [1, 0.5]


def test_convention_normalised_precision_divides_each_axis_by_the_true_size() -> None:
    """10 of 40 pixels along x is 0.25, 5 of 20 along y is 0.25: together 0.354."""
    predicted = still(2)
    predicted[0] += 10, 0, 0, 0
    predicted[1] += 10, 5, 0, 0
    curve = score_ope(predicted, still(2)).normalised_precision
    assert curve[24:26].tolist() == [0, 0.5]
    assert curve[35:37].tolist() == [0.5, 1]


def test_convention_normalised_precision_of_thin_targets() -> None:
    """3/8 pixel off a target 0.5 wide: 0.75 for PySOT, 0.375 for the got10k toolkit."""
    truth = np.tile([100.0, 100, 0.5, 20], (2, 1))
    predicted = truth.copy()
    predicted[1, 0] += 0.375
    assert score_ope(predicted, truth, convention="pysot").normalised_precision[50] == 0.5
    curve = score_ope(predicted, truth, convention="otb").normalised_precision
    assert curve[37:39].tolist() == [0.5, 1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pysot", 0.5),  # the value at 0.20
        ("lasot", 0.5),
        ("otb", (25 * 0.5 + 26) / 51),  # the mean over 0.00 ... 0.50
        ("uav", (25 * 0.5 + 26) / 51),
        ("lasot_got10k", (25 * 0.5 + 26) / 51),
        ("trackingnet", (9 * 0.5 + 0.75 + 10) / 20),  # trapezoids over 0.000, 0.025 ... 0.500
    ],
)
def test_convention_headline_of_normalised_precision(name: str, expected: float) -> None:
    predicted = still(2)
    predicted[1, 0] += 10  # 0.25 of the size
    scores = score_ope(predicted, still(2), convention=name)
    assert scores.normalised_precision_headline == pytest.approx(expected, abs=1e-12)


def test_convention_headline_of_precision() -> None:
    """One frame exact, one 15 pixels off: 1 at 20 pixels; area 0.5 up to 12.5, then 1 from 15."""
    predicted = still(2)
    predicted[1, 0] += 15
    assert score_ope(predicted, still(2), convention="pysot").precision_headline == 1
    scores = score_ope(predicted, still(2), convention="trackingnet")
    assert scores.convention.precision_thresholds[5:7] == (12.5, 15.0)
    assert scores.precision_headline == pytest.approx((5 * 0.5 + 0.75 + 14) / 20, abs=1e-12)
    assert scores.precision_20 == 1


def test_convention_trackingnet_rounds_boxes_half_to_even() -> None:
    """Both become 100, 100, 40, 20; 40.5 goes down to 40 and 99.5 up to 100."""
    truth = np.tile([100.4, 99.5, 40.5, 20], (2, 1))
    predicted = np.tile([99.6, 100.5, 39.6, 20.4], (2, 1))
    scores = score_ope(predicted, truth, convention="trackingnet")
    assert scores.success.tolist() == [1] * 20 + [0]
    assert scores.precision[0] == 1
    assert score_ope(predicted, truth, convention="otb").precision[0] == 0.5


def test_convention_thresholds() -> None:
    for name in NAMES:
        rules = OPE_CONVENTIONS[name]
        assert rules.success_thresholds == pytest.approx(np.linspace(0, 1, 21))
        count = 21 if name == "trackingnet" else 51
        assert rules.precision_thresholds == pytest.approx(np.linspace(0, 50, count))
        assert rules.normalised_thresholds == pytest.approx(np.linspace(0, 0.5, count))


def test_a_convention_of_ones_own() -> None:
    rules = OpeConvention("mine", "a test", absent="miss", success_thresholds=(0.5,))
    absent = np.array([True, False])
    scores = score_ope(still(2), still(2), convention=rules, absent=absent)
    assert scores.auc == 0.5
    assert scores.convention is rules


def test_an_unknown_convention_lists_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'lasot'"):
        score_ope(still(2), still(2), convention="lasott")
