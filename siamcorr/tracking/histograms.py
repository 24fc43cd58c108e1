"""Colour-histogram response: how much a box placed anywhere would look like the target.

Source: Bertinetto et al., "Staple: Complementary Learners for Real-Time Tracking", 2016, section
3.3. What differs: foreground and background are told apart by a ratio of histograms instead of a
ridge regression over bins (its closed form is close to that ratio); boxes have real-valued sides.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError

__all__ = [
    "BINS",
    "ColourHistograms",
    "blend_histograms",
    "box_response",
    "colour_index",
    "colour_likelihood",
    "foreground_probability",
    "observe_histograms",
]

BINS = 16**3
"""Joint colour bins: 16 per channel."""


class ColourHistograms(NamedTuple):
    """Colours of N targets and of what surrounds them; each row sums to 1, or is all 0 if empty.

    Attributes:
        foreground: (N, 4096) float32.
        background: (N, 4096) float32.
    """

    foreground: Tensor
    background: Tensor


def colour_index(crops: Tensor) -> Tensor:
    """Joint bin of each pixel.

    i = 256 (R div 16) + 16 (G div 16) + (B div 16)

    Args:
        crops: (..., H, W, 3) uint8 RGB.

    Returns:
        (..., H, W) int64 in 0 ... 4095.

    Raises:
        InvalidArgument: another dtype.
        ShapeError: the last axis is not 3.
    """
    if crops.dtype != torch.uint8:
        raise InvalidArgument(f"colour_index: crops must be uint8, got {crops.dtype}")
    if crops.ndim < 3 or crops.shape[-1] != 3:
        raise ShapeError(f"colour_index: crops must be (..., H, W, 3), got {tuple(crops.shape)}")
    red, green, blue = (channel.short() for channel in crops.unbind(-1))
    return ((red & 240) << 4 | (green & 240) | (blue >> 4)).long()  # the upper four bits of each


def observe_histograms(
    index: Tensor, box_hw: Tensor, *, inner: float = 0.8, outer: float = 1.1
) -> ColourHistograms:
    """Histograms of one crop per target, whose box stands in the middle.

    Args:
        index: (N, H, W) int64 joint bins, see `colour_index`.
        box_hw: (N, 2) height and width of the box in pixels of the crop.
        inner: foreground are the pixels whose middle lies in the box shrunk by this factor; the
            corners of a box seldom belong to the target.
        outer: background are the pixels whose middle lies outside the box grown by this factor.

    Returns:
        Histograms of sum 1; zeros where no pixel counts.

    Raises:
        ShapeError: index is not (N, H, W) or box_hw is not (N, 2).
        InvalidArgument: inner is larger than outer.
    """
    if inner > outer:
        raise InvalidArgument(
            f"observe_histograms: inner {inner} must not be larger than outer {outer}"
        )
    if index.ndim != 3:
        raise ShapeError(f"observe_histograms: index must be (N, H, W), got {tuple(index.shape)}")
    _check_boxes("observe_histograms", box_hw, len(index))
    within = _inside(index, outer * box_hw).long() + _inside(index, inner * box_hw)  # 0, 1 or 2
    counts = torch.zeros(len(index), 3 * BINS, device=index.device)
    one = counts.new_ones(1, 1).expand(len(index), index[0].numel())
    counts.scatter_add_(1, (within * BINS).add_(index).flatten(1), one)
    background, _, foreground = counts.view(-1, 3, BINS).unbind(1)
    return ColourHistograms(_shares(foreground), _shares(background))


def blend_histograms(old: ColourHistograms, new: ColourHistograms, rate: float) -> ColourHistograms:
    """Running histograms: (1 - rate) * old + rate * new, foreground and background alike."""
    return ColourHistograms(
        torch.lerp(old.foreground, new.foreground, rate),
        torch.lerp(old.background, new.background, rate),
    )


def foreground_probability(histograms: ColourHistograms) -> Tensor:
    """Probability that a colour belongs to the target.

    p = f / (f + b + 1e-6), and 1/2 for a colour that was never seen

    Returns:
        (N, 4096) in 0 ... 1.
    """
    foreground, background = histograms
    seen = foreground + background
    return torch.where(seen > 0, foreground / (seen + 1e-6), 0.5)


def colour_likelihood(probability: Tensor, index: Tensor) -> Tensor:
    """Look the pixels of S crops of each target up in its own table.

    Args:
        probability: (N, 4096).
        index: (N, S, H, W) int64 joint bins, see `colour_index`.

    Returns:
        (N, S, H, W).

    Raises:
        ShapeError: the two disagree on N, or index is not (N, S, H, W).
    """
    if index.ndim != 4 or len(index) != len(probability):
        raise ShapeError(
            "colour_likelihood: probability must be (N, 4096) and index (N, S, H, W), got "
            f"{tuple(probability.shape)} and {tuple(index.shape)}"
        )
    return probability.gather(1, index.flatten(1)).view(index.shape)


def box_response(likelihood: Tensor, box_hw: Tensor, stride: int) -> Tensor:
    """Mean likelihood in the box moved by whole cells.

    r[i, j] = sum of the likelihood in the box / its area, the box displaced from the middle of the
    crop by (i - h div 2, j - w div 2) * stride

    Args:
        likelihood: (N, S, H, W), H and W multiples of `stride`.
        box_hw: (N, 2) height and width of the box in pixels of the crop.
        stride: pixels per cell.

    Returns:
        (N, S, h, w) = (N, S, H / stride, W / stride).

    Convention:
        The sides are real-valued; a pixel on the box's edge counts by its covered share, and what
        lies beyond the crop counts as 0. No displacement stands at (h div 2, w div 2), where
        `fftshift` puts the origin.

    Raises:
        ShapeError: likelihood is not (N, S, H, W), a side is no multiple of `stride`, or box_hw is
            not (N, 2).
    """
    shape = tuple(likelihood.shape)
    if len(shape) != 4 or shape[2] % stride or shape[3] % stride:
        raise ShapeError(
            f"box_response: likelihood must be (N, S, H, W) of whole cells of {stride} pixels, "
            f"got {shape}"
        )
    _check_boxes("box_response", box_hw, shape[0])
    rows = _covered(shape[2], box_hw[:, 0], stride).to(likelihood.dtype)  # (N, h, H)
    columns = _covered(shape[3], box_hw[:, 1], stride).to(likelihood.dtype)  # (N, w, W)
    return rows[:, None] @ likelihood @ columns[:, None].mT


def _covered(length: int, sides: Tensor, stride: int) -> Tensor:
    """Share of each displaced side (N, cells) in each pixel: (N, cells, length)."""
    cells = length // stride
    displaced = (torch.arange(cells, device=sides.device) - cells // 2) * stride
    middle = length / 2 + displaced[:, None]  # (cells, 1)
    half = sides[:, None, None] / 2
    pixel = torch.arange(length, device=sides.device)
    covered = torch.minimum(middle + half, pixel + 1) - torch.maximum(middle - half, pixel)
    return covered.clamp_min_(0).div_(2 * half)


def _inside(index: Tensor, box_hw: Tensor) -> Tensor:
    """Whether the middle of each pixel lies in a box (N, 2) in the middle: (N, H, W) bool."""
    lines = []
    for length, side in zip(index.shape[1:], box_hw.unbind(1), strict=True):
        distance = (torch.arange(length, device=index.device) + 0.5 - length / 2).abs()
        lines.append(distance <= side[:, None] / 2)
    rows, columns = lines
    return rows[:, :, None] & columns[:, None, :]


def _shares(counts: Tensor) -> Tensor:
    """Share of each bin (N, 4096) in the pixels that were counted."""
    return counts / counts.sum(1, keepdim=True).clamp_min(1)


def _check_boxes(who: str, box_hw: Tensor, count: int) -> None:
    if box_hw.shape != (count, 2):
        raise ShapeError(f"{who}: box_hw must be (N, 2) = ({count}, 2), got {tuple(box_hw.shape)}")
