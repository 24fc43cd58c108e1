"""A target's boxes do not depend on how many others there are, nor on threads sharing a batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from tracking_scenes import crossing_frames, moving_squares

from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, build_model, save_safetensors
from siamcorr.tracking import load_tracker
from siamcorr.tracking.per_target import per_target
from siamcorr.types import FrameArray, Tracker

BOXES = np.array([[20 + 13 * n, 20 + 11 * n, 20 + 3 * n, 44 - 3 * n] for n in range(8)])


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def random_tracker(name: str, folder: Path) -> Tracker:
    """A shipped tracker on untrained weights, whose best candidates are often almost equal."""
    torch.manual_seed(0)
    settings = ModelSettings.model_validate(read_yaml(find_config("trackers", name))["model"])
    path = folder / "model.safetensors"
    save_safetensors(build_model(settings, pretrained=False), path)
    return load_tracker(name, weights=path)


def check_alone(tracker: Tracker, frames: list[FrameArray], rows: list[int]) -> None:
    together = tracker.init(frames[0], BOXES)
    alone = {n: tracker.init(frames[0], BOXES[n]) for n in rows}
    for frame in frames[1:]:
        together, result = tracker.update(together, frame)
        for n in rows:
            alone[n], own = tracker.update(alone[n], frame)
            np.testing.assert_allclose(result.boxes_xywh[n], own.boxes_xywh[0], rtol=0, atol=0.01)
            assert result.lost[n] == own.lost[0]


def many_frames(count: int) -> list[FrameArray]:
    """Squares that come back to where they began, every twelve frames."""
    scene = moving_squares(12, [(20, 20), (100, 70)])
    return [scene[t % 12] for t in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fixed_filters", "cf"])
def test_eight_targets_of_trackers_without_weights(name: str, threads: int) -> None:
    check_alone(load_tracker(name), many_frames(51), [0, 3, 7])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["siamfc", "siamrpn_alex", "siamban_mobilev2", "nanotrack_v3"])
def test_eight_targets_of_networks(name: str, threads: int, tmp_path: Path) -> None:
    check_alone(random_tracker(name, tmp_path), many_frames(51), [0, 3, 7])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["siammask_r50", "siamrpn_r50_lt", "siamrpn_r50"])
def test_eight_targets_of_large_networks(name: str, threads: int, tmp_path: Path) -> None:
    """Fewer frames: they take a second each for eight targets."""
    check_alone(random_tracker(name, tmp_path), many_frames(6), [3])


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2, 3])
def test_eight_targets_on_real_video(data_root: Path, version: int, threads: int) -> None:
    weights = data_root / "weights" / "nanotrack" / f"nanotrackv{version}.pth"
    check_alone(load_tracker(weights), crossing_frames(data_root, 51), [0, 3, 7])


def test_network_calls_are_equal_alone_and_together(threads: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3, groups=64))
    images = torch.rand(12, 3, 40, 40)
    with torch.inference_mode():
        together = per_target(network, images, row_by_row=True)
        pairs = per_target(network, images, row_by_row=True, crops=2)
        for n in range(12):
            assert torch.equal(together[n : n + 1], network(images[n : n + 1]))
        for n in range(0, 12, 2):
            assert torch.equal(pairs[n : n + 2], network(images[n : n + 2]))


def test_tuples_of_features_go_in_and_come_out() -> None:
    seen = []

    def network(features: tuple[Tensor, Tensor], more: Tensor) -> tuple[Tensor, Tensor]:
        seen.append([len(each) for each in (*features, more)])
        return features[0] + more, features[1]

    values = torch.arange(6.0)
    first, second = per_target(
        network, (values, values * 2), values, row_by_row=True, crops=3
    )
    assert seen == [[3, 3, 3]] * 2
    assert torch.equal(first, values * 2)
    assert torch.equal(second, values * 2)
