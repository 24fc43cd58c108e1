"""Expected average overlap against loops over fragments and against hand-worked runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.eao import VOT_INTERVALS, expected_average_overlap
from siamcorr.evaluation.metrics.vot import Region, VotSequence, vot_accuracy_robustness
from siamcorr.geometry.rasters import raster_overlap

BOX = np.array([10.0, 10, 9, 9])
"""10 x 10 pixels."""
HALF = np.array([10.0, 10, 9, 4])
"""The upper 10 x 5 of them: overlap 1/2."""
FIFTH = np.array([10.0, 10, 9, 1])
"""10 x 2 of them: overlap 1/5."""


def sequence(*runs: list[Region], size: tuple[int, int] = (100, 100)) -> VotSequence:
    return VotSequence([BOX] * len(runs[0]), list(runs), size)


def curve_of(*sequences: VotSequence) -> np.ndarray:
    return expected_average_overlap(dict(enumerate(sequences)), interval=(1, 1)).curve


def test_convention_the_curve_is_the_mean_over_frames_after_the_start() -> None:
    """Index 0 never enters; beyond its end the shorter run is unknown, not zero."""
    long, short = sequence([1, HALF, HALF, BOX, FIFTH]), sequence([1, BOX, BOX])
    assert_allclose(curve_of(long, short), [1, 0.75, 0.75, 2 / 3, 2.2 / 4])


def test_convention_fragments_start_five_frames_after_a_failure_and_end_in_zeros() -> None:
    """Failure at 2, start at 7: (., 1/2, 0 to the end) and (., 1, 1, 1, 1, unknown)."""
    run = sequence([1, HALF, 2, 0, 0, 0, 0, 1, BOX, BOX, BOX, BOX])
    first = [0.5 / i for i in range(1, 12)]
    expected = [1, *[(value + 1) / 2 for value in first[:4]], *first[4:]]
    assert_allclose(curve_of(run), expected)


def test_convention_the_skip_can_be_given() -> None:
    run = sequence([1, HALF, 2, 0, 1, BOX, BOX])
    curve = expected_average_overlap({"a": run}, interval=(1, 1), skip=2).curve
    assert_allclose(curve, [1, 0.75, (0.25 + 1) / 2, 0.5 / 3, 0.5 / 4, 0.5 / 5, 0.5 / 6])


def test_convention_zeros_reach_to_the_longest_run_of_all_sequences() -> None:
    failed = sequence([1, BOX, 2, 0, 0, 0, 0, 1, BOX])
    long = sequence([1, *[BOX] * 19])
    assert_allclose(curve_of(failed, long)[9:], [(1 / i + 1) / 2 for i in range(9, 20)])


@pytest.mark.parametrize(("failure", "punished"), [(6, True), (7, True), (8, False), (11, False)])
def test_convention_a_failure_too_late_for_a_start_is_not_punished(
    failure: int, punished: bool
) -> None:
    """In 12 frames a failure at 7 starts again at 12, which is just the end; 8 does not."""
    regions: list[Region] = [1, *[BOX] * (failure - 1), 2, 0, 0, 0, 0, 1]
    long = sequence([1, *[BOX] * 19])
    curve = curve_of(sequence(regions[:12] + [BOX] * (12 - len(regions))), long)
    beyond = [((failure - 1) / i + 1) / 2 if punished else 1 for i in range(12, 20)]
    assert_allclose(curve[12:], beyond)
    assert curve[failure] == ((failure - 1) / failure + 1) / 2  # the failed frame is 0 in both


def test_convention_bounds_are_one_pixel_less_than_for_accuracy() -> None:
    """Of the ground truth's rows 10 ... 19, H - 1 = 14 leaves HALF's; H = 15 leaves 6."""
    run = sequence([1, *[HALF] * 11], size=(15, 100))
    assert expected_average_overlap({"a": run}, interval=(2, 5)).value == 1
    assert vot_accuracy_robustness({"a": run}).accuracy == 5 / 6
    wide = VotSequence([BOX] * 2, [[1, np.array([10.0, 10, 4, 9])]], (100, 15))
    assert expected_average_overlap({"a": wide}, interval=(2, 2)).value == 1


def test_convention_the_interval_counts_from_one_and_includes_both_ends() -> None:
    run = sequence([1, HALF, HALF, BOX, FIFTH])
    curve = [1, 0.5, 0.5, 2 / 3, 2.2 / 4]
    for low, high in [(1, 1), (2, 4), (3, 5), (5, 5)]:
        result = expected_average_overlap({"a": run}, interval=(low, high))
        assert result.value == pytest.approx(np.mean(curve[low - 1 : high]))
        assert result.interval == (low, high)
    beyond = expected_average_overlap({"a": run}, interval=(4, 99))
    assert beyond.value == pytest.approx((2 / 3 + 2.2 / 4) / 2)


def test_convention_published_intervals() -> None:
    assert VOT_INTERVALS == {
        "vot2016": (108, 371),
        "vot2017": (100, 356),
        "vot2018": (100, 356),
        "vot2019": (46, 291),
    }


def test_convention_unknown_entries_of_the_curve_are_left_out() -> None:
    """An unannotated frame 3 makes e(4) unknown; e(1) and e(2) remain of the interval."""
    gap = VotSequence([BOX, BOX, BOX, 0, BOX], [[1, HALF, HALF, BOX, BOX]], (100, 100))
    result = expected_average_overlap({"a": gap}, interval=(2, 3))
    assert result.value == 0.5
    assert math.isnan(result.curve[4])
    assert math.isnan(expected_average_overlap({"a": gap}, interval=(5, 5)).value)


def random_run(rng: np.random.Generator, frames: int, rate: float) -> list[Region]:
    """A supervised run with failures at random."""
    run: list[Region] = []
    while len(run) < frames:
        run.append(1)
        while len(run) < frames and rng.random() > rate:
            run.append(np.round(BOX + rng.uniform(-4, 4, 4), 4))
        run += [2, 0, 0, 0, 0][: frames - len(run)]
    return run


def literal_curve(sequences: list[VotSequence]) -> list[float]:
    """Fragments and weights as section by section of the definition, with loops."""
    longest = max(len(s.truth) for s in sequences)
    fragments, weights = [], []
    for video in sequences:
        height, width = video.size
        for run in video.runs:
            overlaps = [
                math.nan if np.ndim(r) == 0 else raster_overlap(r, t, (width - 1, height - 1))
                for r, t in zip(run, video.truth, strict=True)
            ]
            failures = [i for i, r in enumerate(run) if np.ndim(r) == 0 and r == 2]
            starts = [0] + [f + 5 for f in failures if f + 5 <= len(run)]
            for i, start in enumerate(starts):
                last = i == len(starts) - 1
                piece = overlaps[start:] if last else overlaps[start : starts[i + 1] + 1]
                if failures:
                    piece = [0.0 if math.isnan(value) else value for value in piece]
                filler = math.nan if last else 0.0
                frames = len(video.truth) - start
                weights.append((len(piece) / frames if frames else 0.0) if last else 1.0)
                fragments.append(piece + [filler] * (longest - len(piece)))
    curve = [1.0]
    for i in range(1, longest):
        alive = [(f, w) for f, w in zip(fragments, weights, strict=True) if not math.isnan(f[i])]
        total = sum(w * sum(f[1 : i + 1]) / i for f, w in alive)
        curve.append(total / sum(w for _, w in alive))
    return curve


@pytest.mark.parametrize("seed", range(8))
def test_random_runs_equal_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sequences = [
        sequence(*(random_run(rng, frames, 0.1) for _ in range(1 + seed % 3)), size=(17, 19))
        for frames in rng.integers(8, 60, size=4)
    ]
    sequences.append(sequence(random_run(rng, 50, 0.0), size=(22, 16)))
    named = {str(i): s for i, s in enumerate(sequences)}
    result = expected_average_overlap(named, interval=(3, 20))
    expected = literal_curve(sequences)
    assert_allclose(result.curve, expected, rtol=0, atol=1e-12)
    assert result.value == pytest.approx(np.mean(expected[2:20]), abs=1e-12)


@pytest.mark.parametrize("interval", [(0, 5), (5, 4)])
def test_bad_intervals(interval: tuple[int, int]) -> None:
    with pytest.raises(InvalidArgument, match="1 <= low <= high"):
        expected_average_overlap({"a": sequence([1, BOX])}, interval=interval)


def test_bad_arguments() -> None:
    with pytest.raises(InvalidArgument, match="at least one sequence"):
        expected_average_overlap({})
    with pytest.raises(InvalidArgument, match="skip >= 1"):
        expected_average_overlap({"a": sequence([1, BOX])}, skip=0)
    with pytest.raises(InvalidArgument, match="has 2 frames and does not reach the interval 100"):
        expected_average_overlap({"a": sequence([1, BOX])})
