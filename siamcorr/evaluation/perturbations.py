"""Where the robustness protocols start a tracker: the frames of TRE and the boxes of SRE."""

from __future__ import annotations

import numpy as np

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.results import FloatArray
from siamcorr.types import Sequence

__all__ = ["PERTURBATIONS", "TRE_SEGMENTS", "perturbed_box", "temporal_starts"]

TRE_SEGMENTS = 20
"""Starts of the temporal robustness evaluation, spread over a sequence."""
_SHORTEST_SEGMENT = 20

PERTURBATIONS = (
    "left",
    "right",
    "up",
    "down",
    "top_left",
    "top_right",
    "bottom_left",
    "bottom_right",
    "scale_0.8",
    "scale_0.9",
    "scale_1.1",
    "scale_1.2",
)
"""The twelve start boxes of the spatial robustness evaluation, in the order of their runs."""


def temporal_starts(sequence: Sequence) -> tuple[int, ...]:
    """Frames from which the temporal robustness evaluation (TRE) runs to the end.

    With the E frames that can be a start, numbered from 0: k * E // 19 for k = 0 ... 18 as far as
    it is below E, then E - 1.

    Args:
        sequence: with one target.

    Returns:
        20 frame indices in order; where E < 20 some are equal, where E < 19 there are fewer.

    Convention:
        A frame can be a start if at least 20 frames are left with it, its annotation has no NaN,
        w, h > 0 and x, y > -1 (0 in the 1-based files), and the target is visible.

    Raises:
        InvalidArgument: no frame can be a start.

    Source:
        OTB toolbox of Wu, Lim and Yang (CVPR 2013), `splitSeqTRE`. It also leaves out frames that
        a list names as occluded or out of view; here `visible == 0` does.
    """
    boxes = sequence.boxes_xywh[:, 0]
    usable = np.isfinite(boxes).all(1) & (boxes > np.array([-1, -1, 0, 0])).all(1)
    usable &= sequence.visible[:, 0] > 0
    usable[max(len(boxes) - _SHORTEST_SEGMENT + 1, 0) :] = False
    frames = np.flatnonzero(usable)
    count = len(frames)
    if count == 0:
        raise InvalidArgument(
            f"{sequence.name}: TRE starts on annotated frames with {_SHORTEST_SEGMENT} frames to "
            f"go, and none of its {len(boxes)} frames is one; leave the sequence out"
        )
    steps = [k * count // (TRE_SEGMENTS - 1) for k in range(TRE_SEGMENTS - 1)]
    inner = [step for k, step in enumerate(steps) if k * count <= (count - 1) * (TRE_SEGMENTS - 1)]
    return tuple(int(frames[i]) for i in (*inner, count - 1))


def perturbed_box(
    box_xywh: FloatArray, perturbation: str, frame_size: tuple[int, int]
) -> FloatArray:
    """A start box of the spatial robustness evaluation (SRE).

    Args:
        box_xywh: (4,) the annotation, 0-based.
        perturbation: one of `PERTURBATIONS`.
        frame_size: (height, width); the result is cut to the frame.

    Returns:
        (4,) float64.

    Convention:
        - `left` ... `down` move the box by a tenth of its size, rounded up to whole pixels.
        - `top_left` ... `bottom_right` move that corner outward by a tenth of the size, rounded;
          the opposite corner stays.
        - `scale_s` multiplies the size by s about the centre and rounds all four numbers.
        - Rounding is half away from zero, of 1-based coordinates. A left or top edge outside the
          frame is moved to it without a change of size; then the right and bottom are cut.

    Raises:
        InvalidArgument: no such perturbation, or nothing of the box is left inside the frame.

    Source:
        OTB toolbox of Wu, Lim and Yang (CVPR 2013), `shiftInitBB`.

    Example:
        >>> perturbed_box(np.array([20.0, 30, 20, 40]), "top_left", (120, 160)).tolist()
        [18.0, 26.0, 22.0, 44.0]
    """
    if perturbation not in PERTURBATIONS:
        raise InvalidArgument(
            f"perturbed_box: {perturbation!r} is none of {', '.join(PERTURBATIONS)}"
        )
    x, y, w, h = _moved(box_xywh + np.array([1.0, 1, 0, 0]), perturbation)
    height, width = frame_size
    x, y = max(x, 1.0), max(y, 1.0)
    w, h = min(w, width - x + 1), min(h, height - y + 1)
    if w <= 0 or h <= 0:
        raise InvalidArgument(
            f"perturbed_box: {perturbation} of {np.asarray(box_xywh).tolist()} leaves nothing "
            f"inside the frame of {width} x {height} pixels"
        )
    return np.array([x - 1, y - 1, w, h])


def _moved(box: FloatArray, perturbation: str) -> FloatArray:
    """The box (x, y 1-based) before it is cut to the frame."""
    x, y, w, h = box
    kind, _, scale = perturbation.partition("_")
    if kind == "scale":
        size = float(scale) * box[2:]
        return _rounded(np.concatenate((box[:2] + box[2:] / 2 - size / 2, size)))
    if perturbation in ("left", "right", "up", "down"):
        step = np.ceil(0.1 * box[2:])
        signs = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}[perturbation]
        return np.concatenate((box[:2] + step * signs, box[2:]))
    vertical, horizontal = perturbation.split("_")
    x_last, y_last = x + w - 1, y + h - 1
    if horizontal == "left":
        x = _rounded(x - 0.1 * w)
    else:
        x_last = _rounded(x_last + 0.1 * w)
    if vertical == "top":
        y = _rounded(y - 0.1 * h)
    else:
        y_last = _rounded(y_last + 0.1 * h)
    return np.array([x, y, x_last - x + 1, y_last - y + 1])


def _rounded(values: FloatArray) -> FloatArray:
    """Half away from zero."""
    return np.sign(values) * np.floor(np.abs(values) + 0.5)
