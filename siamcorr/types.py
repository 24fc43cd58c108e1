"""What the floors exchange: frames, response maps, tracking results, sequences, trackers."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument

__all__ = ["Frame", "FrameArray", "ResponseMap", "Sequence", "TrackResult", "Tracker", "as_frame"]

FrameArray: TypeAlias = npt.NDArray[np.uint8]
"""RGB, uint8, (H, W, 3)."""
Frame: TypeAlias = FrameArray | Tensor
"""What the API takes: RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor."""


def as_frame(frame: Frame, name: str = "frame") -> FrameArray:
    """Check a frame and return it as an RGB uint8 array.

    Args:
        frame: RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor on any device.
        name: how the caller calls it, for the error.

    Returns:
        (H, W, 3) uint8; a view where possible.

    Raises:
        InvalidArgument: another type, dtype, rank or channel count, or an empty frame.
    """
    if isinstance(frame, Tensor):
        fits = frame.ndim == 3 and frame.shape[0] == 3 and frame.dtype == torch.uint8
        array = frame.detach().cpu().permute(1, 2, 0).numpy() if fits else None
    else:
        is_array = isinstance(frame, np.ndarray)
        fits = is_array and frame.ndim == 3 and frame.shape[2] == 3 and frame.dtype == np.uint8
        array = frame if fits else None
    if array is None or array.size == 0:
        shape, dtype = getattr(frame, "shape", None), getattr(frame, "dtype", None)
        raise InvalidArgument(
            f"{name}: expected RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor, "
            f"got {type(frame).__name__} of shape {tuple(shape) if shape is not None else None} "
            f"and dtype {dtype}"
        )
    return array


@dataclass(frozen=True)
class ResponseMap:
    """The response of one target in one frame.

    Attributes:
        values: (Hr, Wr) float32 on CPU.
        crop_to_frame: (2, 3) float64; maps (column, row, 1) of `values` to the continuous frame
            position (x, y) in pixels of the target centre that this cell stands for.
        kind: `raw` (as correlated), `penalised` (scale or shape penalty applied) or `windowed`
            (penalised and mixed with the window).
    """

    values: Tensor
    crop_to_frame: Tensor
    kind: Literal["raw", "penalised", "windowed"]

    def in_frame(self, height: int, width: int) -> Tensor:
        """Resample the map onto the pixels of the frame, bilinearly.

        Returns:
            (height, width) float32; NaN where the frame lies outside the map.
        """
        rows, columns = self.values.shape
        ys, xs = torch.meshgrid(
            torch.arange(height, dtype=torch.float64) + 0.5,
            torch.arange(width, dtype=torch.float64) + 0.5,
            indexing="ij",
        )  # pixel centres in continuous frame coordinates
        linear, offset = self.crop_to_frame[:, :2], self.crop_to_frame[:, 2]
        cells = (torch.stack((xs, ys), -1) - offset) @ torch.linalg.inv(linear).T  # (H, W, 2)
        scale = torch.tensor([max(columns - 1, 1), max(rows - 1, 1)], dtype=torch.float64)
        grid = (2 * cells / scale - 1).to(torch.float32)
        sampled = F.grid_sample(
            self.values.float()[None, None], grid[None], padding_mode="border", align_corners=True
        )[0, 0]
        inside = ((cells > -0.5) & (cells < torch.tensor([columns, rows]) - 0.5)).all(-1)
        return sampled.masked_fill(~inside, float("nan"))


@dataclass(frozen=True)
class TrackResult:
    """What a tracker says about one frame; the first axis of every field is the N targets.

    Attributes:
        frame_index: index of the frame in its source, 0-based.
        time_s: time of the frame in its source in seconds; NaN where the source has no clock.
        frame_size: (height, width) of the frame in pixels.
        ids: (N,) int64; a target keeps its id for life, an id is never used twice.
        boxes_xywh: (N, 4) float64; 0-based continuous pixels, may reach outside the frame.
        scores: (N,) float32; the tracker's own confidence, larger is better.
        lost: (N,) bool; True while the tracker believes that it does not see the target. Trackers
            without such a signal leave it False.
        responses: N maps, or None unless they were asked for.
        corners_xy: (N, 4, 2) float64 corners of rotated boxes, or None.
        masks: (N, H, W) bool, or None.
    """

    frame_index: int
    time_s: float
    frame_size: tuple[int, int]
    ids: Tensor
    boxes_xywh: Tensor
    scores: Tensor
    lost: Tensor
    responses: SequenceOf[ResponseMap] | None = None
    corners_xy: Tensor | None = None
    masks: Tensor | None = None

    def response_in_frame(self, i: int) -> Tensor:
        """Response of target number `i` on the pixels of the frame.

        Args:
            i: position of the target in `ids` (not the id itself).

        Returns:
            (H, W) float32; NaN outside the search region.

        Raises:
            InvalidArgument: responses were not asked for, or `i` is out of range.
        """
        if self.responses is None:
            raise InvalidArgument(
                "response_in_frame: this result holds no responses; pass responses=True to "
                "siamcorr.track or to tracker.update"
            )
        if not 0 <= i < len(self.responses):
            raise InvalidArgument(
                f"response_in_frame: i = {i} is not in 0 ... {len(self.responses) - 1}"
            )
        return self.responses[i].in_frame(*self.frame_size)


@runtime_checkable
class Sequence(Protocol):
    """A video with its ground truth, of any data set or rendered."""

    @property
    def name(self) -> str:
        """Name of the sequence in its data set."""
        ...

    @property
    def boxes_xywh(self) -> npt.NDArray[np.float64]:
        """(T, N, 4) float64, 0-based continuous pixels; NaN where there is no annotation."""
        ...

    @property
    def visible(self) -> npt.NDArray[np.float64]:
        """(T, N) float64 in 0 ... 1, the visible share of each target; 0 means absent."""
        ...

    def __len__(self) -> int:
        """Number of frames T."""
        ...

    def __iter__(self) -> Iterator[FrameArray]:
        """Frames in order, decoded or rendered lazily."""
        ...


class Tracker(Protocol):
    """What `siamcorr.track`, the evaluation and the training's validation need of a tracker.

    The state is opaque to the caller; no method changes its argument.
    """

    def init(self, frame: Frame, boxes_xywh: Any) -> Any:
        """Start on one frame with (N, 4) boxes (or one box of 4 numbers); returns the state."""
        ...

    def update(
        self, state: Any, frame: Frame, *, responses: bool = False
    ) -> tuple[Any, TrackResult]:
        """Follow all targets into the next frame."""
        ...

    def add(self, state: Any, frame: Frame, boxes_xywh: Any) -> Any:
        """Start further targets on a frame; the others are untouched."""
        ...

    def drop(self, state: Any, ids: Any) -> Any:
        """Forget targets by id."""
        ...
