"""What all trackers share: input checks, ids, adding and dropping targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.models.weights import WeightsPath
from siamcorr.tracking.state import TrackState, concatenate, select
from siamcorr.types import Frame, FrameArray, ResponseMap, TrackResult, as_frame

__all__ = ["BaseTracker", "result_of"]

S = TypeVar("S", bound=TrackState)


class BaseTracker(ABC, Generic[S]):
    """A tracker of N targets whose memory is the state, which no method changes.

    A method's class supplies `start_targets` and `update_targets`; `init`, `update`, `add` and
    `drop` are the same for all.

    Convention:
        A target keeps its id for life, an id is never used twice; ids start at 0 and follow the
        order of the boxes. A target's boxes do not depend on the other targets.
    """

    settings_type: ClassVar[type[Settings]]
    """Validates the config of this tracker's `kind`."""

    stages: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Parts of an update whose time is worth telling: stage to methods, dotted from the tracker."""

    no_graphs: ClassVar[str | None] = "it has no network"
    """Why this kind cannot run on an exported template graph and search graph; None: it can."""

    @classmethod
    @abstractmethod
    def from_settings(
        cls, settings: Any, *, weights: WeightsPath | None, device: torch.device
    ) -> Self:
        """Build the tracker from settings of `settings_type`, ready to run on a device."""

    @abstractmethod
    def start_targets(self, image: FrameArray, boxes_xywh: Tensor, track: TrackState) -> S:
        """State of new targets, whose ids are in `track`; (N, 4) float64 boxes, checked."""

    @abstractmethod
    def update_targets(
        self, state: S, image: FrameArray, *, responses: bool
    ) -> tuple[S, TrackResult]:
        """One step of the method for N >= 1 targets; `state.frame_index` is this frame's."""

    def init(self, frame: Frame, boxes_xywh: Any) -> S:
        """Start on one frame.

        Args:
            frame: RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor.
            boxes_xywh: (N, 4) or one box of 4 numbers; 0-based continuous pixels.

        Returns:
            The state of N targets with ids 0 ... N - 1.

        Raises:
            InvalidArgument: not a frame, or not boxes.
        """
        return self._start(frame, boxes_xywh, TrackState(torch.empty(0), 0, 0), "init")

    @torch.inference_mode()
    def update(self, state: S, frame: Frame, *, responses: bool = False) -> tuple[S, TrackResult]:
        """Follow all targets into the next frame.

        Args:
            state: from `init`, `update`, `add` or `drop`; left as it is.
            frame: RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor.
            responses: also return each target's response map.

        Returns:
            The new state and the result of this frame. A state without targets gives an empty
            result.

        Raises:
            InvalidArgument: not a frame, or not a state.
        """
        image = as_frame(frame, "update: frame")
        state = replace(_checked(state, "update"), frame_index=state.frame_index + 1)
        if len(state.ids) == 0:
            none = torch.empty(0, 4, dtype=torch.float64)
            return state, result_of(state, image, none, torch.empty(0), [] if responses else None)
        return self.update_targets(state, image, responses=responses)

    def add(self, state: S, frame: Frame, boxes_xywh: Any) -> S:
        """Start further targets on the frame that the state stands at.

        Args:
            state: left as it is.
            frame: RGB uint8; the frame of the last `init` or `update`.
            boxes_xywh: (M, 4) or one box of 4 numbers.

        Returns:
            The state of N + M targets; the new ones come last and get new ids.

        Raises:
            InvalidArgument: not a frame, not boxes, or not a state.
        """
        fresh = self._start(frame, boxes_xywh, _checked(state, "add"), "add")
        return concatenate(state, fresh)

    def drop(self, state: S, ids: Any) -> S:
        """Forget targets.

        Args:
            state: left as it is.
            ids: one id or several (list, tuple, array, tensor).

        Returns:
            The state of the remaining targets, in their order; may be empty.

        Raises:
            InvalidArgument: an id that the state does not have, or not a state.
        """
        known = _checked(state, "drop").ids
        wanted = _as_ids(ids)
        unknown = sorted(set(wanted.tolist()) - set(known.tolist()))
        if unknown:
            raise InvalidArgument(
                f"drop: no target has id {', '.join(map(str, unknown))}; "
                f"the state has {known.tolist()}"
            )
        return select(state, ~torch.isin(known, wanted))

    @torch.inference_mode()
    def _start(self, frame: Frame, boxes_xywh: Any, state: TrackState, who: str) -> S:
        image = as_frame(frame, f"{who}: frame")
        boxes = as_boxes_xywh(boxes_xywh, f"{who}: boxes_xywh")
        next_id = state.next_id + len(boxes)
        ids = torch.arange(state.next_id, next_id)
        return self.start_targets(image, boxes, TrackState(ids, next_id, state.frame_index))


def result_of(
    state: TrackState,
    image: FrameArray,
    boxes_xywh: Tensor,
    scores: Tensor,
    responses: SequenceOf[ResponseMap] | None = None,
) -> TrackResult:
    """The result of one frame for a tracker without a signal for lost targets."""
    return TrackResult(
        frame_index=state.frame_index,
        time_s=float("nan"),
        frame_size=(image.shape[0], image.shape[1]),
        ids=state.ids,
        boxes_xywh=boxes_xywh,
        scores=scores,
        lost=torch.zeros(len(state.ids), dtype=torch.bool),
        responses=responses,
    )


def _checked(state: S, who: str) -> S:
    if not isinstance(state, TrackState):
        raise InvalidArgument(
            f"{who}: expected the state that init returned as first argument, "
            f"got {type(state).__name__}"
        )
    return state


def _as_ids(ids: Any) -> Tensor:
    """One id or several as (M,) int64."""
    try:
        tensor = torch.as_tensor(ids).cpu().reshape(-1)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidArgument(f"drop: ids are whole numbers, got {ids!r}") from error
    if tensor.numel() and (tensor.is_floating_point() or tensor.dtype == torch.bool):
        raise InvalidArgument(f"drop: ids are whole numbers, got {ids!r}")
    return tensor.to(torch.int64)
