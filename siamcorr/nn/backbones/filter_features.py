"""Features of the correlation-filter tracker: HOG, grey and colour bins side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, UnknownName, closest
from siamcorr.nn.backbones.colour_bins import ColourBins, colour_bins
from siamcorr.nn.backbones.grey import CELL, Grey, cell_means, check_image, grey_level, luma
from siamcorr.nn.backbones.hog import Hog
from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["FilterFeatures"]

_CHANNELS = {
    "hog": Hog.out_channels,
    "grey": Grey.out_channels,
    "colour_bins": ColourBins.out_channels,
}


_CHUNK_PIXELS = 6 * 160 * 160
"""Pixels per pass on CPU: bounds the workspace to about 10 MB and keeps it near the cache, which
takes a third off the time of 48 crops."""


@BACKBONES.register("filter_features")
class FilterFeatures(nn.Module):
    """HOG (31 channels), grey (1) and soft colour bins (11), stride 4, without a parameter.

    Equal to the three backbones one after the other; luma and cell means are shared.

    Args:
        parts: which of "hog", "grey" and "colour_bins" to compute, in the order of the channels.

    Example:
        >>> import torch
        >>> FilterFeatures()(torch.zeros(1, 3, 160, 160)).shape
        torch.Size([1, 43, 40, 40])
    """

    stride = CELL

    def __init__(self, parts: Sequence[str] = ("hog", "grey", "colour_bins")) -> None:
        super().__init__()
        for part in parts:
            if part not in _CHANNELS:
                raise UnknownName(
                    f"FilterFeatures: no part {part!r}{closest(part, _CHANNELS)}"
                    f"\n  known: {', '.join(_CHANNELS)}"
                )
        if not parts or len(set(parts)) != len(parts):
            raise InvalidArgument(f"FilterFeatures: parts must be distinct names, got {parts}")
        self.parts = tuple(parts)
        self.out_channels = sum(_CHANNELS[part] for part in parts)
        self.hog = Hog()

    def forward(self, image: Tensor, grey: Tensor | None = None) -> Tensor:
        """Features of crops.

        Args:
            image: (B, 3, H, W) RGB in 0 ... 255, float32 or float64, H and W multiples of 4.
            grey: (B,) bool, True where the video shows no colour; None for colour everywhere. See
                `ColourBins`.

        Returns:
            (B, C, H/4, W/4) of the image's dtype.
        """
        check_image("FilterFeatures", image)
        if image.device.type != "cpu":
            return self._of_part(image, grey)
        count = max(1, _CHUNK_PIXELS // (image.shape[2] * image.shape[3]))
        starts = range(0, max(1, len(image)), count)
        parts = [
            self._of_part(image[i : i + count], None if grey is None else grey[i : i + count])
            for i in starts
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _of_part(self, image: Tensor, grey: Tensor | None) -> Tensor:
        colours = cell_means(image)
        features = {
            "hog": lambda: self.hog.of_grey(luma(image)),
            "grey": lambda: grey_level(colours),
            "colour_bins": lambda: colour_bins(colours, grey),
        }
        return torch.cat([features[part]() for part in self.parts], dim=1)
