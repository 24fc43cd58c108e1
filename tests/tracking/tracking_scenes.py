"""Small rendered scenes and trackers that the tracking tests share."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from siamcorr.config import load_config
from siamcorr.models import SiameseModel
from siamcorr.nn.heads import SiamFCHead
from siamcorr.tracking.siamfc import SiamFCSettings, SiamFCTracker
from siamcorr.types import FrameArray

CROSSING_BOXES = np.array(
    [[205, 151, 17, 50], [2, 30, 40, 30], [300, 200, 80, 60], [120, 100, 31, 24]], np.float64
)
"""1-based; the pedestrian, one at the border, one half outside the frame, one on the road."""


def crossing_frames(data_root: Path, count: int) -> list[FrameArray]:
    paths = sorted((data_root / "otb" / "Crossing" / "img").glob("*.jpg"))[:count]
    assert len(paths) == count
    return [np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1]) for path in paths]


def moving_squares(
    count: int, starts_xy: list[tuple[int, int]], side: int = 24
) -> list[FrameArray]:
    """Textured squares that move by (3, 2) pixels a frame over a faint texture, 160 x 200."""
    random = np.random.default_rng(5)
    background = random.integers(90, 130, (160, 200, 3), dtype=np.uint8)
    textures = [random.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in starts_xy]
    textures = [cv2.GaussianBlur(texture, (0, 0), 1.5) for texture in textures]
    frames = []
    for t in range(count):
        frame = cv2.GaussianBlur(background, (0, 0), 1.0)
        for (x, y), texture in zip(starts_xy, textures, strict=True):
            frame[y + 2 * t : y + 2 * t + side, x + 3 * t : x + 3 * t + side] = texture
        frames.append(frame)
    return frames


class ThinAlexNet(nn.Module):
    """The geometry of SiamFC's AlexNet with 8 channels: 127 -> 6, 255 -> 22, stride 8."""

    stride = 8

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 8, 11, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(8, 8, 5), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)),
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


def thin_siamfc(seed: int = 0) -> SiamFCTracker:
    """SiamFC's tracker with the shipped constants on random thin weights."""
    torch.manual_seed(seed)
    model = SiameseModel(ThinAlexNet(), SiamFCHead(backend="matmul")).eval()
    return SiamFCTracker(model, load_config("trackers", "siamfc", SiamFCSettings))
