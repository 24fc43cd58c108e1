"""VOT accuracy, robustness and unsupervised overlap: loops, hand-worked runs, published results."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from siamcorr.data.result_files.regions import read_regions
from siamcorr.data.sequences.registry import load_dataset
from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics.eao import expected_average_overlap
from siamcorr.evaluation.metrics.vot import (
    Region,
    VotSequence,
    pysot_runs,
    regions_overlap,
    reset_polygon,
    unsupervised_average_overlap,
    vot_accuracy_robustness,
)
from siamcorr.evaluation.protocols import truth_region
from siamcorr.geometry.rasters import raster_overlap

BOX = np.array([10.0, 10, 9, 9])
"""10 x 10 pixels."""
HALF = np.array([10.0, 10, 9, 4])
"""The upper 10 x 5 of them: overlap 1/2."""
FIFTH = np.array([10.0, 10, 9, 1])
"""10 x 2 of them: overlap 1/5."""


def sequence(*runs: list[Region], size: tuple[int, int] = (100, 100)) -> VotSequence:
    return VotSequence([BOX] * len(runs[0]), list(runs), size)


def test_regions_overlap_is_raster_overlap_frame_by_frame() -> None:
    rng = np.random.default_rng(0)
    boxes, triangles = rng.uniform(5, 30, (18, 4)), rng.uniform(0, 60, (19, 6))
    truth: list[Region] = [0, *rng.uniform(0, 60, (40, 8))]
    regions: list[Region] = [BOX, 1, 2, 0, *boxes, *triangles]
    expected = [
        math.nan if np.ndim(a) == 0 or np.ndim(b) == 0 else raster_overlap(a, b, (50, 40))
        for a, b in zip(regions, truth, strict=True)
    ]
    assert np.isnan(expected).sum() == 4
    assert np.count_nonzero(np.nan_to_num(expected)) >= 15
    assert_array_equal(regions_overlap(regions, truth, (50, 40)), expected)


def test_codes_may_be_arrays_of_one_number() -> None:
    as_read = sequence([np.array([1.0]), *[HALF] * 10, np.array([2.0])])
    scores = vot_accuracy_robustness({"a": as_read})
    assert (scores.accuracy, scores.failures) == (0.5, 1)


def test_no_frames_give_no_overlaps() -> None:
    assert regions_overlap([], [], (4, 4)).shape == (0,)


def test_convention_burn_in_is_the_start_and_the_nine_frames_after_it() -> None:
    """Frame 10 is the first that counts, in the first run as after a later start."""
    first = sequence([1, *[FIFTH] * 9, HALF])
    assert vot_accuracy_robustness({"a": first}).accuracy == 0.5
    assert vot_accuracy_robustness({"a": first}, burn_in=9).accuracy == (0.2 + 0.5) / 2
    again = sequence([1, 2, 0, 0, 0, 0, 1, *[FIFTH] * 9, HALF, BOX])
    assert vot_accuracy_robustness({"a": again}).accuracy == (0.5 + 1) / 2
    assert math.isnan(vot_accuracy_robustness({"a": sequence([1, *[BOX] * 9])}).accuracy)


def test_convention_accuracy_is_the_mean_over_runs_and_then_over_all_frames() -> None:
    """Run 2 knows one frame only, and a long sequence weighs more than a short one."""
    runs = sequence([1, *[BOX] * 9, BOX, FIFTH], [1, *[BOX] * 9, HALF, 2])
    long = sequence([1, *[BOX] * 9, *[HALF] * 8])
    scores = vot_accuracy_robustness({"runs": runs, "long": long})
    assert scores.sequences["runs"].accuracy == pytest.approx((0.75 + 0.2) / 2)
    assert scores.sequences["long"].accuracy == 0.5
    assert scores.accuracy == pytest.approx((0.75 + 0.2 + 8 * 0.5) / 10)


def test_convention_robustness_is_failures_per_hundred_frames_of_all() -> None:
    """Failures of two runs: 2 and 1, mean 1.5; the other sequence has 1; 12 + 8 frames."""
    one = sequence(
        [1, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0], [1, BOX, 2, 0, 0, 0, 0, 1, BOX, BOX, BOX, BOX]
    )
    two = sequence([1, *[BOX] * 6, 2])
    scores = vot_accuracy_robustness({"one": one, "two": two})
    assert scores.failures == 2.5
    assert scores.robustness == pytest.approx(100 * 2.5 / 20)
    assert (scores.sequences["one"].failures, scores.sequences["one"].frames) == (1.5, 12)


def test_convention_accuracy_bounds_are_the_width_and_height() -> None:
    """Of the ground truth's rows 10 ... 19, H = 14 leaves 10 ... 14, HALF's; H = 16 leaves 7."""
    regions: list[Region] = [1, *[HALF] * 10]
    assert vot_accuracy_robustness({"a": sequence(regions, size=(14, 100))}).accuracy == 1
    assert vot_accuracy_robustness({"a": sequence(regions, size=(16, 100))}).accuracy == 5 / 7


def test_convention_reset_polygon_of_four_numbers_is_a_pixel_smaller() -> None:
    x, y, w, h = 3.0, 4.0, 10.0, 20.0
    expected = [x, y, x, y + h - 1, x + w - 1, y + h - 1, x + w - 1, y]
    assert reset_polygon([x, y, w, h]).tolist() == expected
    assert reset_polygon(expected).tolist() == expected
    touching = [x + w - 1, y, 5, 5]  # meets the box, but only touches the polygon
    assert raster_overlap(touching, [x, y, w, h], (99, 99)) > 0
    assert raster_overlap(touching, reset_polygon([x, y, w, h]), (99, 99)) == 0


def test_convention_fifteen_runs_or_the_first() -> None:
    runs = [[1, HALF]] * 15
    assert len(pysot_runs(runs)) == 15
    assert pysot_runs([[1], [2], [0]]) == [[1]]
    assert len(pysot_runs(runs * 2)) == 1


def test_convention_unsupervised_overlap_weighs_sequences_by_their_frames() -> None:
    """1/2 over 20 frames, and over 12 the mean of two runs, 1 and 1/2 (a code 0 is left out).

    No weight without a frame that counts.
    """
    long = sequence([1, *[BOX] * 9, 0, *[HALF] * 9])
    runs = sequence([1, *[FIFTH] * 9, BOX, BOX], [1, *[FIFTH] * 9, HALF, 0])
    scores = unsupervised_average_overlap({"a": long, "b": runs, "c": sequence([1, BOX])})
    assert scores.sequences["a"] == 0.5
    assert scores.sequences["b"] == 0.75
    assert math.isnan(scores.sequences["c"])
    assert scores.average_overlap == pytest.approx((20 * 0.5 + 12 * 0.75) / 32)


def test_unsupervised_burn_in_can_be_the_first_frame_alone() -> None:
    run = sequence([1, HALF, BOX, FIFTH])
    scores = unsupervised_average_overlap({"a": run}, burn_in=1)
    assert scores.average_overlap == pytest.approx((0.5 + 1 + 0.2) / 3)


def test_supervised_runs_are_refused_where_unsupervised_ones_are_expected() -> None:
    with pytest.raises(InvalidArgument, match="'a' has a failure"):
        unsupervised_average_overlap({"a": sequence([1, 2])})


def test_malformed_runs() -> None:
    with pytest.raises(InvalidArgument, match="at least one run"):
        VotSequence([BOX], [], (10, 10))
    with pytest.raises(InvalidArgument, match="run 1 has 1 regions for 2 frames"):
        VotSequence([BOX, BOX], [[1, BOX], [1]], (10, 10))
    with pytest.raises(InvalidArgument, match="code 0, 1 or 2, got 3"):
        vot_accuracy_robustness({"a": sequence([1, 3])})
    with pytest.raises(ShapeError, match="box of 4 numbers"):
        vot_accuracy_robustness({"a": sequence([1, np.zeros(5)])})
    with pytest.raises(InvalidArgument, match="no sequence"):
        vot_accuracy_robustness({})
    with pytest.raises(InvalidArgument, match="burn_in is at least 0"):
        vot_accuracy_robustness({"a": sequence([1])}, burn_in=-1)
    with pytest.raises(InvalidArgument, match="3 regions for 1 frames"):
        regions_overlap([1, 2, 0], [BOX], (10, 10))


def published(data_root: Path) -> dict[str, VotSequence]:
    """The raw results of NanoTrack (version 1) with the ground truth of VOT2018."""
    annotations = data_root / "annotations" / "VOT2018.json"
    results = data_root / "raw_results" / "vot2018" / "NanoTrack" / "baseline"
    if not annotations.is_file() or not results.is_dir():
        pytest.skip(f"no {annotations} or {results}")
    return {
        video.name: VotSequence(
            truth=[truth_region(video, frame) for frame in range(len(video))],
            runs=[read_regions(results / video.name / f"{video.name}_001.txt")],
            size=video.frame_size,
        )
        for video in load_dataset("vot", annotations)
    }


def test_published_results_of_nanotrack_on_vot2018(data_root: Path) -> None:
    """Its README gives EAO .311; the other two were counted by an independent program."""
    sequences = published(data_root)
    scores = vot_accuracy_robustness(sequences)
    eao = expected_average_overlap(sequences)
    assert len(scores.sequences) == 60
    assert scores.accuracy == pytest.approx(0.5424, abs=5e-5)
    assert scores.robustness == pytest.approx(0.3278, abs=5e-5)
    assert scores.failures == 70
    assert eao.value == pytest.approx(0.3113, abs=5e-5)
