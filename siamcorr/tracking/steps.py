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
from siamcorr.tracking.state import SiameseState
from siamcorr.types import FrameArray, ResponseMap

__all__ = [
    "MAX_CROP_SIDE",
    "boxes_from_index_centres",
    "crop_around",
    "first_peak",
    "index_centres",
    "mix_window",
    "move",
    "penalise_scales",
    "response_maps",
    "take_scale",
    "upsample",
]

MAX_CROP_SIDE = 8192
"""Largest square in pixels that is cut out of a frame; smallest 1. The reference implementations
have no bound and fail in OpenCV once a target has shrunk or grown beyond all measure."""


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


def take_scale(values: Tensor, scale: Tensor) -> Tensor:
    """Of each target's S entries (N, S, ...) the one numbered by `scale` (N,): (N, ...)."""
    return values[torch.arange(len(scale), device=values.device), scale.to(values.device)]


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


def response_maps(
    mixed: Tensor, centres_yx: Tensor, image_per_response: Tensor
) -> list[ResponseMap]:
    """Response maps with their way back to the frame.

    Args:
        mixed: (N, H, W) upsampled and windowed responses.
        centres_yx: (N, 2) centres that the crops were cut around, index coordinates.
        image_per_response: (N,) frame pixels per cell of `mixed`.

    Returns:
        N maps; a cell stands for the target centre that it would give.
    """
    rows, columns = mixed.shape[-2:]
    middle = torch.tensor([(columns - 1) / 2, (rows - 1) / 2], dtype=torch.float64)
    maps = []
    for values, centre_yx, scale in zip(mixed, centres_yx, image_per_response, strict=True):
        offset_xy = centre_yx.double().flip(0) + 0.5 - scale * middle
        crop_to_frame = torch.cat((scale * torch.eye(2).double(), offset_xy[:, None]), dim=1)
        maps.append(ResponseMap(values.float(), crop_to_frame, "windowed"))
    return maps
