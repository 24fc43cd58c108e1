"""What the box-predicting trackers share: one look at the search crops, candidates, the choice.

Source: Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018;
numbers and rounding as in PySOT.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument
from siamcorr.geometry.crops import context_side
from siamcorr.geometry.pysot_crops import pysot_crops, truncated_mean_colour
from siamcorr.models.factory import build_model
from siamcorr.models.network import Network
from siamcorr.models.weights import WeightsPath, load_weights
from siamcorr.nn.features import Features
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.tracking import box_steps as steps
from siamcorr.tracking.base import BaseTracker, result_of
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.common_steps import take
from siamcorr.tracking.crop_settings import CropSettings
from siamcorr.tracking.lost import peak_and_sharpness, search_places
from siamcorr.tracking.lost_settings import WatchSettings
from siamcorr.tracking.number_types import NotNegative, Share
from siamcorr.tracking.per_target import per_target
from siamcorr.tracking.response_maps import response_maps
from siamcorr.tracking.state import TrackState, select
from siamcorr.tracking.watch import best_windows, look_by_group, new_watch, observe
from siamcorr.types import FrameArray, ResponseMap, TrackResult

__all__ = ["BoxTracker", "BoxTrackerSettings", "Look"]


class BoxTrackerSettings(CropSettings):
    """Constants of tracking by predicted boxes; the shipped configs comment each.

    Attributes:
        penalty_k: strength of the penalty on changes of size and aspect.
        window_influence: share of the Hann window in the mixed score.
        size_lr: share of the new size in the smoothed size, for a score and a penalty of 1.
        lost: when a target counts as lost; without it none ever does, as published.
    """

    penalty_k: NotNegative
    window_influence: Share
    size_lr: Share
    lost: WatchSettings | None = None


class Look(NamedTuple):
    """What one look at the search crops says about N targets.

    Attributes:
        moved: the state at the best candidates, not cut at the frame's border.
        scores: (N,) float32, the best candidates' scores without penalty and window.
        best: (N,) int64, the best candidates' numbers.
        window_xy: (N, 2) float64, centres of the search crops.
        side: (N,) float64, their sides in frame pixels.
        mixed: (N, S, S) float32, penalised and windowed scores, the best anchor of each cell.
        image_per_cell: (N,) float64, frame pixels per cell.
        search: features of the search crops.
        output: what the head answered.
    """

    moved: BoxState
    scores: Tensor
    best: Tensor
    window_xy: Tensor
    side: Tensor
    mixed: Tensor
    image_per_cell: Tensor
    search: Features
    output: BoxOutput


class BoxTracker(BaseTracker[BoxState]):
    """Trackers that choose one of the boxes that their head predicts.

    Args:
        model: in evaluation mode, on the device to run on.
        settings: the constants.

    Convention:
        A box starts with its centre at x + w / 2 of the continuous box and is returned as
        centre - size / 2, so what goes in comes out. Every published number was measured so. The
        arithmetic of the state is float64, boxes are decoded in float32.
        `scores` are the network's probability of the chosen candidate, without penalty and window.
        Centre and size are cut at the frame's border.
        With `lost` in the settings `scores` are `siamcorr.tracking.lost.confidence` instead, about
        1 while all is as usual; a box stays where it is while the confidence is low.
    """

    stages: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "crop": ("crop",),
        "network": ("model.respond",),
        "decode": ("score", "decode"),
    }
    no_graphs: ClassVar[str | None] = None
    settings: BoxTrackerSettings

    def __init__(self, model: Network, settings: BoxTrackerSettings) -> None:
        self.model = model
        self.settings = settings

    @classmethod
    def from_settings(
        cls, settings: Any, *, weights: WeightsPath | None, device: torch.device
    ) -> Self:
        """Build the model, load its weights strictly and move it to the device."""
        if weights is None:
            raise InvalidArgument(
                f"{settings.kind}: this tracker needs trained weights; pass weights=, a "
                ".safetensors, .pth or .pt file, or use the tracker 'fixed_filters', which needs "
                "none"
            )
        model = build_model(settings.model, pretrained=False)
        load_weights(model, weights)
        return cls(model.eval().to(device), settings)

    def score(self, output: BoxOutput) -> Tensor:
        """Probability of the target at every candidate, (N, M) float32."""
        return steps.foreground_scores(output.cls)

    @abstractmethod
    def decode(self, loc: Tensor) -> Tensor:
        """The head's `loc` (N, 4K, S, S) to boxes (N, M, 4): centre, size; pixels of the crop."""

    def start_targets(self, image: FrameArray, boxes_xywh: Tensor, track: TrackState) -> BoxState:
        """Embed the template of every box."""
        size = boxes_xywh[:, 2:]
        centre = boxes_xywh[:, :2] + size / 2
        colour = truncated_mean_colour(image).expand(len(size), -1)
        side = steps.crop_sides(context_side(size, self.settings.context_amount))
        crops = self.crop(image, centre, side, colour, self.settings.template_size)
        template: Features = per_target(self.model.embed_template, crops, rows=self.model.rows)
        return BoxState(
            **vars(track),
            centre_xy=centre,
            size_wh=size,
            border_colour=colour,
            lost=torch.zeros(len(size), dtype=torch.bool),
            watch=new_watch(len(size)),
            template=template,
        )

    def update_targets(
        self, state: BoxState, image: FrameArray, *, responses: bool
    ) -> tuple[BoxState, TrackResult]:
        """Search, move to the best candidate, stay in the frame."""
        moved, result, _ = self.follow(state, image, responses=responses)
        return moved, result

    def follow(
        self, state: BoxState, image: FrameArray, *, responses: bool
    ) -> tuple[BoxState, TrackResult, Look]:
        """The new state, the result, and the look that they come from."""
        look = self.search(state, image)
        moved, scores = steps.clip_to_frame(look.moved, image.shape), look.scores
        if self.settings.lost is not None:
            signals = peak_and_sharpness(steps.evidence(look.output.cls))
            watch = observe(state.watch, signals, self.settings.lost)
            moved = steps.move_if(watch.sure, moved, state)
            moved = replace(moved, watch=watch, lost=watch.lost)
            scores = watch.confidence
        maps = self.maps(look) if responses else None
        result = result_of(moved, image, steps.boxes_xywh(moved), scores, maps)
        return moved, replace(result, lost=moved.lost), look

    def search(self, state: BoxState, image: FrameArray) -> Look:
        """Look around the last place; for lost targets, at many places."""
        s = self.settings
        near = partial(
            self.look,
            image=image,
            search_size=s.search_size,
            window_influence=s.window_influence,
        )
        if s.lost is None:
            return near(state)
        wide = partial(self.look_wide, image=image, rules=s.lost)
        return look_by_group(state, state.lost, near, wide)

    def look_wide(self, state: BoxState, image: FrameArray, rules: WatchSettings) -> Look:
        """The best of several windows of the usual size; all cells of a window count alike."""
        s = self.settings
        sides = context_side(state.size_wh, s.context_amount) * (s.search_size / s.template_size)
        places = search_places(
            state.centre_xy,
            sides * rules.spacing,
            image.shape[:2],
            state.watch.lost_for,
            count=rules.windows,
            growth=rules.growth,
        )  # (N, K, 2)
        rows = torch.arange(len(sides)).repeat_interleave(rules.windows)
        windows = replace(select(state, rows), centre_xy=places.flatten(0, 1))
        looks = self.look(windows, image, s.search_size, 0.0)
        strength = steps.evidence(looks.output.cls).amax((1, 2))
        return best_windows(looks, strength, rules.windows)

    def look(
        self, state: BoxState, image: FrameArray, search_size: int, window_influence: float
    ) -> Look:
        """One forward pass and the choice of a candidate, in the order of the papers."""
        settings = self.settings
        template_side = context_side(state.size_wh, settings.context_amount)  # (N,) in image
        crop_per_image = settings.template_size / template_side
        side = steps.crop_sides(template_side * (search_size / settings.template_size))
        crops = self.crop(image, state.centre_xy, side, state.border_colour, search_size)
        search, output = per_target(self.model.respond, crops, state.template, rows=self.model.rows)

        scores = self.score(output)  # (N, M)
        boxes_in_crop = self.decode(output.loc)  # (N, M, 4)
        size_in_crop = state.size_wh * crop_per_image[:, None]  # (N, 2)
        penalty = steps.shape_penalty(boxes_in_crop[..., 2:], size_in_crop, settings.penalty_k)
        penalised = penalty * scores
        cells = output.cls.shape[-1]
        mixed = steps.mix_hann(penalised, cells, window_influence)
        best = steps.best_candidate(mixed, boxes_in_crop)  # (N,)

        box_in_image = take(boxes_in_crop, best) / crop_per_image[:, None]
        size_lr = take(penalised, best) * settings.size_lr
        return Look(
            moved=steps.move(state, box_in_image, size_lr),
            scores=take(scores, best),
            best=best,
            window_xy=state.centre_xy,
            side=side,
            mixed=steps.response_map_of_cells(mixed, cells),
            image_per_cell=self.model.stride / crop_per_image,
            search=search,
            output=output,
        )

    def crop(
        self, image: FrameArray, centre_xy: Tensor, side: Tensor, colour: Tensor, size: int
    ) -> Tensor:
        """What the network eats (N, 3, size, size): squares of `side` (N,) around the centres."""
        crops = pysot_crops(image, centre_xy, side, colour, size)
        return self.model.prepare(crops.to(self.model.device))

    def maps(self, look: Look) -> list[ResponseMap]:
        """Response maps of a look."""
        return response_maps(
            look.mixed,
            look.window_xy,
            look.image_per_cell,
            middle=look.mixed.shape[-1] // 2,
            kind="windowed",
        )
