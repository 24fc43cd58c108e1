"""Protocols: one pass (OPE), temporal and spatial robustness (TRE, SRE), VOT's reset."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, closest
from siamcorr.evaluation.following import (
    Evaluable,
    Followed,
    Heartbeat,
    Step,
    follow,
    iterate_steps,
)
from siamcorr.evaluation.metrics.vot import FAILURE, SKIPPED, START, Region, VotRun, reset_polygon
from siamcorr.evaluation.perturbations import PERTURBATIONS, perturbed_box, temporal_starts
from siamcorr.evaluation.results import FloatArray
from siamcorr.geometry.rasters import raster_overlap
from siamcorr.types import Sequence

__all__ = [
    "PROTOCOLS",
    "RESET_GAP",
    "count_runs",
    "run_ope",
    "run_sre",
    "run_tre",
    "run_vot_reset",
    "truth_region",
]

PROTOCOLS: Mapping[str, str] = MappingProxyType(
    {
        "ope": "one pass from the first annotation",
        "tre": "temporal robustness: one pass from each of 20 frames",
        "sre": "spatial robustness: one pass from each of 12 shifted or scaled boxes",
        "vot": "one run that is started again five frames after each failure",
    }
)
"""Names and what they mean."""

RESET_GAP = 5
"""Frames from a failure to the next start."""

Overlap: TypeAlias = Callable[[npt.ArrayLike, npt.ArrayLike, tuple[float, float]], float]


def run_ope(
    tracker: Evaluable,
    sequence: Sequence,
    *,
    capture: Collection[int] = (),
    heartbeat: Heartbeat | None = None,
) -> Followed:
    """One-pass evaluation: start on the first annotation, run to the end.

    Args:
        tracker: see `siamcorr.evaluation.following.Evaluable`.
        sequence: with one target.
        capture: frames whose response maps to keep.
        heartbeat: called once a frame.

    Returns:
        The trajectory of all frames, and the maps.

    Raises:
        InvalidArgument: the first frame has no usable annotation.
        TrackerError: the tracker failed; names the sequence and the frame.
    """
    return follow(tracker, sequence, capture=capture, heartbeat=heartbeat)


def run_tre(
    tracker: Evaluable, sequence: Sequence, run: int, *, heartbeat: Heartbeat | None = None
) -> Followed:
    """One run of the temporal robustness evaluation: start later, run to the end.

    Args:
        tracker: see `siamcorr.evaluation.following.Evaluable`.
        sequence: with one target.
        run: 0 ... `count_runs("tre", sequence)` - 1; see
            `siamcorr.evaluation.perturbations.temporal_starts`.
        heartbeat: called once a frame.

    Returns:
        The trajectory, whose `start` is the frame that it began on.

    Raises:
        InvalidArgument: no such run.
        TrackerError: the tracker failed; names the sequence and the frame.
    """
    starts = temporal_starts(sequence)
    _check_run("run_tre", sequence, run, len(starts))
    return follow(tracker, sequence, start=starts[run], heartbeat=heartbeat)


def run_sre(
    tracker: Evaluable, sequence: Sequence, run: int, *, heartbeat: Heartbeat | None = None
) -> Followed:
    """One run of the spatial robustness evaluation: start on a shifted or scaled box.

    Args:
        tracker: see `siamcorr.evaluation.following.Evaluable`.
        sequence: with one target.
        run: 0 ... 11, position in `siamcorr.evaluation.perturbations.PERTURBATIONS`.
        heartbeat: called once a frame.

    Returns:
        The trajectory of all frames; its first box is the perturbed one.

    Raises:
        InvalidArgument: no such run.
        TrackerError: the tracker failed; names the sequence and the frame.
    """
    _check_run("run_sre", sequence, run, len(PERTURBATIONS))
    box = perturbed_box(sequence.boxes_xywh[0, 0], PERTURBATIONS[run], frame_size(sequence))
    return follow(tracker, sequence, box=box, heartbeat=heartbeat)


def run_vot_reset(
    tracker: Evaluable,
    sequence: Sequence,
    overlap: Overlap = raster_overlap,
    *,
    heartbeat: Heartbeat | None = None,
) -> VotRun:
    """VOT's supervised run: a tracker that loses the target starts again five frames later.

    Args:
        tracker: see `siamcorr.evaluation.following.Evaluable`.
        sequence: with one target and `frame_size` or decodable frames.
        overlap: of two regions within (W, H).
        heartbeat: called once a frame.

    Returns:
        A region for each of T frames: 1 where the tracker was started, 2 where it failed, 0 where
        it waited, else its polygon (8,) if it gave corners or its box (4,).

    Convention:
        PySOT's. A frame fails where the overlap of the region, unrounded, with `reset_polygon` of
        the ground truth is not > 0 (so also where there is no box). The next start is 5 frames
        after a failure, on the ground-truth box. Regions are rounded to 4 decimals, as they are
        written.

    Raises:
        InvalidArgument: a start frame has no usable annotation.
        TrackerError: the tracker failed; names the sequence and the frame.
    """
    height, width = frame_size(sequence)
    regions: list[Region] = [SKIPPED] * len(sequence)
    start = 0
    while start < len(sequence):
        regions[start] = START
        steps = iterate_steps(tracker, sequence, start=start, heartbeat=heartbeat)
        next_start = len(sequence)
        with closing(steps):
            next(steps)
            for step in steps:
                region = _region(step)
                truth = reset_polygon(truth_region(sequence, step.frame))
                if not overlap(region, truth, (width, height)) > 0:
                    regions[step.frame] = FAILURE
                    next_start = step.frame + RESET_GAP
                    break
                regions[step.frame] = region.round(4)
        start = next_start
    return regions


def count_runs(protocol: str, sequence: Sequence) -> int:
    """How many runs a protocol makes of a sequence.

    Args:
        protocol: a name of `PROTOCOLS`.
        sequence: with one target; only its annotations are used.

    Returns:
        1 for `ope` and `vot`, 12 for `sre`, up to 20 for `tre`.

    Raises:
        InvalidArgument: no such protocol, or `tre` finds no frame to start from.
    """
    if protocol not in PROTOCOLS:
        raise InvalidArgument(
            f"unknown protocol {protocol!r}{closest(protocol, PROTOCOLS)}"
            f"\n  known: {', '.join(PROTOCOLS)}"
        )
    if protocol == "tre":
        return len(temporal_starts(sequence))
    return len(PERTURBATIONS) if protocol == "sre" else 1


def truth_region(sequence: Sequence, frame: int) -> FloatArray:
    """Ground truth of a frame as VOT counts it: (8,) corners where annotated, else (4,) the box."""
    corners = getattr(sequence, "corners_xy", None)
    region: FloatArray = sequence.boxes_xywh[frame, 0] if corners is None else corners[frame, 0]
    return region.ravel()


def frame_size(sequence: Sequence) -> tuple[int, int]:
    """(height, width) of a sequence in pixels; decodes its first frame if nothing states it."""
    known = getattr(sequence, "frame_size", None)
    if known is not None:
        return int(known[0]), int(known[1])
    height, width = next(iter(sequence)).shape[:2]
    return height, width


def _region(step: Step) -> FloatArray:
    region: FloatArray = step.box_xywh if step.corners_xy is None else step.corners_xy.ravel()
    return np.asarray(region, dtype=np.float64)


def _check_run(who: str, sequence: Sequence, run: int, count: int) -> None:
    if not 0 <= run < count:
        raise InvalidArgument(f"{who}: run {run} of {sequence.name} is not in 0 ... {count - 1}")
