"""Steps of the scale-pyramid trackers as pure functions over N targets.

Frames of reference: `in_image` pixels of the frame, `in_crop` pixels of the resized crop,
`in_response` cells of the upsampled response. Points are (y, x) index coordinates: the middle of
the first pixel or cell is 0; continuous coordinates of the API are larger by one half.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.geometry.crops import crop_squares
from siamcorr.tracking.common_steps import MAX_CROP_SIDE
from siamcorr.tracking.siamese_state import SiameseState
from siamcorr.types import FrameArray

__all__ = [
    "boxes_from_index_centres",
    "crop_around",
    "first_peak",
    "index_centres",
    "mix_window",
    "move",
    "move_if",
    "penalise_scales",
    "upsample",
]


def index_centres(boxes_xywh: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (N, 4) to centres (N, 2) as (y, x) in index coordinates and sizes (N, 2) as (h, w).

    centre = (y + (h - 1) / 2, x + (w - 1) / 2)
    """
    x, y, w, h = boxes_xywh.unbind(-1)
    centres_yx = torch.stack((y + (h - 1) / 2, x + (w - 1) / 2), dim=-1)
    return centres_yx, torch.stack((h, w), dim=-1)


def boxes_from_index_centres(centres_yx: Tensor, sizes_hw: Tensor) -> Tensor:
    """The inverse of `index_centres`: (N, 4) float64 boxes_xywh."""
    sizes_xy = sizes_hw.double().flip(-1)
    return torch.cat((centres_yx.double().flip(-1) - (sizes_xy - 1) / 2, sizes_xy), dim=-1)


def crop_around(
    image: FrameArray, centres_yx: Tensor, sides: Tensor, border_colours: Tensor, size: int
) -> Tensor:
    """SiamFC's crops: S squares around each of N centres.

    side = round(side), corner = round(centre - (side - 1) / 2), both half to even

    Args:
        image: (H, W, 3) uint8.
        centres_yx: (N, 2) float32 index coordinates.
        sides: (N, S) sides in frame pixels; cut at 1 and `MAX_CROP_SIDE`.
        border_colours: (N, 3) uint8.
        size: side of the resized crops.

    Returns:
        (N * S, size, size, 3) uint8, target by target.
    """
    whole_sides = sides.round().clamp(1, MAX_CROP_SIDE)
    offsets = ((whole_sides - 1) / 2).to(centres_yx.dtype)
    corners_yx = (centres_yx[:, None] - offsets[..., None]).round().long()  # (N, S, 2)
    colours = border_colours[:, None].expand(-1, sides.shape[1], -1)
    return crop_squares(
        image, corners_yx.flatten(0, 1), whole_sides.long().flatten(), colours.flatten(0, 1), size
    )


def upsample(responses: Tensor, factor: int) -> Tensor:
    """Bicubic upsampling (a = -0.75, half-pixel centres): (N, S, H, W) to (N, S, fH, fW)."""
    size = [side * factor for side in responses.shape[-2:]]
    return F.interpolate(responses, size=size, mode="bicubic", align_corners=False)


def penalise_scales(responses: Tensor, penalty: float) -> Tensor:
    """Multiply the responses (N, S, H, W) of all scales but the middle one by `penalty`."""
    factors = responses.new_full((responses.shape[1],), penalty)
    factors[len(factors) // 2] = 1
    return responses * factors[:, None, None]


def mix_window(response: Tensor, window: Tensor, influence: float) -> Tensor:
    """Bring each response to minimum 0 and sum 1 and mix it with a window of sum 1.

    mixed = (1 - influence) * (r - min r) / sum(r - min r) + influence * window

    Args:
        response: (N, H, W).
        window: (H, W) float64.
        influence: in 0 ... 1.

    Returns:
        (N, H, W) float64 on CPU. The sum runs over rows and then columns, in an order that does
        not depend on N.
    """
    positive = response.cpu().double()
    positive = positive - positive.amin((-2, -1), keepdim=True)
    total = positive.sum(-1).sum(-1)[:, None, None]
    return (1 - influence) * (positive / (total + 1e-16)) + influence * window


def first_peak(response: Tensor) -> Tensor:
    """Row and column of the first largest value of each map: (N, H, W) to (N, 2) float64."""
    index = response.flatten(1).argmax(1)
    columns = response.shape[-1]
    return torch.stack((index // columns, index % columns), dim=-1).double()


def move(state: SiameseState, disp_in_image: Tensor, resize: Tensor) -> SiameseState:
    """The state after a displacement (N, 2) and a change of size by factors (N,), both float64."""
    return replace(
        state,
        centre_yx=(state.centre_yx + disp_in_image).float(),
        size_hw=(state.size_hw * resize[:, None]).float(),
        search_side=state.search_side * resize,
    )


def move_if(sure: Tensor, moved: SiameseState, state: SiameseState) -> SiameseState:
    """The moved state of the targets that are `sure` (N,); the others keep place and size."""
    return replace(
        moved,
        centre_yx=torch.where(sure[:, None], moved.centre_yx, state.centre_yx),
        size_hw=torch.where(sure[:, None], moved.size_hw, state.size_hw),
        search_side=torch.where(sure, moved.search_side, state.search_side),
    )
