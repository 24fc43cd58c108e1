"""What a model eats: channel order and normalisation, part of every weights file's record."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from siamcorr.config import Settings

__all__ = ["Preprocessing"]


class Preprocessing(Settings):
    """From RGB uint8 crops to the model's input.

    input = (crop in `channels` order - mean) / std

    Attributes:
        channels: order of the channels that the weights were trained on.
        mean: subtracted, in 0 ... 255, in the order of `channels`.
        std: divided by, in 0 ... 255, in the order of `channels`.
    """

    channels: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def apply(self, crops: Tensor) -> Tensor:
        """Prepare crops.

        Args:
            crops: (B, H, W, 3) uint8 RGB.

        Returns:
            (B, 3, H, W) float32 on the same device.
        """
        image = crops.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        return self.normalise(image)

    def normalise(self, image: Tensor) -> Tensor:
        """The same for RGB images (B, 3, H, W), floating point in 0 ... 255."""
        if self.channels == "bgr":
            image = image.flip(1)
        if self.mean != (0.0, 0.0, 0.0):
            image = image - image.new_tensor(self.mean)[:, None, None]
        if self.std != (1.0, 1.0, 1.0):
            image = image / image.new_tensor(self.std)[:, None, None]
        return image
