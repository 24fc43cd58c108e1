"""Blur of the optics: motion during the exposure, and defocus."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.parts import VIEWS
from siamcorr.data.synthetic_pairs.settings import OpticsSettings

__all__ = ["Optics", "blur_crops", "defocused", "draw_optics", "smeared"]

_DOUBLINGS = 3  # 8 taps along the motion
_SHORTEST_PX, _SMALLEST_SIGMA = 1.0, 0.3  # less is not drawn


@dataclass(frozen=True)
class Optics:
    """Blur of B pairs in both crops.

    Attributes:
        motion: (B, 2, 2) way (x, y) during the exposure in pixels.
        of_target: (B, 2) whether the target alone moves.
        sigma: (B, 2) standard deviation of the defocus in pixels.
        radius: taps to either side for the largest sigma that can be drawn.
    """

    motion: npt.NDArray[np.float64]
    of_target: npt.NDArray[np.bool_]
    sigma: npt.NDArray[np.float64]
    radius: int


def draw_optics(draws: Draws, settings: OpticsSettings) -> Optics:
    """Draw the blur of B pairs; the defocus is nearly the same in both crops."""
    way = draws.uniform("optics/way", 0, np.pi, VIEWS)
    moving = draws.chance("optics/moving", settings.motion, VIEWS)
    length = moving * draws.uniform("optics/length", 0, settings.length_px, VIEWS)
    soft = draws.chance("optics/soft", settings.defocus)
    sigma = soft * draws.uniform("optics/sigma", 0, settings.sigma_px)
    return Optics(
        motion=np.stack((np.cos(way), np.sin(way)), -1) * length[..., None],
        of_target=draws.chance("optics/of_target", settings.of_target, VIEWS),
        sigma=sigma[:, None] * draws.uniform("optics/focus", 0.7, 1, VIEWS),
        radius=math.ceil(2.5 * settings.sigma_px),
    )


def blur_crops(crops: Tensor, optics: Optics, view: int) -> Tensor:
    """Blur one crop of each pair.

    Args:
        crops: (B, 4, S, S) RGB and how much of the target is seen; changed in place.
        optics: of the B pairs.
        view: which crop it is.

    Returns:
        The crops.
    """
    length = np.hypot(*optics.motion[:, view].T)
    rows = np.flatnonzero(length >= _SHORTEST_PX)
    if len(rows):
        chosen = torch.from_numpy(rows).to(crops.device)
        motion = torch.from_numpy(optics.motion[rows, view]).float().to(crops.device)
        alone = torch.from_numpy(optics.of_target[rows, view]).to(crops.device)
        sharp = crops[chosen]
        moved = smeared(sharp, motion)
        share = torch.where(alone[:, None, None, None], moved[:, 3:], 1.0)
        crops[chosen] = torch.lerp(sharp, moved, share)
    rows = np.flatnonzero(optics.sigma[:, view] >= _SMALLEST_SIGMA)
    if len(rows):
        chosen = torch.from_numpy(rows).to(crops.device)
        sigma = torch.from_numpy(optics.sigma[rows, view]).float().to(crops.device)
        crops[chosen] = defocused(crops[chosen], sigma, optics.radius)
    return crops


def smeared(images: Tensor, motion: Tensor) -> Tensor:
    """Mean of pictures along a straight way, centred.

    Halves the taps of the line: averaging with itself moved by 1/2, 1/4, 1/8 of the way gives 8
    taps.

    Args:
        images: (B, C, S, S).
        motion: (B, 2) way (x, y) in pixels.
    """
    size = images.shape[-1]
    axis = (torch.arange(size, device=images.device) * 2 + 1) / size - 1
    still = torch.stack((axis.expand(size, -1), axis[:, None].expand(-1, size)), -1)  # (S, S, 2)
    for halving in range(1, _DOUBLINGS + 1):
        step = (motion / size * 0.5**halving)[:, None, None]  # half of the step, twice the unit
        ahead, behind = (
            F.grid_sample(images, still + way, padding_mode="border", align_corners=False)
            for way in (step, -step)
        )
        images = (ahead + behind) / 2
    return images


def defocused(images: Tensor, sigma: Tensor, radius: int) -> Tensor:
    """Gaussian blur of each picture (B, C, S, S) by its own sigma (B,) in pixels."""
    b, c, size, _ = images.shape
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    taps = torch.softmax(-offsets.square() / (2 * sigma[:, None].square()), 1)
    weight = taps.repeat_interleave(c, 0)[:, None, None]  # (B * C, 1, 1, K)
    padded = F.pad(images, (radius,) * 4, mode="replicate").reshape(
        1, b * c, *(size + 2 * radius,) * 2
    )
    rows = F.conv2d(padded, weight, groups=b * c)
    return F.conv2d(rows, weight.transpose(2, 3), groups=b * c).view(b, c, size, size)
