"""The correlation-filter tracker: fixed features, a template that is solved, and no weights.

Source: the filter of Li et al., "Learning Spatial-Temporal Regularized Correlation Filters for
Visual Tracking", 2018, on the support of Galoogahi et al., "Learning Background-Aware Correlation
Filters for Visual Tracking", 2017; scales and features in the manner of Li and Zhu, "A Scale
Adaptive Kernel Correlation Filter Tracker with Feature Integration", 2014; the colour response of
Bertinetto et al., "Staple: Complementary Learners for Real-Time Tracking", 2016, which here does
not take part in the choice of the scale; the condition for updates of Wang et al., "Large Margin
Object Tracking with Circulant Feature Maps", 2017. The lost state is our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.boxes import cxcywh_to_xywh
from siamcorr.geometry.scales import scale_pyramid
from siamcorr.models.weights import WeightsPath
from siamcorr.nn.backbones.grey import is_grey
from siamcorr.tracking import cf_steps as steps
from siamcorr.tracking import lost
from siamcorr.tracking.base import BaseTracker, result_of
from siamcorr.tracking.cf_settings import CFSettings
from siamcorr.tracking.cf_state import CFState
from siamcorr.tracking.cf_windows import CFWindows
from siamcorr.tracking.common_steps import running_mean, take
from siamcorr.tracking.histograms import ColourHistograms, blend_histograms
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.response_maps import response_maps
from siamcorr.tracking.state import TrackState, select
from siamcorr.tracking.watch import look_by_group
from siamcorr.types import FrameArray, TrackResult

__all__ = ["CFTracker", "Look"]

_SCALES = (0.1, 10.0)
"""Smallest and largest present over first size."""


class Look(NamedTuple):
    """The best window of each of N targets in one frame.

    Attributes:
        centre_xy: (N, 2) float64, the target's centre that the peak gives.
        scale: (N,) float64, its present over its first size.
        response: (N, S, S) merged response of the window.
        signals: (N, 3) peak of the filter's response, APCE of the merged, PSR of the filter's.
        window_xy: (N, 2) float64, the window's centre.
        image_per_cell: (N,) float64, frame pixels per cell of the window.
    """

    centre_xy: Tensor
    scale: Tensor
    response: Tensor
    signals: Tensor
    window_xy: Tensor
    image_per_cell: Tensor


@TRACKERS.register("cf")
class CFTracker(BaseTracker[CFState]):
    """A correlation filter per target, N targets in one batch.

    Args:
        settings: the constants.
        device: where features and filters are computed; None is the CPU.
        dtype: of features and filters, float32 or float64.

    Convention:
        `scores` are `siamcorr.tracking.lost.confidence`: about 1 while all is as usual. `lost`
        follows from it; the box of a lost target stays where it was last, and nothing is learned.
        The centre is kept within the frame, the size is not cut.
    """

    settings_type: ClassVar[type[Settings]] = CFSettings
    stages: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "crop": ("windows.crop",),
        "features": ("windows.describe",),
        "response": ("windows.respond",),
        "colour": ("windows.respond_colour", "windows.count_colours"),
        "peaks": ("read", "judge", "is_trusted", "remember"),
        "solve": ("windows.solve",),
    }

    def __init__(
        self,
        settings: CFSettings,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.settings = settings
        self.windows = CFWindows(settings, device or torch.device("cpu"), dtype)

    @classmethod
    def from_settings(
        cls, settings: CFSettings, *, weights: WeightsPath | None, device: torch.device
    ) -> Self:
        """Build the tracker on the device; there is nothing to load."""
        if weights is not None:
            raise InvalidArgument(
                f"cf: this tracker has no weights to load, got weights={weights!s}; "
                "leave weights out, or name the tracker that the file belongs to"
            )
        return cls(settings, device=device)

    def start_targets(self, image: FrameArray, boxes_xywh: Tensor, track: TrackState) -> CFState:
        """Solve the first filters and count the first colours."""
        count, size = len(boxes_xywh), boxes_xywh[:, 2:]
        centre = boxes_xywh[:, :2] + size / 2
        grey, one = torch.full((count,), is_grey(image)), self.windows.like.new_ones(count)
        crops = self.windows.crop(image, centre, self.sides(size)[:, None])[:, 0]
        raw = self.windows.describe(crops, grey, one)
        gain = raw.square().sum(1).mean((1, 2)).clamp_min(1e-12).rsqrt()  # black has no energy
        colours = self.windows.count_colours(crops, size)
        return CFState(
            **vars(track),
            centre_xy=centre,
            first_wh=size,
            scale=torch.ones(count, dtype=torch.float64),
            grey=grey,
            gain=gain,
            kernel=self.windows.solve(raw * gain[:, None, None, None], size, None),
            foreground=colours.foreground,
            background=colours.background,
            mean_peak=one * torch.nan,
            trusted=one[:, None].repeat(1, 3) * torch.nan,
            age=torch.zeros(count, dtype=torch.int64),
            low_for=torch.zeros(count, dtype=torch.int64),
            lost_for=torch.zeros(count, dtype=torch.int64),
        )

    def update_targets(
        self, state: CFState, image: FrameArray, *, responses: bool
    ) -> tuple[CFState, TrackResult]:
        """Look, judge who is in sight, move, learn."""
        look = self.look(state, image)
        scores, low_for, lost_for = self.judge(state, look)
        seen = lost_for == 0
        moved = steps.move(state, look.centre_xy, look.scale, seen)
        moved = replace(moved, low_for=low_for, lost_for=lost_for)
        trusted = seen & self.is_trusted(state, look)
        learned = self.learn(self.remember(moved, look.signals, trusted), image, trusted)
        boxes = cxcywh_to_xywh(torch.cat((learned.centre_xy, learned.size_wh), dim=1))
        maps = None
        if responses:
            maps = response_maps(
                look.response,
                look.window_xy,
                look.image_per_cell,
                middle=self.windows.cells // 2,
                kind="penalised",
            )
        result = result_of(learned, image, boxes, scores.float(), maps)
        return learned, replace(result, lost=~seen)

    def look(self, state: CFState, image: FrameArray) -> Look:
        """The best window of every target: near those in sight, widely for the lost ones."""
        near, wide = partial(self.look_near, image=image), partial(self.look_wide, image=image)
        return look_by_group(state, state.lost_for > 0, near, wide)

    def look_near(self, state: CFState, image: FrameArray) -> Look:
        """Scales around the last place, once or more often; one colour response serves all scales.

        The colours prefer windows in which the target overfills its box, so they have no voice in
        the choice of the scale.
        """
        s = self.settings
        for count in s.num_scales:
            factors = scale_pyramid(count, s.scale_step)  # (K,)
            sides = self.sides(state.size_wh)[:, None] * factors
            crops = self.windows.crop(image, state.centre_xy, sides)
            filtered = self.windows.respond(state, crops)
            coloured = self.windows.respond_colour(state, crops[:, count // 2 : count // 2 + 1])
            merged = steps.merge_responses(filtered, coloured, state.mean_peak, s.colour_weight)
            maxima = merged.amax((2, 3))
            scale = state.scale * s.scale_step ** steps.scale_parabola(maxima)
            centres = state.centre_xy[:, None].expand(-1, count, -1)
            look = self.read(maxima.argmax(1), filtered, merged, (centres, sides))
            look = look._replace(
                centre_xy=steps.within_frame(look.centre_xy, image), scale=scale.clamp(*_SCALES)
            )
            state = replace(state, centre_xy=look.centre_xy, scale=look.scale)
        return look

    def look_wide(self, state: CFState, image: FrameArray) -> Look:
        """Windows of the last known size at many places."""
        s, rules = self.settings, self.settings.lost
        sides = self.sides(state.size_wh)
        places = lost.search_places(
            state.centre_xy,
            sides * rules.spacing,
            image.shape[:2],
            state.lost_for,
            count=rules.windows,
            growth=rules.growth,
        )  # (N, K, 2)
        crops = self.windows.crop_at(image, places, sides)
        filtered = self.windows.respond(state, crops)
        coloured = self.windows.respond_colour(state, crops)
        merged = steps.merge_responses(filtered, coloured, state.mean_peak, s.colour_weight)
        best = merged.amax((2, 3)).argmax(1)
        windows = places, sides[:, None].expand(-1, rules.windows)
        look = self.read(best, filtered, merged, windows)
        return look._replace(centre_xy=steps.within_frame(look.centre_xy, image), scale=state.scale)

    def read(
        self, best: Tensor, filtered: Tensor, merged: Tensor, windows: tuple[Tensor, Tensor]
    ) -> Look:
        """Peak and signals of window number `best` (N,) of the centres (N, K, 2), sides (N, K)."""
        response, of_filter = take(merged, best), take(filtered, best)
        window_xy, side = (take(each, best) for each in windows)
        image_per_cell = side / self.windows.cells
        apce, psr = lost.peak_energy(response), lost.peak_to_sidelobe(of_filter)
        return Look(
            centre_xy=window_xy + steps.subcell_peak(response) * image_per_cell[:, None],
            scale=torch.ones_like(side),
            response=response,
            signals=torch.stack((of_filter.amax((1, 2)), apce, psr), dim=1),
            window_xy=window_xy,
            image_per_cell=image_per_cell,
        )

    def judge(self, state: CFState, look: Look) -> tuple[Tensor, Tensor, Tensor]:
        """Confidences and the counts of low and lost frames after this frame, each (N,)."""
        rules = self.settings.lost
        scores = lost.confidence(look.signals, state.trusted, rules.signal).cpu()
        counts = lost.count_lost(
            state.low_for,
            state.lost_for,
            scores,
            young=state.age < self.settings.warm_up,
            below=rules.below,
            after=rules.after,
            found_above=rules.found_above,
        )
        return scores, *counts

    def is_trusted(self, state: CFState, look: Look) -> Tensor:
        """Whether to learn from the frame (N,): peak and APCE are not far below what is usual."""
        usual = self.settings.update_above * state.trusted[:, :2]
        low = (look.signals[:, :2] < usual).any(1).cpu()
        return ~low | (state.age < self.settings.warm_up)

    def remember(self, state: CFState, signals: Tensor, trusted: Tensor) -> CFState:
        """Move the running means of the targets in sight and of those to learn from."""
        s = self.settings
        peak = running_mean(state.mean_peak, signals[:, 0], s.peak_rate, state.age)
        usual = running_mean(state.trusted, signals, s.trust_rate, state.age)
        seen, trusted = (state.lost_for == 0).to(peak.device), trusted.to(peak.device)
        return replace(
            state,
            mean_peak=torch.where(seen, peak, state.mean_peak),
            trusted=torch.where(trusted[:, None], usual, state.trusted),
            age=state.age + 1,
        )

    def learn(self, state: CFState, image: FrameArray, trusted: Tensor) -> CFState:
        """Solve the filters of the trusted targets anew and blend their colours."""
        if trusted.all():  # nothing to pick out and put back
            return self.learn_all(state, image)
        if not trusted.any():
            return state
        learned = self.learn_all(select(state, trusted), image)
        rows = trusted.nonzero()[:, 0].to(learned.kernel.device)
        return replace(
            state,
            kernel=state.kernel.index_copy(0, rows, learned.kernel),
            foreground=state.foreground.index_copy(0, rows, learned.foreground),
            background=state.background.index_copy(0, rows, learned.background),
        )

    def learn_all(self, state: CFState, image: FrameArray) -> CFState:
        """Solve every filter anew and blend the colours."""
        crops = self.windows.crop(image, state.centre_xy, self.sides(state.size_wh)[:, None])[:, 0]
        template = self.windows.describe(crops, state.grey, state.gain)
        colours = blend_histograms(
            ColourHistograms(state.foreground, state.background),
            self.windows.count_colours(crops, state.first_wh),
            self.settings.colour_rate,
        )
        return replace(
            state,
            kernel=self.windows.solve(template, state.first_wh, state.kernel),
            foreground=colours.foreground,
            background=colours.background,
        )

    def sides(self, size_wh: Tensor) -> Tensor:
        """Sides (N,) of the windows of targets of a size (N, 2)."""
        return steps.window_sides(size_wh, self.settings.padding)
