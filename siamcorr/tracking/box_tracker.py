"""What the box-predicting trackers share: one look at the search crops, candidates, the choice.

Source: Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018;
numbers and rounding as in PySOT.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, NamedTuple, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.crops import context_side
from siamcorr.geometry.pysot_crops import pysot_crops, truncated_mean_colour
from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import WeightsPath, load_weights
from siamcorr.nn.features import Features
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.tracking import box_steps as steps
from siamcorr.tracking.base import BaseTracker, result_of
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.state import TrackState
from siamcorr.types import FrameArray, ResponseMap, TrackResult

__all__ = ["BoxTracker", "BoxTrackerSettings", "Look", "Share"]

Share = Annotated[float, Field(ge=0, le=1)]


class BoxTrackerSettings(Settings):
    """Constants of tracking by predicted boxes; the shipped configs comment each.

    Attributes:
        model: backbone, neck, head and what they eat.
        template_size: side of the template crop given to the network, pixels.
        search_size: side of the search crop given to the network, pixels.
        context_amount: share of (h + w) added to both sides of the target in the template crop.
        penalty_k: strength of the penalty on changes of size and aspect.
        window_influence: share of the Hann window in the mixed score.
        size_lr: share of the new size in the smoothed size, for a score and a penalty of 1.
    """

    model: ModelSettings
    template_size: Annotated[int, Field(ge=1)]
    search_size: Annotated[int, Field(ge=1)]
    context_amount: Annotated[float, Field(ge=0)]
    penalty_k: Annotated[float, Field(ge=0)]
    window_influence: Share
    size_lr: Share

    @model_validator(mode="after")
    def _template_fits(self) -> Self:
        if self.template_size > self.search_size:
            raise ValueError(
                f"template_size {self.template_size} must not be larger than "
                f"search_size {self.search_size}"
            )
        return self


class Look(NamedTuple):
    """What one look at the search crops says about N targets.

    Attributes:
        moved: the state at the best candidates, not cut at the frame's border.
        scores: (N,) float32, the best candidates' scores without penalty and window.
        best: (N,) int64, the best candidates' numbers.
        side: (N,) float64, sides of the search crops in frame pixels.
        mixed: (N, S, S) float32, penalised and windowed scores, the best anchor of each cell.
        image_per_cell: (N,) float64, frame pixels per cell.
        search: features of the search crops.
        output: what the head answered.
    """

    moved: BoxState
    scores: Tensor
    best: Tensor
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
    """

    settings: BoxTrackerSettings

    def __init__(self, model: SiameseModel, settings: BoxTrackerSettings) -> None:
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
        crops = pysot_crops(image, centre, side, colour, self.settings.template_size)
        template: Features = self.model.embed_template(self.model.prepare(crops.to(self.device)))
        return BoxState(
            **vars(track),
            centre_xy=centre,
            size_wh=size,
            border_colour=colour,
            lost=torch.zeros(len(size), dtype=torch.bool),
            template=template,
        )

    def update_targets(
        self, state: BoxState, image: FrameArray, *, responses: bool
    ) -> tuple[BoxState, TrackResult]:
        """Look around the last place, move to the best candidate, stay in the frame."""
        look = self.look(state, image, self.settings.search_size, self.settings.window_influence)
        moved = steps.clip_to_frame(look.moved, image.shape)
        maps = self.maps(state, look) if responses else None
        return moved, result_of(moved, image, steps.boxes_xywh(moved), look.scores, maps)

    def look(
        self, state: BoxState, image: FrameArray, search_size: int, window_influence: float
    ) -> Look:
        """One forward pass and the choice of a candidate, in the order of the papers."""
        settings = self.settings
        template_side = context_side(state.size_wh, settings.context_amount)  # (N,) in image
        crop_per_image = settings.template_size / template_side
        side = steps.crop_sides(template_side * (search_size / settings.template_size))
        crops = pysot_crops(image, state.centre_xy, side, state.border_colour, search_size)
        search = self.model.embed_search(self.model.prepare(crops.to(self.device)))
        output: BoxOutput = self.model.compare(search, state.template)

        scores = self.score(output)  # (N, M)
        boxes_in_crop = self.decode(output.loc)  # (N, M, 4)
        size_in_crop = state.size_wh * crop_per_image[:, None]  # (N, 2)
        penalty = steps.shape_penalty(boxes_in_crop[..., 2:], size_in_crop, settings.penalty_k)
        penalised = penalty * scores
        cells = output.cls.shape[-1]
        mixed = steps.mix_hann(penalised, cells, window_influence)
        best = steps.best_candidate(mixed, boxes_in_crop)  # (N,)

        box_in_image = steps.take(boxes_in_crop, best) / crop_per_image[:, None]
        size_lr = steps.take(penalised, best) * settings.size_lr
        return Look(
            moved=steps.move(state, box_in_image, size_lr),
            scores=steps.take(scores, best),
            best=best,
            side=side,
            mixed=steps.response_map_of_cells(mixed, cells),
            image_per_cell=self.model.stride / crop_per_image,
            search=search,
            output=output,
        )

    def maps(self, state: BoxState, look: Look) -> list[ResponseMap]:
        """Response maps of a look that started from `state`."""
        return steps.response_maps(look.mixed, state.centre_xy, look.image_per_cell)

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return next(self.model.parameters()).device
