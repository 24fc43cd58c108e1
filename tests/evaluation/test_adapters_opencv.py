"""OpenCV's trackers behind the protocol: the real ones where they run, a stand-in for the rules."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from siamcorr.errors import (
    CheckpointError,
    InvalidArgument,
    MissingDependency,
    SourceError,
    UnknownName,
)
from siamcorr.evaluation.adapters import opencv as adapter
from siamcorr.evaluation.adapters.opencv import OPENCV_KINDS, OpenCVTracker
from siamcorr.evaluation.protocols import run_ope


@pytest.fixture(scope="module")
def noise():
    """Nine frames of noise that moves two pixels right a frame."""
    first = np.random.default_rng(3).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    return [np.roll(first, 2 * t, axis=1) for t in range(9)]


def boxes_of(tracker, frames, box=(40, 30, 24, 20)):
    state = tracker.init(frames[0], box)
    boxes = []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        boxes.append(result.boxes_xywh[0].tolist())
    return boxes


class StandIn:
    """A cv2 whose trackers note what they get; they find nothing on black frames."""

    __version__ = "4.99"
    error = type("error", (Exception,), {})

    def __init__(self, *names, score=0.5):
        self.given, self.created, self.seeds = [], [], []
        outer = self

        class Tracker:
            def init(self, image, rectangle):
                outer.given.append((image, rectangle))

            def update(self, image):
                outer.given.append((image, None))
                return bool(image.any()), (1, 2, 3, 4)

            def getTrackingScore(self):  # noqa: N802 - OpenCV's name
                return score

        def create(parameters):
            self.created.append(parameters)
            return Tracker()

        for name in names:
            setattr(self, f"{name}_Params", SimpleNamespace)
            setattr(self, f"{name}_create", create)

    def setRNGSeed(self, seed):  # noqa: N802 - OpenCV's name
        self.seeds.append(seed)


@pytest.fixture
def stand_in(monkeypatch):
    cv2 = StandIn("TrackerMIL", "TrackerNano", "TrackerVit", "TrackerDaSiamRPN")
    monkeypatch.setattr(adapter, "load_cv2", lambda: cv2)
    return cv2


def test_mil_follows_moving_noise(noise) -> None:
    xs = [box[0] for box in boxes_of(OpenCVTracker("mil"), noise)]
    assert np.abs(np.array(xs) - (40 + 2 * np.arange(1, 9))).max() <= 2


def test_convention_mil_repeats_and_its_seed_matters(noise) -> None:
    first = boxes_of(OpenCVTracker("mil"), noise)
    tracker = OpenCVTracker("mil")
    assert boxes_of(tracker, noise) == first
    assert boxes_of(tracker, noise) == first  # the second run of one tracker, too
    others = [boxes_of(OpenCVTracker("mil", seed=seed), noise) for seed in (1, 2, 3)]
    assert any(other != first for other in others)


def test_nano_with_its_real_network(data_root) -> None:
    weights = data_root / "weights" / "nanotrack" / "onnx_v2"
    if not weights.is_dir():
        pytest.skip(f"no {weights}")
    from siamcorr.data.sequences.registry import load_dataset

    sequence = load_dataset("otb", data_root / "otb", sequences=["Deer"])["Deer"]
    tracker = OpenCVTracker(
        "nano",
        backbone=weights / "nanotrack_backbone_sim.onnx",
        head=weights / "nanotrack_head_sim.onnx",
    )
    state = tracker.init(sequence.frame(0), sequence.boxes_xywh[0, 0])
    state, result = tracker.update(state, sequence.frame(1))
    x, y, w, h = result.boxes_xywh[0].tolist()
    truth_x, truth_y, truth_w, truth_h = sequence.boxes_xywh[1, 0]
    assert abs(x + w / 2 - truth_x - truth_w / 2) < 8
    assert abs(y + h / 2 - truth_y - truth_h / 2) < 8
    assert 0.5 < float(result.scores[0]) <= 1


def test_convention_opencv_gets_bgr_and_halves_are_rounded_upward(stand_in) -> None:
    frame = np.zeros((20, 20, 3), np.uint8)
    frame[..., 0] = 200  # red
    tracker = OpenCVTracker("mil", seed=7)
    tracker.init(frame, [[1.5, 2.4, 6.5, 7.49], [-1.5, -0.4, 5, 5]])
    (image, first), (_, second) = stand_in.given
    assert image[0, 0].tolist() == [0, 0, 200]
    assert image.flags["C_CONTIGUOUS"]
    assert first == (2, 2, 7, 7)
    assert second == (-1, 0, 5, 5)
    assert all(type(number) is int for number in (*first, *second))
    assert stand_in.seeds == [7]


def test_convention_where_opencv_finds_nothing_the_last_box_stays_and_is_lost(stand_in) -> None:
    grey, black = np.full((20, 20, 3), 9, np.uint8), np.zeros((20, 20, 3), np.uint8)
    tracker = OpenCVTracker("mil")
    state = tracker.init(grey, [5, 5, 6, 6])
    state, lost_at_once = tracker.update(state, black)
    state, found = tracker.update(state, grey)
    state, lost = tracker.update(state, black)
    assert lost_at_once.boxes_xywh.tolist() == [[5, 5, 6, 6]]
    assert found.boxes_xywh.tolist() == lost.boxes_xywh.tolist() == [[1, 2, 3, 4]]
    flags = [bool(result.lost[0]) for result in (lost_at_once, found, lost)]
    assert flags == [True, False, True]
    assert lost.frame_index == 3


def test_mil_has_no_score_and_the_others_have(stand_in, tmp_path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(b"net")
    frame = np.full((20, 20, 3), 9, np.uint8)
    for tracker, expected in (
        (OpenCVTracker("mil"), math.nan),
        (OpenCVTracker("vit", model=file), 0.5),
    ):
        _, result = tracker.update(tracker.init(frame, [5, 5, 6, 6]), frame)
        np.testing.assert_array_equal(result.scores.numpy(), [expected])


def test_every_kind_hands_over_its_files(stand_in, tmp_path) -> None:
    expected = {
        "nano": {"backbone": "backbone", "neckhead": "head"},
        "vit": {"net": "model"},
        "mil": {},
        "dasiamrpn": {"model": "model", "kernel_cls1": "kernel_cls1", "kernel_r1": "kernel_r1"},
    }
    assert set(expected) == set(OPENCV_KINDS)
    for kind, fields in expected.items():
        files = {name: tmp_path / f"{name}.onnx" for name in fields.values()}
        for path in files.values():
            path.write_bytes(b"")
        OpenCVTracker(kind, **files)
        wanted = {field: str(files[name]) for field, name in fields.items()}
        assert vars(stand_in.created[-1]) == wanted


def test_targets_come_and_go(noise) -> None:
    tracker = OpenCVTracker("mil")
    state = tracker.init(noise[0], [[40, 30, 24, 20], [10, 10, 20, 20]])
    state, _ = tracker.update(state, noise[1])
    state = tracker.add(state, noise[1], [70, 50, 16, 16])
    state = tracker.drop(state, 0)
    state, result = tracker.update(state, noise[2])
    assert result.ids.tolist() == [1, 2]
    assert result.boxes_xywh.shape == (2, 4)
    assert abs(result.boxes_xywh[1, 0] - 72) <= 2
    with pytest.raises(InvalidArgument, match="no target has id"):
        tracker.drop(state, [0])
    state, result = tracker.update(tracker.drop(state, [1, 2]), noise[3])
    assert result.boxes_xywh.shape == (0, 4)


def test_a_state_cannot_be_updated_twice(noise) -> None:
    tracker = OpenCVTracker("mil")
    state = tracker.init(noise[0], [40, 30, 24, 20])
    tracker.update(state, noise[1])
    with pytest.raises(InvalidArgument, match="OpenCV's trackers cannot go back"):
        tracker.update(state, noise[1])
    with pytest.raises(InvalidArgument, match="expected the state that init returned, got str"):
        tracker.update("state", noise[1])


@pytest.mark.parametrize("box", [[40, 30, 4, 4], [40, 30, 1, 60]])
def test_mil_refuses_boxes_for_which_it_would_search_for_ever(noise, box) -> None:
    with pytest.raises(InvalidArgument, match="needs sides of at least 2 and 25 pixels in all"):
        OpenCVTracker("mil").init(noise[0], box)


@pytest.mark.parametrize(
    ("kind", "files", "error", "sentence"),
    [
        ("nan", {}, UnknownName, "unknown kind 'nan'; did you mean 'nano'"),
        (
            "nano",
            {"backbone": "b"},
            InvalidArgument,
            "needs the files backbone, head; not given: h",
        ),
        ("nano", {"neckhead": "h"}, InvalidArgument, "no file 'neckhead'; did you mean 'head'"),
        ("mil", {"model": "m"}, InvalidArgument, "mil has no file 'model'; its files: none"),
        ("vit", {"model": "absent.onnx"}, SourceError, "no file 'absent.onnx' to be its model"),
    ],
)
def test_wrong_arguments_are_refused(kind, files, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        OpenCVTracker(kind, **files)


def test_a_build_without_the_tracker_names_the_version_that_has_it(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(adapter, "load_cv2", lambda: StandIn("TrackerMIL"))
    file = tmp_path / "net.onnx"
    file.write_bytes(b"net")
    with pytest.raises(MissingDependency) as caught:
        OpenCVTracker("vit", model=file)
    assert str(caught.value) == (
        "OpenCV 4.99 has no TrackerVit; pip install --upgrade 'opencv-python>=4.9'"
    )


def test_files_that_opencv_cannot_read_are_named(tmp_path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(b"no network")
    with pytest.raises(CheckpointError, match=r"TrackerNano: OpenCV [\d.]+ cannot use .*net.onnx"):
        OpenCVTracker("nano", backbone=file, head=file)


def test_the_evaluation_takes_it(noise) -> None:
    class Noise:
        name = "noise"
        boxes_xywh = np.tile([40.0, 30, 24, 20], (9, 1, 1))
        visible = np.ones((9, 1))

        def __len__(self):
            return 9

        def __iter__(self):
            return iter(noise)

    trajectory = run_ope(OpenCVTracker("mil"), Noise()).trajectory
    assert trajectory.scores is None
    assert trajectory.boxes_xywh[:, 2:].tolist() == [[24, 20]] * 9
