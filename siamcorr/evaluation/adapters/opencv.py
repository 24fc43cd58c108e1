"""OpenCV's own trackers behind the `Tracker` protocol."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.errors import (
    CheckpointError,
    InvalidArgument,
    MissingDependency,
    SourceError,
    UnknownName,
    closest,
)
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.opencv import load_cv2
from siamcorr.types import Frame, TrackResult, as_frame

__all__ = ["OPENCV_KINDS", "OpenCVKind", "OpenCVState", "OpenCVTracker"]

BgrArray = npt.NDArray[np.uint8]


class Smallest(NamedTuple):
    """The least side and the least area of a box, in pixels."""

    side: int
    area: int


class OpenCVKind(NamedTuple):
    """One tracker of OpenCV.

    Attributes:
        class_name: in `cv2`.
        files: our name of each model file -> the field of its `Params`.
        since: the OpenCV version that brought it.
        has_score: whether `getTrackingScore` says anything.
        smallest: box that it can start from.
    """

    class_name: str
    files: Mapping[str, str]
    since: str
    has_score: bool = True
    smallest: Smallest = Smallest(1, 1)


OPENCV_KINDS: Mapping[str, OpenCVKind] = MappingProxyType(
    {
        "nano": OpenCVKind("TrackerNano", {"backbone": "backbone", "head": "neckhead"}, "4.7"),
        "vit": OpenCVKind("TrackerVit", {"model": "net"}, "4.9"),
        "mil": OpenCVKind(
            "TrackerMIL",
            {},
            "4.5.1",
            has_score=False,
            smallest=Smallest(2, 25),  # it searches for ever for a feature that fits a smaller one
        ),
        "dasiamrpn": OpenCVKind(
            "TrackerDaSiamRPN",
            {"model": "model", "kernel_cls1": "kernel_cls1", "kernel_r1": "kernel_r1"},
            "4.5.1",
        ),
    }
)
"""What `OpenCVTracker` can be, by name."""


class _Target:
    """One `cv2` tracker, which keeps its memory inside, and how far it has come."""

    def __init__(self, tracker: Any, box_xywh: list[float], step: int, *, has_score: bool) -> None:
        self._tracker = tracker
        self._box = box_xywh
        self._has_score = has_score
        self.step = step

    def update(self, image: BgrArray) -> tuple[list[float], float, bool]:
        """Box, score and whether it is lost."""
        found, rectangle = self._tracker.update(image)
        self.step += 1
        if found:
            self._box = [float(number) for number in rectangle]
        score = float(self._tracker.getTrackingScore()) if self._has_score else math.nan
        return self._box, score, not found


@dataclass(frozen=True)
class OpenCVState:
    """Ids and the OpenCV trackers of N targets after `step` updates."""

    ids: Tensor
    targets: tuple[_Target, ...]
    next_id: int
    step: int


class OpenCVTracker:
    """A tracker of OpenCV for N targets, one `cv2` object each.

    Args:
        kind: `nano`, `vit`, `mil` or `dasiamrpn`.
        seed: of the random numbers of OpenCV and of C, which TrackerMIL draws from; both are set
            at every `init`. Windows gives no access to C's: there TrackerMIL does not repeat.
        files: the model files of the kind, all of them: `backbone` and `head` of nano, `model` of
            vit, `model`, `kernel_cls1` and `kernel_r1` of dasiamrpn, none of mil.

    Convention:
        - OpenCV gets BGR, and an integer box: each of x, y, w, h rounded, halves upward.
        - Where OpenCV answers that it did not find the target, the last box stays and `lost` is
          True. The score is OpenCV's own; NaN for mil, which has none.
        - The memory lies in the `cv2` objects, so a state can be updated once only: `update` and
          `add` refuse a state that another one has grown out of.
        - With `mil`, targets draw from the same random numbers, so they are not independent.

    Raises:
        UnknownName: no such kind.
        InvalidArgument: a file of the kind is not given, or one that it does not have.
        SourceError: a file does not exist.
        MissingDependency: this build of OpenCV does not have the tracker.
        CheckpointError: OpenCV cannot read the files.

    Example:
        >>> frame = np.zeros((80, 80, 3), np.uint8)
        >>> tracker = OpenCVTracker("mil")
        >>> state, result = tracker.update(tracker.init(frame, [30, 30, 16, 16]), frame)
        >>> result.boxes_xywh.shape
        torch.Size([1, 4])
    """

    def __init__(self, kind: str, *, seed: int = 0, **files: str | os.PathLike[str]) -> None:
        if kind not in OPENCV_KINDS:
            raise UnknownName(
                f"OpenCVTracker: unknown kind {kind!r}{closest(kind, OPENCV_KINDS)}"
                f"\n  known: {', '.join(OPENCV_KINDS)}"
            )
        self.kind, self.seed = OPENCV_KINDS[kind], seed
        self._files = _checked_files(kind, files)
        self._new_target()  # an unreadable file is an error here, not on the first frame

    def init(self, frame: Frame, boxes_xywh: Any) -> OpenCVState:
        """Start on one frame; see `siamcorr.types.Tracker`."""
        _seed(self.seed)
        return self.add(OpenCVState(torch.empty(0, dtype=torch.int64), (), 0, 0), frame, boxes_xywh)

    def update(
        self, state: OpenCVState, frame: Frame, *, responses: bool = False
    ) -> tuple[OpenCVState, TrackResult]:
        """Follow all targets into the next frame; OpenCV gives no response maps."""
        image = _bgr(frame, "update: frame")
        _check_fresh(state, "update")
        answers = [target.update(image) for target in state.targets]
        state = replace(state, step=state.step + 1)
        boxes = [box for box, _, _ in answers]
        return state, TrackResult(
            frame_index=state.step,
            time_s=math.nan,
            frame_size=(image.shape[0], image.shape[1]),
            ids=state.ids,
            boxes_xywh=torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4),
            scores=torch.tensor([score for _, score, _ in answers], dtype=torch.float32),
            lost=torch.tensor([lost for _, _, lost in answers], dtype=torch.bool),
        )

    def add(self, state: OpenCVState, frame: Frame, boxes_xywh: Any) -> OpenCVState:
        """Start further targets on the frame that the state stands at."""
        image = _bgr(frame, "add: frame")
        _check_fresh(state, "add")
        boxes = as_boxes_xywh(boxes_xywh, "boxes_xywh").tolist()
        targets = tuple(self._start(image, box, state.step) for box in boxes)
        next_id = state.next_id + len(boxes)
        return OpenCVState(
            torch.cat((state.ids, torch.arange(state.next_id, next_id))),
            state.targets + targets,
            next_id,
            state.step,
        )

    def drop(self, state: OpenCVState, ids: Any) -> OpenCVState:
        """Forget targets by id."""
        wanted = torch.as_tensor(ids).reshape(-1)
        unknown = sorted(set(wanted.tolist()) - set(state.ids.tolist()))
        if unknown:
            raise InvalidArgument(
                f"drop: no target has id {unknown}; the state has {state.ids.tolist()}"
            )
        keep = ~torch.isin(state.ids, wanted)
        targets = tuple(target for target, kept in zip(state.targets, keep, strict=True) if kept)
        return replace(state, ids=state.ids[keep], targets=targets)

    def _start(self, image: BgrArray, box_xywh: list[float], step: int) -> _Target:
        rectangle = tuple(math.floor(number + 0.5) for number in box_xywh)
        width, height = rectangle[2:]
        smallest = self.kind.smallest
        if min(width, height) < smallest.side or width * height < smallest.area:
            raise InvalidArgument(
                f"{self.kind.class_name}: the box {box_xywh} is {width} x {height} whole pixels; "
                f"it needs sides of at least {smallest.side} and {smallest.area} pixels in all"
            )
        tracker = self._new_target()
        tracker.init(image, rectangle)
        box = [float(number) for number in rectangle]
        return _Target(tracker, box, step, has_score=self.kind.has_score)

    def _new_target(self) -> Any:
        cv2 = load_cv2()
        name = self.kind.class_name
        if not hasattr(cv2, f"{name}_Params"):
            raise MissingDependency(
                f"OpenCV {cv2.__version__} has no {name}; pip install --upgrade "
                f"'opencv-python>={self.kind.since}'"
            )
        parameters = getattr(cv2, f"{name}_Params")()
        for key, path in self._files.items():
            setattr(parameters, self.kind.files[key], str(path))
        try:
            return getattr(cv2, f"{name}_create")(parameters)
        except cv2.error as error:
            raise CheckpointError(
                f"{name}: OpenCV {cv2.__version__} cannot use "
                f"{', '.join(str(path) for path in self._files.values())}: {str(error).strip()}"
            ) from error


def _checked_files(kind: str, files: Mapping[str, str | os.PathLike[str]]) -> dict[str, Path]:
    known = OPENCV_KINDS[kind].files
    for key in files:
        if key not in known:
            raise InvalidArgument(
                f"OpenCVTracker: {kind} has no file {key!r}{closest(key, known)}"
                f"; its files: {', '.join(known) or 'none'}"
            )
    missing = [key for key in known if key not in files]
    if missing:
        raise InvalidArgument(
            f"OpenCVTracker: {kind} needs the files {', '.join(known)}; "
            f"not given: {', '.join(missing)}"
        )
    for key, path in files.items():
        if not Path(path).is_file():
            raise SourceError(f"OpenCVTracker: {kind}: no file {str(path)!r} to be its {key}")
    return {key: Path(path) for key, path in files.items()}


def _seed(seed: int) -> None:
    load_cv2().setRNGSeed(seed)
    if os.name == "posix":
        ctypes.CDLL(None).srand(seed)


def _bgr(frame: Frame, name: str) -> BgrArray:
    return np.ascontiguousarray(as_frame(frame, name)[:, :, ::-1])


def _check_fresh(state: OpenCVState, who: str) -> None:
    if not isinstance(state, OpenCVState):
        raise InvalidArgument(
            f"{who}: expected the state that init returned, got {type(state).__name__}"
        )
    if any(target.step != state.step for target in state.targets):
        raise InvalidArgument(
            f"{who}: this state was updated before, and OpenCV's trackers cannot go back; go on "
            "from the latest state, or start again with init"
        )
