"""SiamFC: the target is where its template correlates best, at the best of three scales.

Source: Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016; numbers
and rounding as in siamfc-pytorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn.functional import softplus

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.crops import context_side, mean_colour
from siamcorr.geometry.scales import scale_pyramid
from siamcorr.geometry.windows import hann_window_2d
from siamcorr.models.factory import build_model
from siamcorr.models.network import Network
from siamcorr.models.weights import WeightsPath, load_weights
from siamcorr.nn.features import Features, as_map
from siamcorr.tracking import steps
from siamcorr.tracking.base import BaseTracker, result_of
from siamcorr.tracking.common_steps import take
from siamcorr.tracking.crop_settings import CropSettings
from siamcorr.tracking.lost import peak_and_sharpness, search_places
from siamcorr.tracking.lost_settings import WatchSettings
from siamcorr.tracking.number_types import Count, Share
from siamcorr.tracking.per_target import per_target
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.response_maps import response_maps
from siamcorr.tracking.siamese_state import SiameseState
from siamcorr.tracking.state import TrackState, select
from siamcorr.tracking.watch import best_windows, look_by_group, new_watch, observe
from siamcorr.types import FrameArray, ResponseMap, TrackResult

__all__ = ["ScalePyramidSettings", "SiamFCSettings", "SiamFCTracker"]


class ScalePyramidSettings(CropSettings):
    """Constants of SiamFC's tracking; the shipped configs comment each.

    Attributes:
        num_scales: number of search crops per target, odd.
        scale_step: ratio of neighbouring scales.
        scale_penalty: factor on the responses of all scales but the middle one.
        size_lr: share of the new size in the smoothed size.
        window_influence: share of the Hann window in the mixed response.
        response_up: upsampling of the response before its peak is read.
        lost: when a target counts as lost; without it none ever does, as published.
    """

    num_scales: Count
    scale_step: Annotated[float, Field(gt=1)]
    scale_penalty: Share
    size_lr: Share
    window_influence: Share
    response_up: Count
    lost: WatchSettings | None = None

    @field_validator("num_scales")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd, got {value}")
        return value


class SiamFCSettings(ScalePyramidSettings):
    """Settings of `kind: siamfc`."""

    kind: Literal["siamfc"]


class Look(NamedTuple):
    """What one look at the search crops says about N targets.

    Attributes:
        moved: the state at the peak.
        scores: (N,) the largest raw response at the chosen scale.
        signals: (N, 3) of that scale, for `siamcorr.tracking.lost.confidence`.
        mixed: (N, H, W) float64 on CPU, upsampled and windowed response.
        window_xy: (N, 2) float64, centres of the search crops, continuous pixels.
        image_per_cell: (N,) float64, frame pixels per cell of `mixed`.
    """

    moved: SiameseState
    scores: Tensor
    signals: Tensor
    mixed: Tensor
    window_xy: Tensor
    image_per_cell: Tensor


@TRACKERS.register("siamfc")
class SiamFCTracker(BaseTracker[SiameseState]):
    """SiamFC with a scale pyramid, for N targets in one forward pass a frame.

    Args:
        model: in evaluation mode, on the device to run on.
        settings: the constants.

    Convention:
        `scores` are the largest raw response (upsampled; before penalty and window) at the chosen
        scale; its range depends on the weights. With `lost` in the settings they are
        `siamcorr.tracking.lost.confidence` instead, about 1 while all is as usual, and a box stays
        where it is while the confidence is low. Centre and size are never cut at the frame's
        border.
    """

    settings_type: ClassVar[type[Settings]] = SiamFCSettings
    no_graphs: ClassVar[str | None] = None
    stages: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "crop": ("crop",),
        "network": ("model.respond", "model.embed_template"),  # the latter of fixed filters
    }

    def __init__(self, model: Network, settings: ScalePyramidSettings) -> None:
        self.model = model
        self.settings = settings
        self.scale_factors = scale_pyramid(settings.num_scales, settings.scale_step)

    @classmethod
    def from_settings(
        cls, settings: ScalePyramidSettings, *, weights: WeightsPath | None, device: torch.device
    ) -> Self:
        """Build the model, load its weights strictly and move it to the device."""
        if weights is None:
            raise InvalidArgument(
                "siamfc: this tracker needs trained weights; pass weights=, a .safetensors, .pth "
                "or .pt file with the 30 tensors of SiamFC's AlexNet, or use the tracker "
                "'fixed_filters', which needs none"
            )
        model = build_model(settings.model)
        load_weights(model, weights)
        return cls(model.eval().to(device), settings)

    def start_targets(
        self, image: FrameArray, boxes_xywh: Tensor, track: TrackState
    ) -> SiameseState:
        """Embed the template of every box."""
        settings = self.settings
        centre_yx, size_hw = (part.float() for part in steps.index_centres(boxes_xywh))
        template_side = context_side(size_hw, settings.context_amount)
        border_colour = mean_colour(image).round().to(torch.uint8).expand(len(boxes_xywh), -1)
        return SiameseState(
            **vars(track),
            centre_yx=centre_yx,
            size_hw=size_hw,
            search_side=(template_side * settings.search_size / settings.template_size).double(),
            border_colour=border_colour,
            template=self.embed_template(image, centre_yx, template_side, border_colour),
            watch=new_watch(len(boxes_xywh)),
        )

    def update_targets(
        self, state: SiameseState, image: FrameArray, *, responses: bool
    ) -> tuple[SiameseState, TrackResult]:
        """Search, move to the peak at the best scale."""
        look = self.search(state, image)
        moved, scores = look.moved, look.scores
        if self.settings.lost is not None:
            watch = observe(state.watch, look.signals, self.settings.lost)
            moved = replace(steps.move_if(watch.sure, moved, state), watch=watch)
            scores = watch.confidence
        boxes = steps.boxes_from_index_centres(moved.centre_yx, moved.size_hw)
        result = result_of(moved, image, boxes, scores, self.maps(look) if responses else None)
        return moved, replace(result, lost=moved.watch.lost)

    def search(self, state: SiameseState, image: FrameArray) -> Look:
        """Look around the last place; for lost targets, at many places."""
        near = partial(self.look, image=image, scale_factors=self.scale_factors)
        if self.settings.lost is None:
            return near(state)
        wide = partial(self.look_wide, image=image, rules=self.settings.lost)
        return look_by_group(state, state.watch.lost, near, wide)

    def look_wide(self, state: SiameseState, image: FrameArray, rules: WatchSettings) -> Look:
        """The best of several windows of the usual size, at the middle scale."""
        places = search_places(
            state.centre_yx.double().flip(1) + 0.5,
            state.search_side * rules.spacing,
            image.shape[:2],
            state.watch.lost_for,
            count=rules.windows,
            growth=rules.growth,
        )  # (N, K, 2)
        rows = torch.arange(len(places)).repeat_interleave(rules.windows)
        centre_yx = (places.flatten(0, 1) - 0.5).flip(1).float()
        windows = replace(select(state, rows), centre_yx=centre_yx)
        looks = self.look(windows, image, self.scale_factors.new_ones(1))
        return best_windows(looks, looks.signals[:, 0], rules.windows)

    def look(self, state: SiameseState, image: FrameArray, scale_factors: Tensor) -> Look:
        """One forward pass and its peak, in the order of the paper."""
        settings = self.settings
        sides_in_image = state.search_side[:, None] * scale_factors  # (N, S)
        coarse = self.respond(state, image, sides_in_image)
        raw = steps.upsample(coarse, settings.response_up)
        penalised = steps.penalise_scales(raw, settings.scale_penalty)  # (N, S, H, W)
        scale = penalised.amax((-2, -1)).argmax(1).cpu()  # (N,)
        response = take(penalised, scale)  # (N, H, W)
        window = hann_window_2d(response.shape[-1])
        mixed = steps.mix_window(response, window / window.sum(), settings.window_influence)

        disp_in_response = steps.first_peak(mixed) - (response.shape[-1] - 1) / 2  # (N, 2)
        disp_in_crop = disp_in_response * self.model.stride / settings.response_up
        image_per_crop = take(sides_in_image, scale) / settings.search_size  # (N,)
        disp_in_image = disp_in_crop * image_per_crop[:, None]
        resize = (1 - settings.size_lr) + settings.size_lr * scale_factors[scale]  # (N,)
        return Look(
            moved=steps.move(state, disp_in_image, resize),
            scores=take(raw, scale).amax((-2, -1)).cpu(),
            signals=peak_and_sharpness(self.evidence(take(coarse, scale))),
            mixed=mixed,
            window_xy=state.centre_yx.double().flip(1) + 0.5,
            image_per_cell=image_per_crop * self.model.stride / settings.response_up,
        )

    def evidence(self, response: Tensor) -> Tensor:
        """How surely each cell is the target: log(1 + exp(response)), which is log odds."""
        return softplus(response)

    def maps(self, look: Look) -> list[ResponseMap]:
        """Response maps of a look."""
        return response_maps(
            look.mixed,
            look.window_xy,
            look.image_per_cell,
            middle=(look.mixed.shape[-1] - 1) / 2,
            kind="windowed",
        )

    def embed_template(
        self, image: FrameArray, centre_yx: Tensor, side: Tensor, border_colour: Tensor
    ) -> Tensor:
        """Features (N, C, Hz, Wz) of the squares of `side` (N,) around the centres."""
        size = self.settings.template_size
        crops = self.crop(image, centre_yx, side[:, None], border_colour, size)
        features = per_target(self.model.embed_template, crops, rows=self.model.rows)
        return as_map("siamfc", "template features", features)

    def respond(self, state: SiameseState, image: FrameArray, sides: Tensor) -> Tensor:
        """Raw responses (N, S, Hr, Wr) of search squares of `sides` (N, S): one forward pass."""
        size = self.settings.search_size
        crops = self.crop(image, state.centre_yx, sides, state.border_colour, size)
        scales = sides.shape[1]
        template = state.template.repeat_interleave(scales, dim=0)
        answer: tuple[Features, Tensor] = per_target(
            self.model.respond, crops, template, rows=self.model.rows, crops=scales
        )
        response = answer[1]  # (N * S, 1, Hr, Wr)
        return response.view(*sides.shape, *response.shape[-2:])

    def crop(
        self, image: FrameArray, centre_yx: Tensor, sides: Tensor, colour: Tensor, size: int
    ) -> Tensor:
        """What the network eats (N * S, 3, size, size): squares of `sides` (N, S)."""
        crops = steps.crop_around(image, centre_yx, sides, colour, size)
        return self.model.prepare(crops.to(self.model.device))
