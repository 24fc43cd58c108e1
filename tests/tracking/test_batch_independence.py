"""A target's boxes do not depend on how many others there are, nor on threads sharing a batch."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from tracking_scenes import crossing_frames, moving_squares

from siamcorr.config import config_names, find_config, read_yaml
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
@pytest.mark.parametrize("threads", [2], indirect=True)
@pytest.mark.parametrize("name", ["siamfc", "siamrpn_alex", "siamban_mobilev2", "nanotrack_v3"])
def test_eight_targets_of_networks(name: str, threads: int, tmp_path: Path) -> None:
    check_alone(random_tracker(name, tmp_path), many_frames(51), [0, 3, 7])


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2], indirect=True)
@pytest.mark.parametrize("name", ["siammask_r50", "siamrpn_r50_lt", "siamrpn_r50"])
def test_eight_targets_of_large_networks(name: str, threads: int, tmp_path: Path) -> None:
    """Fewer frames: they take a second each for eight targets."""
    check_alone(random_tracker(name, tmp_path), many_frames(6), [3])


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2], indirect=True)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_eight_targets_on_real_video(data_root: Path, version: int, threads: int) -> None:
    weights = data_root / "weights" / "nanotrack" / f"nanotrackv{version}.pth"
    check_alone(load_tracker(weights), crossing_frames(data_root, 51), [0, 3, 7])


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3, groups=64)).eval()


def test_network_calls_are_equal_alone_and_together(network: nn.Module, threads: int) -> None:
    images = torch.rand(12, 3, 40, 40)
    with torch.inference_mode():
        for crops in (1, 2):
            together = per_target(network, images, rows="alone", crops=crops)
            for n in range(0, 12, crops):
                own = per_target(network, images[n : n + crops], rows="alone", crops=crops)
                assert torch.equal(together[n : n + crops], own)
        torch.testing.assert_close(together, network(images))


SHARED = [
    name
    for name in config_names("trackers")
    if read_yaml(find_config("trackers", name)).get("model", {}).get("cpu_threads") == "one"
]


@pytest.mark.parametrize("name", SHARED)
def test_networks_on_one_thread_are_equal_to_the_last_bit_in_any_batch(
    name: str, tmp_path: Path
) -> None:
    tracker = random_tracker(name, tmp_path)
    model, settings = tracker.model, tracker.settings
    assert model.rows == "on_one_thread"
    crops = [
        torch.rand(13, 3, side, side) * 255
        for side in (settings.template_size, settings.search_size)
    ]
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with torch.inference_mode():
            template, search = (model.normalise(each) for each in crops)
            features = per_target(model.embed_template, template, rows=model.rows)
            _, output = per_target(model.respond, search, features, rows=model.rows)
            for count in (1, 2, 3, 7):
                own = per_target(model.embed_template, template[:count], rows=model.rows)
                assert torch.equal(own, features[:count])
                _, few = per_target(model.respond, search[:count], own, rows=model.rows)
                assert torch.equal(few.cls, output.cls[:count])
                assert torch.equal(few.loc, output.loc[:count])
    finally:
        torch.set_num_threads(before)


def test_targets_are_shared_among_threads_of_one_thread_each() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        seen = []

        def network(images: Tensor) -> Tensor:
            seen.append((threading.current_thread().name, torch.get_num_threads(), len(images)))
            barrier.wait(10)  # fails unless all three run at once
            return images + 1

        barrier = threading.Barrier(3)
        images = torch.arange(7.0)
        assert torch.equal(per_target(network, images, rows="on_one_thread"), images + 1)
        assert len({name for name, _, _ in seen}) == 3
        assert sorted(count for _, _, count in seen) == [2, 2, 3]
        assert {threads for _, threads, _ in seen} == {1}
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(1) as fresh:  # the number that other threads begin with
            assert fresh.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)


def test_errors_and_inference_mode_go_through_the_threads() -> None:
    def fails(images: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        per_target(fails, torch.zeros(2), rows="on_one_thread")
    for mode in (True, False):
        with torch.inference_mode(mode):
            found = per_target(lambda images: images + 0, torch.zeros(4), rows="on_one_thread")
            assert found.is_inference() == mode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    def plus(images: Tensor) -> Tensor:
        return images + 1

    per_target(plus, torch.zeros(4), rows="on_one_thread")
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that waits for its parent's threads would wait for ever
        right = per_target(plus, torch.zeros(4), rows="on_one_thread").sum() == 4
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_tuples_of_features_go_in_and_come_out() -> None:
    seen = []

    def network(features: tuple[Tensor, Tensor], more: Tensor) -> tuple[Tensor, Tensor]:
        seen.append([len(each) for each in (*features, more)])
        return features[0] + more, features[1]

    values = torch.arange(6.0)
    first, second = per_target(network, (values, values * 2), values, rows="alone", crops=3)
    assert seen == [[3, 3, 3]] * 2
    assert torch.equal(first, values * 2)
    assert torch.equal(second, values * 2)
