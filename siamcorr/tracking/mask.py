"""SiamMask: tracks by boxes, and says for each frame which pixels are the target.

Source: Wang et al., "Fast Online Object Tracking and Segmentation: A Unifying Approach", 2019;
numbers and rounding as in PySOT.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.masks import mask_corners, paste_mask
from siamcorr.models.siamese import SiameseModel
from siamcorr.nn.features import Features
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.box_tracker import Look
from siamcorr.tracking.number_types import NotNegative, Share
from siamcorr.tracking.per_target import per_target
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.rpn import AnchorSettings, AnchorTracker
from siamcorr.types import FrameArray, TrackResult

__all__ = ["MaskSettings", "MaskTracker"]

_MARGIN_CELLS = 4
"""The mask of cell (y, x) starts this many cells above and left of it."""


class MaskSettings(AnchorSettings):
    """Settings of `kind: mask`.

    Attributes:
        mask_threshold: probability above which a pixel belongs to the target.
        min_mask_area: largest part, in square pixels, up to which the box is given in place of the
            mask's rotated rectangle.
    """

    kind: Literal["mask"]
    mask_threshold: Share
    min_mask_area: NotNegative


class _RefiningHead(Protocol):
    def refine(self, search: Features, mask_features: Tensor, cells_yx: Tensor) -> Tensor: ...


@TRACKERS.register("mask")
class MaskTracker(AnchorTracker):
    """SiamMask for N targets in one forward pass a frame.

    Convention:
        `masks` are thresholded probabilities; `corners_xy` are the smallest rotated rectangle
        around the largest part of each mask, in the pixel indices of the contour as published, or
        the corners of the box (left top, right top, right bottom, left bottom) where there is
        none. The state follows the boxes, the masks never feed back. A lost target has an empty
        mask. Otherwise as `BoxTracker`.

    Raises:
        InvalidArgument: the model's head has no masks.
    """

    settings_type: ClassVar[type[Settings]] = MaskSettings
    no_graphs: ClassVar[str | None] = "its masks are refined at chosen cells, by a third one"
    settings: MaskSettings
    model: SiameseModel

    def __init__(self, model: SiameseModel, settings: MaskSettings) -> None:
        super().__init__(model, settings)
        if not callable(getattr(model.head, "refine", None)):
            raise InvalidArgument(
                f"mask: the head {type(model.head).__name__} predicts no masks; use 'siammask'"
            )

    def update_targets(
        self, state: BoxState, image: FrameArray, *, responses: bool
    ) -> tuple[BoxState, TrackResult]:
        """Move as SiamRPN, then refine and paste the mask of the chosen cell."""
        moved, result, look = self.follow(state, image, responses=responses)
        masks = self.masks(look, image) & ~moved.lost[:, None, None]
        corners = self.corners(masks, result.boxes_xywh)
        return moved, replace(result, masks=masks, corners_xy=corners)

    def masks(self, look: Look, image: FrameArray) -> Tensor:
        """Masks (N, H, W) bool of the chosen cells, in the frame."""
        settings = self.settings
        cells = look.output.cls.shape[-1]
        cell = look.best % cells**2
        cells_yx = torch.stack((cell // cells, cell % cells), dim=-1)  # (N, 2)
        features = cast(Tensor, look.output.mask_features)
        head = cast(_RefiningHead, self.model.head)
        refined = per_target(head.refine, look.search, features, cells_yx, rows=self.model.rows)
        in_crop = refined.float().sigmoid().cpu().numpy()

        image_per_crop = look.side / settings.search_size  # (N,)
        starts_in_crop = (cells_yx.flip(-1) - _MARGIN_CELLS) * self.model.stride  # (N, 2) x, y
        crop_corners = look.window_xy - look.side[:, None] / 2
        corners = crop_corners + starts_in_crop * image_per_crop[:, None]
        sides = settings.template_size * image_per_crop
        pasted = [
            paste_mask(mask, (x, y), side, image.shape[:2])
            for mask, (x, y), side in zip(in_crop, corners.tolist(), sides.tolist(), strict=True)
        ]
        return torch.from_numpy(np.stack(pasted) > settings.mask_threshold)

    def corners(self, masks: Tensor, boxes_xywh: Tensor) -> Tensor:
        """Corners (N, 4, 2) float64 of the masks, or of the boxes where a mask is too small."""
        x, y, w, h = boxes_xywh.unbind(-1)
        box_x, box_y = torch.stack((x, x + w, x + w, x), -1), torch.stack((y, y, y + h, y + h), -1)
        corners = torch.stack((box_x, box_y), dim=-1)  # (N, 4, 2)
        for own, mask in zip(corners, masks.numpy(), strict=True):
            found = mask_corners(mask, self.settings.min_mask_area)
            if found is not None:
                own.copy_(torch.from_numpy(found))
        return corners
