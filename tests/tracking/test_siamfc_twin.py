"""SiamFC equals an independent single-target twin on a real sequence, alone and among others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from siamfc_twin import SiamFCTwin
from torch import nn
from tracking_scenes import CROSSING_BOXES, ThinAlexNet, crossing_frames, thin_siamfc

from siamcorr.config import load_config
from siamcorr.models import build_model
from siamcorr.tracking.siamfc import SiamFCSettings, SiamFCTracker
from siamcorr.types import FrameArray

FRAMES = 20
TO_ONE_BASED = np.array([1.0, 1.0, 0.0, 0.0])


def run(
    tracker: SiamFCTracker, frames: list[FrameArray], boxes: npt.NDArray[np.float64]
) -> torch.Tensor:
    """Boxes (T - 1, N, 4) and scores, joined on the last axis: (T - 1, N, 5)."""
    state, rows = tracker.init(frames[0], boxes - TO_ONE_BASED), []
    for frame in frames[1:]:
        state, result = tracker.update(state, frame)
        rows.append(torch.cat((result.boxes_xywh, result.scores.double()[:, None]), dim=1))
    return torch.stack(rows)


def run_twin(
    twin: SiamFCTwin, frames: list[FrameArray], box: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    twin.init(frames[0], box)
    return np.stack([twin.update(frame) for frame in frames[1:]])


def twin_of(backbone: nn.Module, penalty: float) -> SiamFCTwin:
    def embed(crops: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(backbone(torch.from_numpy(crops)).numpy())

    return SiamFCTwin(embed, penalty)


def test_alexnet_for_four_targets_and_for_one(data_root: Path) -> None:
    """Random weights prefer no scale; a penalty near 1 lets all three be chosen."""
    frames = crossing_frames(data_root, FRAMES)
    settings = load_config("trackers", "siamfc", SiamFCSettings)
    torch.manual_seed(2)
    model = build_model(settings.model).eval()
    tracker = SiamFCTracker(model, settings.model_copy(update={"scale_penalty": 0.999}))

    together = run(tracker, frames, CROSSING_BOXES)
    chosen: set[int] = set()
    for i, box in enumerate(CROSSING_BOXES):
        twin = twin_of(model.backbone, 0.999)
        expected = run_twin(twin, frames, box)
        assert min(twin.margins.peak) > 1e-7, "a tie that rounding could decide proves nothing"
        chosen |= set(twin.margins.chosen)
        np.testing.assert_allclose(together[:, i, :4].numpy() + TO_ONE_BASED, expected, atol=1e-3)
    assert chosen == {0, 1, 2}

    alone = run(tracker, frames, CROSSING_BOXES[:1])
    assert torch.equal(alone[:, 0], together[:, 0]), "a result depends on who else is in the batch"


@pytest.mark.parametrize("target", range(4))
def test_shipped_constants(data_root: Path, target: int) -> None:
    """The config file's numbers are the definition's, on a network of the same geometry."""
    frames = crossing_frames(data_root, FRAMES)
    tracker = thin_siamfc(seed=1)
    assert isinstance(tracker.model.backbone, ThinAlexNet)
    result = run(tracker, frames, CROSSING_BOXES[target : target + 1])[:, 0]
    twin = twin_of(tracker.model.backbone, 0.9745)
    expected = run_twin(twin, frames, CROSSING_BOXES[target])
    assert min(twin.margins.peak) > 1e-7, "a tie that rounding could decide proves nothing"
    np.testing.assert_allclose(result[:, :4].numpy() + TO_ONE_BASED, expected, atol=1e-3)
