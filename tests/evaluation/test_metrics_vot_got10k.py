"""got10k-toolkit's VOT scores: hand-worked tags, and its exact overlaps on real annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamcorr.data.result_files.regions import Region, read_regions
from siamcorr.data.sequences.registry import load_dataset
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot import VotSequence, vot_accuracy_robustness
from siamcorr.evaluation.metrics.vot_got10k import NO_TAG, got10k_vot_scores
from siamcorr.evaluation.protocols import truth_region

BOX, HALF, QUARTER = (np.array([10.0, 10, 8, height]) for height in (8, 4, 2))


def sequence(*runs: list[Region], size: tuple[int, int] = (100, 100)) -> VotSequence:
    return VotSequence([BOX] * len(runs[0]), list(runs), size)


def flags(total: int, *frames: int) -> np.ndarray:
    return np.isin(np.arange(total), frames)


def test_convention_overlaps_are_exact_areas() -> None:
    run = sequence([1, *[BOX] * 9, HALF])
    assert got10k_vot_scores({"a": run}, {"a": {}}).accuracy == 0.5
    assert vot_accuracy_robustness({"a": run}).accuracy == 5 / 9
    cut = sequence([1, *[BOX] * 9, HALF], size=(15, 100))
    assert got10k_vot_scores({"a": cut}, {"a": {}}).accuracy == pytest.approx(4 / 5)


def test_convention_scores_are_weighted_by_the_frames_of_each_tag() -> None:
    """Frames 10 (overlap 1/2), 11 (1/4) and 12 (failure) of 13; 10 and 12 have tags.

    occlusion: 10 and 12, 1/2, 1 failure; size_change: 12, no overlap so 0, 1 failure; none: 0 to 9
    and 11, 1/4, no failure. Frame 12 counts twice, so the weights are 2, 1 and 11 of 14.
    """
    run = sequence([1, *[BOX] * 9, HALF, QUARTER, 2])
    tags = {"occlusion": flags(13, 10, 12), "size_change": flags(13, 12)}
    scores = got10k_vot_scores({"a": run}, {"a": tags})
    assert scores.accuracy == pytest.approx((2 * 0.5 + 1 * 0 + 11 * 0.25) / 14)
    assert scores.robustness == pytest.approx((2 * 1 + 1 * 1) / 14)
    assert (scores.tags[NO_TAG].frames, scores.tags["occlusion"].failures) == (11, 1)
    assert scores.tags["camera_motion"].frames == 0


def test_convention_runs_are_averaged_in_each_frame() -> None:
    runs = sequence([1, *[BOX] * 9, BOX, 2], [1, *[BOX] * 9, HALF, QUARTER])
    scores = got10k_vot_scores({"a": runs}, {"a": {}})
    assert scores.accuracy == pytest.approx((0.75 + 0.25) / 2)
    assert scores.robustness == 0.5


def test_bad_arguments() -> None:
    run = sequence([1, BOX])
    with pytest.raises(InvalidArgument, match="'a' needs frame_tags of 2 flags"):
        got10k_vot_scores({"a": run}, {})
    with pytest.raises(InvalidArgument, match="'a' needs frame_tags of 2 flags"):
        got10k_vot_scores({"a": run}, {"a": {"occlusion": flags(3)}})
    with pytest.raises(InvalidArgument, match="at least one sequence"):
        got10k_vot_scores({}, {})
    with pytest.raises(InvalidArgument, match="burn_in >= 0"):
        got10k_vot_scores({"a": run}, {"a": {}}, burn_in=-1)


@pytest.mark.slow
def test_real_annotations_are_convex_and_rasters_come_close(data_root: Path) -> None:
    """Without tags the accuracy is the pooled mean, which rasters give to about .01."""
    results = data_root / "raw_results" / "vot2018" / "NanoTrack" / "baseline"
    annotations = data_root / "annotations" / "VOT2018.json"
    if not annotations.is_file() or not results.is_dir():
        pytest.skip(f"no {annotations} or {results}")
    sequences = {
        video.name: VotSequence(
            truth=[truth_region(video, frame) for frame in range(len(video))],
            runs=[read_regions(results / video.name / f"{video.name}_001.txt")],
            size=video.frame_size,
        )
        for video in load_dataset("vot", annotations)
    }
    scores = got10k_vot_scores(sequences, {name: {} for name in sequences})
    rasters = vot_accuracy_robustness(sequences)
    assert scores.robustness == rasters.failures == 70
    assert scores.accuracy == pytest.approx(rasters.accuracy, abs=0.02)
    assert scores.accuracy != rasters.accuracy
