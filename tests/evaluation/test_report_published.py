"""Reports of published raw results agree with the published figures."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.evaluation.report import build_ope_report, build_vot_report, worst_sequences
from siamcorr.evaluation.results import Trajectory

pytestmark = pytest.mark.slow


def numbers(path):
    lines = path.read_text().split()
    return [np.array(line.split(","), dtype=np.float64) for line in lines]


def plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


def test_siamfc_on_otb100(data_root):
    annotations = json.loads((data_root / "annotations" / "OTB100.json").read_text())
    folder = data_root / "raw_results" / "otb100" / "SiamFC-3s"
    files = {plain(path.stem): path for path in folder.glob("*.txt")}
    sequences, runs = [], {}
    for name, entry in annotations.items():
        truth = np.array(entry["gt_rect"], dtype=np.float64)[:, None] - [1, 1, 0, 0]
        sequences.append(AnnotatedSequence(name, truth, np.ones(truth.shape[:2])))
        boxes = np.array(numbers(files[plain(name)])) - [1, 1, 0, 0]
        runs[name] = [Trajectory(boxes[: len(truth)])]
    report = build_ope_report(SequenceSet("otb", tuple(sequences)), {"SiamFC-3s": runs})
    summary = report.trackers[0].summary
    assert len(report.frames) == 100
    assert summary["success_auc"] == pytest.approx(0.5824, abs=1e-3)
    assert summary["precision_20"] == pytest.approx(0.7705, abs=1e-3)
    low, high = report.trackers[0].intervals["success_auc"]
    assert low < 0.582 < high
    assert high - low < 0.12


def test_nanotrack_on_vot2018(data_root):
    annotations = json.loads((data_root / "annotations" / "VOT2018.json").read_text())
    folder = data_root / "raw_results" / "vot2018" / "NanoTrack" / "baseline"
    sequences, runs = [], {}
    tags = ("camera_motion", "illum_change", "motion_change", "size_change", "occlusion")
    for name, entry in annotations.items():
        truth = np.array(entry["gt_rect"], dtype=np.float64)[:, None]  # boxes or polygons
        corners = truth.reshape(-1, 1, 4, 2) if truth.shape[2] == 8 else None
        boxes = (
            truth if corners is None else np.concatenate((corners.min(2), np.ptp(corners, 2)), -1)
        )
        flags = {tag: np.array(entry[tag], dtype=bool) for tag in tags if len(entry[tag])}
        size = entry["height"], entry["width"]
        visible = np.ones(truth.shape[:2])
        sequence = AnnotatedSequence(
            name, boxes, visible, corners_xy=corners, frame_tags=flags, size=size
        )
        sequences.append(sequence)
        lines = numbers(folder / name / f"{name}_001.txt")
        runs[name] = [[int(row[0]) if len(row) == 1 else row for row in lines]]
    report = build_vot_report(SequenceSet("vot", tuple(sequences)), {"NanoTrack": runs})
    summary = report.trackers[0].summary
    assert summary["accuracy"] == pytest.approx(0.5424, abs=1e-3)
    assert summary["robustness"] == pytest.approx(0.3278, abs=1e-3)
    assert summary["failures"] == 70
    assert summary["eao"] == pytest.approx(0.3113, abs=1e-3)
    failures = {name: row["failures"] for name, row in report.trackers[0].sequences.items()}
    assert failures[next(iter(worst_sequences(report, 1)))] == max(failures.values())
    assert set(report.attributes) == set(tags)
