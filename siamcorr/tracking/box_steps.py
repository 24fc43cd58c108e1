"""Steps of the box-predicting trackers as pure functions over N targets and M candidates.

Frames of reference: `in_crop` pixels of the resized crop about its centre, `in_image` pixels of the
frame. Candidates are flattened as (anchor, row, column). Centres and sizes are (x, y), (w, h).
"""

from __future__ import annotations

import functools
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import softplus

from siamcorr.errors import TrackerError
from siamcorr.geometry.boxes import cxcywh_to_xywh
from siamcorr.geometry.crops import context_side
from siamcorr.geometry.windows import hann_window_2d
from siamcorr.tracking.box_state import BoxState
from siamcorr.tracking.common_steps import MAX_CROP_SIDE

__all__ = [
    "MIN_SIZE",
    "best_candidate",
    "boxes_xywh",
    "change",
    "clip_to_frame",
    "crop_sides",
    "evidence",
    "foreground_scores",
    "mix_hann",
    "move",
    "move_if",
    "response_map_of_cells",
    "shape_penalty",
]

MIN_SIZE = 10.0
"""Smallest width and height in pixels that a state keeps."""


def crop_sides(sides: Tensor) -> Tensor:
    """Whole sides of crops, half to even: (N,) float64; cut at 1 and `MAX_CROP_SIDE`."""
    return sides.round().clamp(1, MAX_CROP_SIDE)


def foreground_scores(cls: Tensor) -> Tensor:
    """Probability of the target at every candidate.

    score = softmax over the two classes, class 1

    Args:
        cls: (N, 2K, S, S); channel class * K + k.

    Returns:
        (N, M) float32 on CPU, M = K * S * S.
    """
    return cls.float().cpu().reshape(len(cls), 2, -1).softmax(1)[:, 1]


def evidence(cls: Tensor) -> Tensor:
    """How surely each cell is not background, without the probability's ceiling at 1.

    evidence = -log P(background) = log(1 + exp(foreground - background)), the best anchor's

    Args:
        cls: (N, 2K, S, S); channel class * K + k.

    Returns:
        (N, S, S) float32 on CPU, not negative.
    """
    background, foreground = cls.float().cpu().chunk(2, dim=1)
    return softplus((foreground - background).amax(1))


def change(ratio: Tensor) -> Tensor:
    """By which factor >= 1 something grew or shrank: max(r, 1 / r)."""
    return torch.maximum(ratio, 1 / ratio)


def shape_penalty(sizes_in_crop: Tensor, previous_in_crop: Tensor, penalty_k: float) -> Tensor:
    """Penalty of candidates whose size or aspect differs from the previous box.

    penalty = exp(-(s * r - 1) * penalty_k),
    s = change(side(w, h) / side(w', h')),  r = change((w' / h') / (w / h)),
    side(w, h) = sqrt((w + q) (h + q)),  q = (w + h) / 2

    Args:
        sizes_in_crop: (N, M, 2) float32 w and h of the candidates.
        previous_in_crop: (N, 2) float64 w' and h' of the target in the same crop.
        penalty_k: 0 for no penalty.

    Returns:
        (N, M) float64 in 0 ... 1. A candidate without area, or with a size beyond float32, gets 0.
    """
    previous = previous_in_crop[:, None]  # (N, 1, 2)
    scale = change(context_side(sizes_in_crop, 0.5) / context_side(previous, 0.5))
    aspect = change(
        (previous[..., 0] / previous[..., 1]) / (sizes_in_crop[..., 0] / sizes_in_crop[..., 1])
    )
    return torch.exp(-(aspect * scale - 1) * penalty_k).nan_to_num(nan=0.0)


def mix_hann(penalised: Tensor, cells: int, influence: float) -> Tensor:
    """Mix the penalised scores with a Hann window over the cells, the same for every anchor.

    mixed = (1 - influence) * penalised + influence * window

    Args:
        penalised: (N, M) float64, M = K * cells^2.
        cells: rows and columns of the response.
        influence: in 0 ... 1.

    Returns:
        (N, M) float64. The window's largest value is 1 (odd grids), it is not divided by its sum.
    """
    window = _window(cells, penalised.shape[1] // cells**2, influence)
    return penalised * (1 - influence) + window


@functools.lru_cache(maxsize=64)
def _window(cells: int, anchors: int, influence: float) -> Tensor:
    """The window's part in the mixed score of all candidates, the same in every frame."""
    return hann_window_2d(cells).flatten().repeat(anchors) * influence


def best_candidate(mixed: Tensor, boxes: Tensor) -> Tensor:
    """Number of the first best candidate of each target; a box that is not finite does not count.

    Args:
        mixed: (N, M) scores.
        boxes: (N, M, 4) of the candidates.

    Returns:
        (N,) int64.

    Raises:
        TrackerError: a target without any finite candidate.
    """
    usable = boxes.isfinite().all(-1) & mixed.isfinite()
    if not usable.any(1).all():
        rows = (~usable.any(1)).nonzero()[:, 0].tolist()
        raise TrackerError(
            f"best_candidate: the network predicts no finite box for target number {rows} of "
            f"{len(mixed)}; the weights are untrained, or not for this network and preprocessing"
        )
    return mixed.masked_fill(~usable, -torch.inf).argmax(1)


def move(state: BoxState, box_in_image: Tensor, size_lr: Tensor) -> BoxState:
    """The state moved by a predicted centre, with a share of the predicted size.

    centre = centre + predicted,  size = (1 - size_lr) * size + size_lr * predicted

    Args:
        state: N targets.
        box_in_image: (N, 4) float64 centre about the previous one and size, frame pixels.
        size_lr: (N,) float64 in 0 ... 1.
    """
    lr = size_lr[:, None]
    return replace(
        state,
        centre_xy=state.centre_xy + box_in_image[:, :2],
        size_wh=state.size_wh * (1 - lr) + box_in_image[:, 2:] * lr,
    )


def move_if(sure: Tensor, moved: BoxState, state: BoxState) -> BoxState:
    """The moved state of the targets that are `sure` (N,); the others keep place and size."""
    return replace(
        moved,
        centre_xy=torch.where(sure[:, None], moved.centre_xy, state.centre_xy),
        size_wh=torch.where(sure[:, None], moved.size_wh, state.size_wh),
    )


def clip_to_frame(state: BoxState, frame_size: tuple[int, ...]) -> BoxState:
    """Centre into 0 ... W, 0 ... H; size into `MIN_SIZE` ... W, H, the minimum above all.

    Args:
        state: N targets.
        frame_size: height and width, further numbers are not read.
    """
    limits = state.centre_xy.new_tensor([frame_size[1], frame_size[0]])  # (2,) W, H
    centre = state.centre_xy.clamp(min=0).minimum(limits)
    size = state.size_wh.minimum(limits).clamp(min=MIN_SIZE)
    return replace(state, centre_xy=centre, size_wh=size)


def boxes_xywh(state: BoxState) -> Tensor:
    """Boxes (N, 4) float64 of the state: corner = centre - size / 2."""
    return cxcywh_to_xywh(torch.cat((state.centre_xy, state.size_wh), dim=-1))


def response_map_of_cells(mixed: Tensor, cells: int) -> Tensor:
    """The best anchor of every cell: (N, M) to (N, cells, cells) float32."""
    return mixed.reshape(len(mixed), -1, cells, cells).amax(1).float()
