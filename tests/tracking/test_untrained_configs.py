"""Configs of the heads that are ours to train: they build, take weights, and give their maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, build_model, save_safetensors
from siamcorr.tracking import load_tracker


@pytest.mark.parametrize(("name", "cells"), [("siamrpn_upchannel", 19), ("siamban_mobilev2", 25)])
def test_a_config_ours_to_train_tracks_with_a_weights_file(
    name: str, cells: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    settings = ModelSettings.model_validate(read_yaml(find_config("trackers", name))["model"])
    path = tmp_path / "model.safetensors"
    save_safetensors(build_model(settings, pretrained=False), path)
    tracker = load_tracker(name, weights=path)
    frame = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    state = tracker.init(frame, [60, 40, 30, 40])
    _, result = tracker.update(state, frame, responses=True)
    assert result.responses is not None
    assert result.responses[0].values.shape == (cells, cells)
    assert result.boxes_xywh.isfinite().all()
