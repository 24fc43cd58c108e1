"""SiamFC: the target is where its template correlates best, at the best of three scales.

Source: Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016; numbers
and rounding as in siamfc-pytorch.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.crops import context_side, mean_colour
from siamcorr.geometry.scales import scale_pyramid
from siamcorr.geometry.windows import hann_window_2d
from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import WeightsPath, load_weights
from siamcorr.nn.features import as_map
from siamcorr.tracking import steps
from siamcorr.tracking.base import BaseTracker, result_of
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.state import SiameseState, TrackState
from siamcorr.types import FrameArray, TrackResult

__all__ = ["ScalePyramidSettings", "SiamFCSettings", "SiamFCTracker"]

Share = Annotated[float, Field(ge=0, le=1)]


class ScalePyramidSettings(Settings):
    """Constants of SiamFC's tracking; the shipped configs comment each.

    Attributes:
        model: backbone, head and what they eat.
        template_size: side of the template crop given to the network, pixels.
        search_size: side of the search crops given to the network, pixels.
        context_amount: share of (h + w) added to both sides of the target in the template crop.
        num_scales: number of search crops per target, odd.
        scale_step: ratio of neighbouring scales.
        scale_penalty: factor on the responses of all scales but the middle one.
        size_lr: share of the new size in the smoothed size.
        window_influence: share of the Hann window in the mixed response.
        response_up: upsampling of the response before its peak is read.
    """

    model: ModelSettings
    template_size: Annotated[int, Field(ge=1)]
    search_size: Annotated[int, Field(ge=1)]
    context_amount: Annotated[float, Field(ge=0)]
    num_scales: Annotated[int, Field(ge=1)]
    scale_step: Annotated[float, Field(gt=1)]
    scale_penalty: Share
    size_lr: Share
    window_influence: Share
    response_up: Annotated[int, Field(ge=1)]

    @field_validator("num_scales")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd, got {value}")
        return value

    @model_validator(mode="after")
    def _template_fits(self) -> Self:
        if self.template_size > self.search_size:
            raise ValueError(
                f"template_size {self.template_size} must not be larger than "
                f"search_size {self.search_size}"
            )
        return self


class SiamFCSettings(ScalePyramidSettings):
    """Settings of `kind: siamfc`."""

    kind: Literal["siamfc"]


@TRACKERS.register("siamfc")
class SiamFCTracker(BaseTracker[SiameseState]):
    """SiamFC with a scale pyramid, for N targets in one forward pass a frame.

    Args:
        model: in evaluation mode, on the device to run on.
        settings: the constants.

    Convention:
        `scores` are the largest raw response (upsampled; before penalty and window) at the chosen
        scale. Its range depends on the weights; there is no signal for lost targets. Centre and
        size are never cut at the frame's border.
    """

    settings_type: ClassVar[type[Settings]] = SiamFCSettings

    def __init__(self, model: SiameseModel, settings: ScalePyramidSettings) -> None:
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
        )

    def update_targets(
        self, state: SiameseState, image: FrameArray, *, responses: bool
    ) -> tuple[SiameseState, TrackResult]:
        """One frame, in the order of the paper."""
        settings = self.settings
        sides_in_image = state.search_side[:, None] * self.scale_factors  # (N, S)
        raw = steps.upsample(self.respond(state, image, sides_in_image), settings.response_up)
        penalised = steps.penalise_scales(raw, settings.scale_penalty)  # (N, S, H, W)
        scale = penalised.amax((-2, -1)).argmax(1).cpu()  # (N,)
        response = steps.take_scale(penalised, scale)  # (N, H, W)
        window = hann_window_2d(response.shape[-1])
        mixed = steps.mix_window(response, window / window.sum(), settings.window_influence)

        disp_in_response = steps.first_peak(mixed) - (response.shape[-1] - 1) / 2  # (N, 2)
        disp_in_crop = disp_in_response * self.model.stride / settings.response_up
        image_per_crop = steps.take_scale(sides_in_image, scale) / settings.search_size  # (N,)
        disp_in_image = disp_in_crop * image_per_crop[:, None]
        resize = (1 - settings.size_lr) + settings.size_lr * self.scale_factors[scale]  # (N,)
        moved = steps.move(state, disp_in_image, resize)

        boxes = steps.boxes_from_index_centres(moved.centre_yx, moved.size_hw)
        scores = steps.take_scale(raw, scale).amax((-2, -1)).cpu()
        image_per_response = image_per_crop * self.model.stride / settings.response_up
        maps = steps.response_maps(mixed, state.centre_yx, image_per_response)
        return moved, result_of(moved, image, boxes, scores, maps if responses else None)

    def embed_template(
        self, image: FrameArray, centre_yx: Tensor, side: Tensor, border_colour: Tensor
    ) -> Tensor:
        """Features (N, C, Hz, Wz) of the squares of `side` (N,) around the centres."""
        crops = steps.crop_around(
            image, centre_yx, side[:, None], border_colour, self.settings.template_size
        )
        features = self.model.embed_template(self.model.prepare(crops.to(self.device)))
        return as_map("siamfc", "template features", features)

    def respond(self, state: SiameseState, image: FrameArray, sides: Tensor) -> Tensor:
        """Raw responses (N, S, Hr, Wr) of search squares of `sides` (N, S): one forward pass."""
        crops = steps.crop_around(
            image, state.centre_yx, sides, state.border_colour, self.settings.search_size
        )
        features = self.model.embed_search(self.model.prepare(crops.to(self.device)))
        search = as_map("siamfc", "search features", features)  # (N * S, C, Hx, Wx)
        template = state.template.repeat_interleave(sides.shape[1], dim=0)
        response: Tensor = self.model.compare(search, template)  # (N * S, 1, Hr, Wr)
        return response.view(*sides.shape, *response.shape[-2:])

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        tensors = [*self.model.parameters(), *self.model.buffers()]
        return tensors[0].device
