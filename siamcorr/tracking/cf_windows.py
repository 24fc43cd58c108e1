"""What the correlation-filter tracker computes on windows: features, filters, responses."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.geometry.warps import crop_windows
from siamcorr.geometry.windows import hann_window_2d
from siamcorr.nn.backbones.filter_features import FilterFeatures
from siamcorr.nn.backbones.grey import CELL
from siamcorr.ops.filters import constrained_correlation_filter, filter_response
from siamcorr.tracking import cf_steps as steps
from siamcorr.tracking.cf_settings import CFSettings
from siamcorr.tracking.cf_state import CFState
from siamcorr.tracking.histograms import (
    ColourHistograms,
    box_response,
    colour_index,
    colour_likelihood,
    foreground_probability,
    observe_histograms,
)
from siamcorr.types import FrameArray

__all__ = ["CFWindows"]

_WINDOWS = 6
"""Windows that are described and correlated together on CPU: what they need stays in the cache,
which takes a third off the time of 16 targets; fewer would not keep two threads busy."""


class CFWindows:
    """Square windows of P pixels, S = P / 4 cells, around N targets.

    Args:
        settings: of the tracker.
        device: where to compute; crops are made on CPU.
        dtype: of features and filters, float32 or float64.
    """

    def __init__(self, settings: CFSettings, device: torch.device, dtype: torch.dtype) -> None:
        self.settings = settings
        self.device = device
        self.features = FilterFeatures(settings.features).to(device)
        self.cells = settings.window_size // CELL
        self.like = torch.empty(0, dtype=dtype, device=device)
        sigma = settings.sigma * self.cells / (1 + settings.padding)
        self.wanted = steps.gaussian_response(self.cells, sigma, self.like)
        self.hann = hann_window_2d(self.cells + 2)[1:-1, 1:-1].to(self.like)  # no zeros

    def crop(self, image: FrameArray, centre_xy: Tensor, sides: Tensor) -> Tensor:
        """Windows (N, K, P, P, 3) uint8 with sides (N, K) around the centres (N, 2)."""
        return crop_windows(image, centre_xy, sides, self.settings.window_size)

    def crop_at(self, image: FrameArray, places_xy: Tensor, sides: Tensor) -> Tensor:
        """Windows (N, K, P, P, 3) uint8 with sides (N,) around K places (N, K, 2) each."""
        count = places_xy.shape[1]
        crops = self.crop(image, places_xy.flatten(0, 1), sides.repeat_interleave(count)[:, None])
        return crops.reshape(-1, count, *crops.shape[2:])

    def describe(self, crops: Tensor, grey: Tensor, gain: Tensor) -> Tensor:
        """Features (B, C, S, S) of crops (B, P, P, 3), fading towards the edges."""
        pixels = crops.to(self.device).permute(0, 3, 1, 2).to(self.like.dtype)
        features: Tensor = self.features(pixels, grey.to(self.device) if grey.any() else None)
        return features.mul_(self.hann * gain[:, None, None, None])

    def respond(self, state: CFState, crops: Tensor) -> Tensor:
        """Responses (N, K, S, S) of the filters to windows (N, K, P, P, 3)."""
        response = self.like.new_empty(*crops.shape[:2], self.cells, self.cells)
        windows = _WINDOWS if self.device.type == "cpu" else crops.shape[:2].numel()
        for rows, support in self.groups(state.first_wh):
            for some in torch.split(rows, max(1, windows // crops.shape[1])):
                grey, gain = state.grey[some], state.gain[some]
                kernel = steps.in_support(state.kernel, support)[some]
                response[some] = self.correlate(crops[some], grey, gain, kernel)
        half = self.cells // 2
        return response.roll((half, half), (2, 3))

    def correlate(self, crops: Tensor, grey: Tensor, gain: Tensor, kernel: Tensor) -> Tensor:
        """Circular responses (n, K, S, S) of kernels (n, C, h, w) to windows (n, K, P, P, 3)."""
        windows = crops.shape[1]
        grey, gain = (each.repeat_interleave(windows) for each in (grey, gain))
        search = self.describe(crops.flatten(0, 1), grey, gain)
        search = search.reshape(-1, windows, *search.shape[1:])
        # Named, so that a target's response does not depend on how many share the batch.
        backend = "fft" if self.settings.support == "window" else "matmul"
        return filter_response(search, kernel, backend=backend)

    def respond_colour(self, state: CFState, crops: Tensor) -> Tensor:
        """Responses (N, K, S, S) of the colour histograms to windows (N, K, P, P, 3)."""
        table = foreground_probability(ColourHistograms(state.foreground, state.background))
        likelihood = colour_likelihood(table, colour_index(crops.to(self.device)))
        box = self.box_in_cells(state.first_wh) * CELL
        return box_response(likelihood, box.to(likelihood), CELL).to(self.like)

    def count_colours(self, crops: Tensor, first_wh: Tensor) -> ColourHistograms:
        """Colour histograms of crops (N, P, P, 3)."""
        box = self.box_in_cells(first_wh).to(self.device) * CELL
        return observe_histograms(colour_index(crops.to(self.device)), box)

    def solve(self, template: Tensor, first_wh: Tensor, previous: Tensor | None) -> Tensor:
        """Filters (N, C, S, S) of templates, near the previous ones, zero outside the support."""
        s = self.settings
        kernels = torch.zeros_like(template)
        for rows, support in self.groups(first_wh):
            before = None if previous is None else steps.in_support(previous, support)[rows]
            steps.in_support(kernels, support)[rows] = constrained_correlation_filter(
                template[rows],
                self.wanted,
                self.penalty(first_wh[rows], support),
                support=support,
                previous=before,
                temporal=0.0 if previous is None else s.temporal,
                steps=s.first_steps if previous is None else s.steps,
            )
        return kernels

    def penalty(self, first_wh: Tensor, support: steps.Support) -> Tensor | float:
        """The penalty of each of the support's cells, or one for all."""
        s = self.settings
        if s.support == "window":
            return s.penalty
        return steps.support_penalty(self.box_in_cells(first_wh), support, s.penalty, self.like)

    def groups(self, first_wh: Tensor) -> list[tuple[Tensor, steps.Support]]:
        """Rows of the targets whose filters share a support."""
        if self.settings.support == "window":
            return [(torch.arange(len(first_wh)), (self.cells, self.cells))]
        return steps.group_by_support(self.box_in_cells(first_wh), self.cells)

    def box_in_cells(self, first_wh: Tensor) -> Tensor:
        """Height and width (N, 2) of the boxes in cells of the window."""
        return steps.box_in_cells(first_wh, self.settings.padding, self.cells)
