"""Lost targets: signals of a response, when a target counts as lost or found, where to search."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = [
    "confidence",
    "count_lost",
    "peak_and_sharpness",
    "peak_energy",
    "peak_to_sidelobe",
    "search_places",
]


def peak_energy(response: Tensor) -> Tensor:
    """Average peak-to-correlation energy, large where there is one sharp peak.

    APCE = (max r - min r)^2 / mean((r - min r)^2)

    Args:
        response: (N, H, W).

    Returns:
        (N,); 0 for a constant response.

    Source:
        Wang, Liu and Huang, "Large Margin Object Tracking with Circulant Feature Maps", 2017.
    """
    above = response - response.amin((-2, -1), keepdim=True)
    energy = above.square().mean((-2, -1))
    return above.amax((-2, -1)).square() / energy.clamp_min(torch.finfo(energy.dtype).tiny)


def peak_to_sidelobe(response: Tensor, guard: int = 5) -> Tensor:
    """Peak-to-sidelobe ratio: the peak in standard deviations of what is away from it.

    PSR = (max r - mean) / std, both over the cells outside the square of 2 * guard + 1 cells around
    the peak, which continues around the edges.

    Args:
        response: (N, H, W), larger than the square.
        guard: half the side of the square, in cells.

    Returns:
        (N,); 0 for a constant response.

    Source:
        Bolme et al., "Visual Object Tracking using Adaptive Correlation Filters", 2010 (MOSSE).
    """
    _, height, width = response.shape
    values = response.flatten(1)
    peak, best = values.max(1)
    far = []
    for length, place in ((height, best // width), (width, best % width)):
        distance = (torch.arange(length, device=best.device) - place[:, None]).abs()
        far.append(torch.minimum(distance, length - distance) > guard)
    sidelobe = (far[0][:, :, None] | far[1][:, None, :]).flatten(1).to(values.dtype)  # (N, H * W)
    count = sidelobe.sum(1)
    mean = (values * sidelobe).sum(1) / count
    variance = ((values - mean[:, None]).square() * sidelobe).sum(1) / count
    return (peak - mean) / variance.sqrt().clamp_min(torch.finfo(values.dtype).tiny)


def peak_and_sharpness(response: Tensor) -> Tensor:
    """The three signals of a response: its peak, its APCE and its PSR.

    Args:
        response: (N, S, S); sidelobes are what is farther than S // 5 cells from the peak.

    Returns:
        (N, 3).
    """
    peak = response.amax((1, 2))
    sidelobes = peak_to_sidelobe(response, response.shape[-1] // 5)
    return torch.stack((peak, peak_energy(response), sidelobes), dim=1)


def confidence(signals: Tensor, usual: Tensor, signal: str) -> Tensor:
    """How high and how sharp a response is, compared with the target's usual ones.

    score = peak / usual peak,  response = sqrt(APCE / usual APCE * PSR / usual PSR),
    both = sqrt(score * response)

    Args:
        signals: (N, 3) peak, APCE and PSR.
        usual: (N, 3) their running means; NaN as long as nothing is usual.
        signal: `score`, `response` or `both`.

    Returns:
        (N,), about 1 while the target is in sight; 1 where nothing is usual yet.
    """
    ratios = (signals.clamp_min(0) / usual).nan_to_num(1.0)  # 0 / 0: as little as usual
    score, response = ratios[:, 0], ratios[:, 1:].prod(1).sqrt()
    chosen = {"score": score, "response": response, "both": (score * response).sqrt()}[signal]
    return chosen.nan_to_num()  # what is usually 0 makes any value infinitely confident


def count_lost(
    low_for: Tensor,
    lost_for: Tensor,
    confidences: Tensor,
    *,
    young: Tensor,
    below: float,
    after: int,
    found_above: float,
) -> tuple[Tensor, Tensor]:
    """Which targets are lost after a frame.

    A target in sight is lost with frame number `after` in a row of a confidence below `below`; a
    lost one is found with the first above `found_above`.

    Args:
        low_for: (N,) int64, frames in a row with a low confidence, up to the last frame.
        lost_for: (N,) int64, frames since the loss, 0 while in sight, likewise.
        confidences: (N,) of this frame.
        young: (N,) bool, targets whose confidence does not count yet.
        below: threshold.
        after: number of frames.
        found_above: threshold, not under the other.

    Returns:
        The two counts after this frame.

    Example:
        >>> ones = torch.ones(2, dtype=torch.int64)
        >>> confidences = torch.tensor([0.1, 0.9])
        >>> count_lost(ones, ones, confidences, young=ones < 1, below=0.3, after=2, found_above=0.6)
        (tensor([2, 0]), tensor([2, 0]))
    """
    low_for = torch.where((confidences < below) & ~young, low_for + 1, 0)
    starts = (lost_for == 0) & (low_for >= after)
    stays = (lost_for > 0) & ~(confidences > found_above)
    return low_for, torch.where(starts | stays, lost_for + 1, 0)


def search_places(
    centres_xy: Tensor,
    spacings: Tensor,
    frame_hw: tuple[int, int],
    lost_for: Tensor,
    *,
    count: int,
    growth: float,
) -> Tensor:
    """Centres of the windows in which lost targets are searched in one frame.

    The first is where the target was last. The others come from a square grid around that, within
    the frame and within a reach that grows by `growth` grid steps a frame; frame after frame they
    go through the places within reach, near ones first, `count - 1` at a time.

    Args:
        centres_xy: (N, 2) float64, where the targets were last.
        spacings: (N,) of the grids in pixels.
        frame_hw: height and width of the frame.
        lost_for: (N,) int64, frames since the loss, >= 1.
        count: number of places, >= 1.
        growth: grid steps a frame.

    Returns:
        (N, count, 2) float64; places repeat where the frame has fewer.
    """
    places = []
    for (x, y), spacing, frames in zip(
        centres_xy.tolist(), spacings.tolist(), lost_for.tolist(), strict=True
    ):
        reach = 1 + int(growth * (frames - 1))
        grid = _grid_around(x, y, spacing, reach, frame_hw)
        first = (frames - 1) * (count - 1)
        places.append([(x, y), *(grid[(first + k) % len(grid)] for k in range(count - 1))])
    return torch.tensor(places, dtype=torch.float64)


def _grid_around(
    x: float, y: float, spacing: float, reach: int, frame_hw: tuple[int, int]
) -> list[tuple[float, float]]:
    """Grid points within the frame, nearest first, without the middle (alone if none is)."""
    across, down = (
        [i for i in range(-reach, reach + 1) if 0 <= middle + i * spacing <= length]
        for middle, length in ((x, frame_hw[1]), (y, frame_hw[0]))
    )
    steps = sorted((math.hypot(i, j), j, i) for j in down for i in across if i or j)
    return [(x + i * spacing, y + j * spacing) for _, j, i in steps] or [(x, y)]
