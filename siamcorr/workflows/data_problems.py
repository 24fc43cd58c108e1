"""What can be wrong in a data set: the problems, the report of them, and boxes held to frames."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.files import atomic_path
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.errors import SiamcorrError
from siamcorr.types import FrameArray

__all__ = [
    "KINDS",
    "DataReport",
    "Found",
    "Problem",
    "against_frame",
    "box_problems",
    "mask_problems",
    "write_report",
]

KINDS: Mapping[str, str] = {
    "missing file": "a frame, a folder of frames or an annotation file is not on disk",
    "unreadable file": "an image, a mask or a video is there but cannot be decoded",
    "length mismatch": "there are not as many annotations as frames",
    "malformed annotation": "an annotation cannot be read",
    "NaN in a box": "some numbers of a box are NaN, or all though its target is visible",
    "degenerate box": "a box has no width or no height though its target is visible",
    "box outside the frame": "a box of a visible target has no point inside its frame",
    "size differs": "a frame is not as large as the annotations state",
}
"""Kind of problem -> what it means."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: a key of `KINDS`.
        sequence: where; empty where the whole data set is meant.
        frame: 0-based, or None where no single frame is meant.
        detail: what, with its values.
    """

    kind: str
    sequence: str
    frame: int | None
    detail: str


@dataclass
class DataReport:
    """What a check has seen.

    Attributes:
        dataset: registered name of the format.
        root: what was checked.
        sequences: number of sequences looked at.
        frames: number of frames that were decoded.
        boxes: number of boxes of visible targets.
        reaching_out: how many of them lie partly outside their frame, which is no problem.
        problems: in the order of the data set.
        interrupted: whether the check was asked to stop before its end.
    """

    dataset: str
    root: str
    sequences: int = 0
    frames: int = 0
    boxes: int = 0
    reaching_out: int = 0
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False

    def counts(self) -> dict[str, int]:
        """Number of problems of each kind that occurs, in the order of `KINDS`."""
        counted = Counter(problem.kind for problem in self.problems)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def examples(self, kind: str, limit: int = 3) -> list[Problem]:
        """The first problems of a kind."""
        return [problem for problem in self.problems if problem.kind == kind][:limit]


@dataclass(frozen=True)
class Found:
    """What was found in one frame, or in several.

    Attributes:
        problems: in order.
        frames: number of frames that were decoded.
        reaching_out: number of boxes that lie partly outside their frame.
    """

    problems: list[Problem] = field(default_factory=list)
    frames: int = 0
    reaching_out: int = 0


def write_report(report: DataReport, path: Path) -> None:
    """Write a report as JSON: counts by kind, and every problem."""
    content = {**asdict(report), "counts": report.counts()}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def box_problems(sequence: AnnotatedSequence) -> Iterator[Problem]:
    """What is wrong with the boxes of visible targets, whatever the frames hold."""
    boxes, seen = sequence.boxes_xywh, sequence.visible > 0  # (T, N, 4), (T, N)
    nan = np.isnan(boxes)
    holes = nan.any(axis=-1) & (seen | ~nan.all(axis=-1))
    with np.errstate(invalid="ignore"):
        flat = (boxes[..., 2:] <= 0).any(axis=-1) & seen
    for kind, where in (("NaN in a box", holes), ("degenerate box", flat)):
        for index, target in np.argwhere(where).tolist():
            yield _box_problem(kind, sequence, index, target, "")


def against_frame(sequence: AnnotatedSequence, index: int, image: FrameArray) -> Found:
    """Hold the boxes of one frame against its size."""
    height, width = image.shape[:2]
    problems = []
    if sequence.size is not None and sequence.size != (height, width):
        stated = f"{sequence.size[1]}x{sequence.size[0]} is stated, {width}x{height} on disk"
        problems.append(Problem("size differs", sequence.name, index, stated))
    low, size = sequence.boxes_xywh[index, :, :2], sequence.boxes_xywh[index, :, 2:]  # (N, 2)
    with np.errstate(invalid="ignore"):
        whole = (sequence.visible[index] > 0) & (size > 0).all(axis=-1)
        inside = np.minimum(low + size, (width, height)) - np.maximum(low, 0)  # (N, 2)
    outside = whole & (inside <= 0).any(axis=-1)
    reaching = whole & ~outside & (inside < size - 1e-6).any(axis=-1)
    problems += [
        _box_problem("box outside the frame", sequence, index, target, f" in {width}x{height}")
        for target in np.flatnonzero(outside).tolist()
    ]
    return Found(problems, 1, int(np.count_nonzero(reaching)))


def mask_problems(sequence: AnnotatedSequence, index: int) -> Iterator[Problem]:
    """Masks of visible targets that cannot be decoded or do not fit their frame."""
    if not sequence.has_masks:
        return
    for target in np.flatnonzero(sequence.visible[index] > 0).tolist():
        try:
            sequence.mask(index, target)
        except SiamcorrError as error:
            yield Problem("malformed annotation", sequence.name, index, str(error))


def _box_problem(
    kind: str, sequence: AnnotatedSequence, index: int, target: int, suffix: str
) -> Problem:
    box: npt.NDArray[np.float64] = sequence.boxes_xywh[index, target]
    name = f"target {sequence.target_ids[target]}: " if sequence.target_ids else ""
    values = ", ".join(f"{value:g}" for value in box)
    return Problem(kind, sequence.name, index, f"{name}x, y, w, h = {values}{suffix}")
