"""Soft colour bins of cells by a formula: hue times saturation, and intensity of what is pale."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.errors import ShapeError
from siamcorr.nn.backbones.grey import CELL, cell_means, check_image
from siamcorr.nn.backbones.registry import BACKBONES

__all__ = ["ColourBins", "colour_bins", "intensity_bins"]

_HUES = 6
_PALE = 5
"""Intensity bins of pale cells in colour video."""
_GREYS = 9
"""Intensity bins of all cells in grey video."""
_CHANNELS = _HUES + _PALE
_SATURATION_FLOOR = 20.0
"""In grey levels: keeps the hue of dark cells, which is noise, small."""


@BACKBONES.register("colour_bins")
class ColourBins(nn.Module):
    """11 soft colour bins of 4 x 4-pixel cells, stride 4, without a parameter.

    Colour video: six triangular hue bins (red, yellow, green, cyan, blue, magenta) times
    saturation, then five triangular intensity bins times (1 - saturation); together 1, minus 1/11
    each. Grey video: nine triangular intensity bins minus 1/9, then two channels of zeros, which
    give a filter nothing to learn, so that both kinds share one batch.

    Convention:
        Which of the two a crop gets is the caller's word, for the life of a target, and not the
        crop's colours: a target that passes a grey wall would change the meaning of its channels.

    Example:
        >>> import torch
        >>> ColourBins()(torch.zeros(1, 3, 128, 128)).shape
        torch.Size([1, 11, 32, 32])
    """

    stride = CELL
    out_channels = _CHANNELS

    def forward(self, image: Tensor, grey: Tensor | None = None) -> Tensor:
        """Features of crops.

        Args:
            image: (B, 3, H, W) RGB in 0 ... 255, float32 or float64, H and W multiples of 4.
            grey: (B,) bool, True where the video shows no colour (`is_grey` of its first frame);
                None for colour everywhere.

        Returns:
            (B, 11, H/4, W/4) of the image's dtype.
        """
        check_image("ColourBins", image)
        return colour_bins(cell_means(image), grey)


def colour_bins(colours: Tensor, grey: Tensor | None = None) -> Tensor:
    """The formula of `ColourBins` on cell-mean colours.

    Args:
        colours: (B, 3, h, w) RGB in 0 ... 255.
        grey: (B,) bool or None, as in `ColourBins.forward`.

    Returns:
        (B, 11, h, w).

    Raises:
        ShapeError: `grey` is not (B,).
    """
    if grey is not None and grey.shape != colours.shape[:1]:
        raise ShapeError(
            f"colour_bins: grey must be (B,) = ({len(colours)},), got {tuple(grey.shape)}"
        )
    hue, saturation = _hue_and_saturation(colours)
    mean = colours.mean(1, keepdim=True)  # (B, 1, h, w)
    coloured = _triangles(hue, _HUES, circular=True) * saturation
    pale = intensity_bins(mean, _PALE) * (1 - saturation)
    bins = torch.cat((coloured, pale), dim=1).sub_(1 / _CHANNELS)
    if grey is None:
        return bins
    greys = intensity_bins(mean, _GREYS).sub_(1 / _GREYS)
    spare = (0, 0, 0, 0, 0, _CHANNELS - _GREYS)
    return torch.where(grey[:, None, None, None], F.pad(greys, spare), bins)


def intensity_bins(mean: Tensor, count: int) -> Tensor:
    """Triangular bins from black to white: (B, 1, h, w) in 0 ... 255 to (B, count, h, w).

    t_k = max(0, 1 - |(count - 1) * mean / 255 - k|)
    """
    return _triangles(mean * ((count - 1) / 255), count, circular=False)


def _hue_and_saturation(colours: Tensor) -> tuple[Tensor, Tensor]:
    """Hue in -3 ... 3 (0 is red, 2 is green, -2 is blue) and saturation, each (B, 1, h, w).

    h = 6 / (2 pi) * atan2(sqrt(3) (G - B), 2R - G - B),  s = (max - min) / (max + 20)
    """
    red, green, blue = colours[:, :1], colours[:, 1:2], colours[:, 2:]
    across, along = math.sqrt(3) * (green - blue), 2 * red - green - blue
    if colours.device.type == "cpu":
        # Vectorised and for what is left over: two functions, whose float32 results differ, so that
        # a crop's bins would depend on where in the batch it lies.
        across, along = across.double(), along.double()
    hue = torch.atan2(across, along).to(colours.dtype)
    largest, smallest = colours.amax(1, keepdim=True), colours.amin(1, keepdim=True)
    return hue * (_HUES / (2 * math.pi)), (largest - smallest) / (largest + _SATURATION_FLOOR)


def _triangles(position: Tensor, count: int, *, circular: bool) -> Tensor:
    """Share of each of `count` bins one apart: (B, 1, h, w) to (B, count, h, w)."""
    centres = torch.arange(count, dtype=position.dtype, device=position.device)[:, None, None]
    distance = (position - centres).abs_()
    if circular:
        distance = torch.minimum(distance, (distance - count).abs())
    return distance.neg_().add_(1).clamp_min_(0)
