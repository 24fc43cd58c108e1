"""The point tracker: a twin on a thin network, and NanoTrack's released weights on real video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from pysot_twin import Constants, PysotTwin
from thin_box_models import network_of, thin_box_model
from tracking_scenes import crossing_frames, moving_squares

from siamcorr.models import ModelSettings
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.tracking import PointTracker, load_tracker
from siamcorr.tracking.point import PointSettings

BOXES = np.array([[40, 40, 24, 24], [90.5, 20.25, 31, 50], [-8, 100, 30, 22]], np.float64)


def settings() -> PointSettings:
    return PointSettings(
        kind="point",
        model=ModelSettings(backbone="alexnet_v1", head="siamfc"),
        template_size=127,
        search_size=255,
        context_amount=0.5,
        penalty_k=0.138,
        window_influence=0.455,
        size_lr=0.348,
    )


@pytest.mark.parametrize("even", [False, True])
def test_boxes_and_scores_are_the_twins(even: bool) -> None:
    model = thin_box_model(7, anchors=0, even=even)
    tracker = PointTracker(model, settings())
    first, *rest = moving_squares(12, [(40, 40), (110, 70)])
    state = tracker.init(first, BOXES)
    constants = Constants(0.138, 0.455, 0.348, stride=8, anchors=False)
    twins = [PysotTwin(network_of(model), constants) for _ in BOXES]
    for twin, box in zip(twins, BOXES, strict=True):
        twin.init(first, box)
    for frame in rest:
        state, result = tracker.update(state, frame)
        boxes, scores = zip(*(twin.update(frame) for twin in twins), strict=True)
        np.testing.assert_allclose(result.boxes_xywh, boxes, atol=1e-4)
        np.testing.assert_allclose(result.scores, scores, atol=1e-6)


def test_centreness_multiplies_the_score() -> None:
    tracker = PointTracker(thin_box_model(7, anchors=0), settings())
    cls = torch.zeros(1, 2, 2, 2)
    cls[0, 1] = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    loc, centreness = torch.ones(1, 4, 2, 2), torch.tensor([[[[0.0, 1.0], [-1.0, 2.0]]]])
    scores = tracker.score(BoxOutput(cls, loc, centreness=centreness))[0].tolist()
    logistic = [1 / (1 + np.exp(-v)) for v in (0, 1, 2, 3)]
    central = [1 / (1 + np.exp(-v)) for v in (0, 1, -1, 2)]
    assert scores == pytest.approx([a * b for a, b in zip(logistic, central, strict=True)])
    assert tracker.score(BoxOutput(cls, loc))[0].tolist() == pytest.approx(logistic)


def box_of_polygon(corners: npt.NDArray[np.float64]) -> list[float]:
    """PySOT's box of a VOT polygon: its mean corner and the area of the polygon's sides."""
    points = corners.reshape(4, 2)
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    sides = [float(np.linalg.norm(points[i] - points[i + 1])) for i in (0, 1)]
    f = np.sqrt(sides[0] * sides[1] / ((x2 - x1) * (y2 - y1)))
    w, h = f * (x2 - x1) + 1, f * (y2 - y1) + 1
    cx, cy = points.mean(0)
    return [cx - w / 2, cy - h / 2, w, h]


@pytest.mark.slow
def test_nanotrack_v1_gives_the_published_boxes_of_bag(data_root: Path) -> None:
    folder = data_root / "raw_results" / "vot2018" / "NanoTrack" / "baseline" / "bag"
    lines = (folder / "bag_001.txt").read_text(encoding="utf-8").split()
    published = np.array([[float(v) for v in line.split(",")] for line in lines[1:]])
    assert published.shape == (195, 4)
    truth = data_root / "vot2018" / "bag" / "groundtruth.txt"
    first = truth.read_text(encoding="utf-8").splitlines()[0]
    box = box_of_polygon(np.array([float(v) for v in first.split(",")]))
    paths = sorted((data_root / "vot2018" / "bag" / "color").glob("*.jpg"))
    tracker = load_tracker(data_root / "weights" / "nanotrack" / "nanotrackv1.pth")
    frames = (np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1]) for path in paths)
    state, boxes = tracker.init(next(frames), box), []
    for frame in frames:
        state, result = tracker.update(state, frame)
        boxes.append(result.boxes_xywh[0].numpy())
    np.testing.assert_allclose(boxes, published, rtol=0, atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2, 3])
def test_eight_targets_on_real_video_go_as_one_goes_alone(data_root: Path, version: int) -> None:
    tracker = load_tracker(data_root / "weights" / "nanotrack" / f"nanotrackv{version}.pth")
    frames = crossing_frames(data_root, 51)
    boxes = np.array([[204 - 25 * n, 150 - 17 * n, 17 + 3 * n, 50 - 3 * n] for n in range(8)])
    together, alone = tracker.init(frames[0], boxes), [tracker.init(frames[0], b) for b in boxes]
    for frame in frames[1:]:
        together, result = tracker.update(together, frame)
        for n in range(8):
            alone[n], own = tracker.update(alone[n], frame)
            np.testing.assert_allclose(result.boxes_xywh[n], own.boxes_xywh[0], rtol=0, atol=0.01)
