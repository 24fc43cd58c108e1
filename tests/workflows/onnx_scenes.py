"""A small tracker with weights by a formula and a rendered clip, for tests of exported trackers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, WeightsRecord, build_model, save_safetensors
from siamcorr.types import FrameArray


def compact_weights(folder: Path) -> Path:
    """The tracker `compact`; every weight is a cosine of its number, scaled by its fan-in."""
    config = read_yaml(find_config("trackers", "compact"))
    model = build_model(ModelSettings.model_validate(config["model"]))
    with torch.no_grad():
        for number, weight in enumerate(model.parameters()):
            wave = torch.cos(torch.arange(weight.numel()) * (1.3 + 0.1 * number)).view_as(weight)
            fan_in = weight[0].numel() if weight.ndim > 1 else 1
            weight.copy_(wave * (2 / fan_in) ** 0.5 if weight.ndim > 1 else 0.2 * wave + 0.5)
    record = WeightsRecord(variant="compact", config=config, licence="Apache-2.0")
    path = folder / "compact.safetensors"
    save_safetensors(model, path, metadata=record.to_metadata())
    return path


def moving_blobs(count: int) -> tuple[list[FrameArray], np.ndarray]:
    """Three bright blobs on a waving background, and their boxes in the first frame."""
    y, x = np.mgrid[:120, :160].astype(np.float64)
    starts = np.array([[30, 30, 20, 24], [90, 40, 24, 20], [60, 80, 18, 18]], np.float64)
    frames = []
    for t in range(count):
        image = 90 + 20 * np.sin(x / 7 + 0.1 * t)[..., None] * np.array([1.0, 0.6, -0.5])
        for number, (left, top, wide, high) in enumerate(starts):
            cx, cy = left + wide / 2 + 1.5 * t, top + high / 2 + (number - 1) * t
            blob = np.exp(-(((x - cx) / wide) ** 2 + ((y - cy) / high) ** 2) * 6)[..., None]
            image = image + blob * np.roll([140.0, -60, 30], number)
        frames.append(np.ascontiguousarray(image.clip(0, 255).astype(np.uint8)))
    return frames, starts
