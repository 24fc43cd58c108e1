"""Published raw boxes of SiamFC-3s on OTB-100 give its published figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from siamcorr.evaluation.metrics import OpeScores, bootstrap_interval, mean_ope, score_ope

# Measured by an independent count (sequence: frames, success AUC, precision at 20 pixels).
SUBSET = {
    "Bird2": (99, 0.729, 0.970),
    "Couple": (140, 0.673, 0.979),
    "Crossing": (120, 0.748, 1.000),
    "Deer": (71, 0.741, 1.000),
    "Dog": (127, 0.570, 0.992),
    "DragonBaby": (113, 0.298, 0.301),
    "Girl": (500, 0.718, 1.000),
    "Jogging_1": (307, 0.739, 0.980),
    "Jogging_2": (307, 0.662, 0.945),
    "Man": (134, 0.868, 1.000),
    "MotorRolling": (164, 0.116, 0.037),
    "MountainBike": (228, 0.753, 1.000),
    "Skiing": (81, 0.087, 0.136),
    "Subway": (175, 0.738, 1.000),
    "Surfer": (376, 0.582, 0.989),
    "Vase": (271, 0.604, 0.812),
    "Woman": (597, 0.532, 0.935),
}


@pytest.fixture(scope="module")
def boxes(data_root: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Predicted boxes and ground truth of each sequence, both as their files have them, 1-based."""
    annotations = json.loads((data_root / "annotations" / "OTB100.json").read_text())
    truths = {
        name.lower(): np.array(entry["gt_rect"], float) for name, entry in annotations.items()
    }
    return {
        path.stem: (read(path), truths[path.stem.lower()])
        for path in sorted((data_root / "raw_results" / "otb100" / "SiamFC-3s").glob("*.txt"))
    }


def read(path: Path) -> np.ndarray:
    lines = path.read_text().split("\n")
    return np.array([re.split(r"[,\s]+", line.strip()) for line in lines if line.strip()], float)


@pytest.fixture(scope="module")
def scores(boxes: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, OpeScores]:
    return {name: score_ope(*pair, convention="pysot") for name, pair in boxes.items()}


def test_siamfc_3s_on_otb100(scores: dict[str, OpeScores]) -> None:
    assert len(scores) == 100
    total = mean_ope(scores.values())
    assert total.auc == pytest.approx(0.5824, abs=1e-3)
    assert total.precision_20 == pytest.approx(0.7705, abs=1e-3)


def test_the_interval_over_sequences_holds_the_figure(scores: dict[str, OpeScores]) -> None:
    low, high = bootstrap_interval([row.auc for row in scores.values()])
    assert low < 0.582 < high
    assert 0.05 < high - low < 0.12  # a hundred sequences leave it that wide


@pytest.mark.parametrize("name", SUBSET)
def test_per_sequence(scores: dict[str, OpeScores], name: str) -> None:
    frames, auc, precision = SUBSET[name]
    assert scores[name].frames == frames
    assert scores[name].auc == pytest.approx(auc, abs=1.5e-3)
    assert scores[name].precision_20 == pytest.approx(precision, abs=1.5e-3)


def test_mean_over_the_subset(scores: dict[str, OpeScores]) -> None:
    total = mean_ope(scores[name] for name in SUBSET)
    assert total.auc == pytest.approx(0.597, abs=1e-3)
    assert total.precision_20 == pytest.approx(0.828, abs=1e-3)


def test_the_origin_of_the_coordinates_moves_nothing(
    boxes: dict[str, tuple[np.ndarray, np.ndarray]], scores: dict[str, OpeScores]
) -> None:
    """Readers hand out 0-based boxes; the same figures come out."""
    shift = np.array([1.0, 1, 0, 0])
    total = mean_ope(score_ope(a - shift, b - shift) for a, b in boxes.values())
    expected = mean_ope(scores.values())
    np.testing.assert_allclose(total.success, expected.success, atol=1e-12)
    np.testing.assert_allclose(total.precision, expected.precision, atol=1e-12)


def test_convention_the_two_all_zero_annotations_of_otb100(
    boxes: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    """Board and Twinnings hold one box 0, 0, 0, 0 each: a precision hit for PySOT alone."""
    zero = [name for name, (_, truth) in boxes.items() if not truth.any(1).all()]
    assert zero == ["Board", "Twinnings"]
    for name in zero:
        predicted, truth = boxes[name]
        pysot = score_ope(predicted, truth, convention="pysot")
        otb = score_ope(predicted, truth, convention="otb")
        assert (pysot.precision_20 - otb.precision_20) * len(truth) == pytest.approx(1)
        np.testing.assert_allclose(pysot.success, otb.success, atol=1e-12)
