"""Regions of VOT runs, the ground truth beside them, and their overlaps frame by frame."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.data.result_files.regions import FAILURE, SKIPPED, Region
from siamcorr.data.result_files.regions import INIT as START
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.results import FloatArray
from siamcorr.geometry.rasters import box_corners, raster_overlaps

__all__ = [
    "FAILURE",
    "SKIPPED",
    "START",
    "Region",
    "VotRun",
    "VotSequence",
    "mean_of_known",
    "regions_overlap",
    "reset_polygon",
    "without_burn_in",
]

VotRun: TypeAlias = SequenceOf[Region]
"""What one run of a tracker says of one sequence: a region a frame, T of them."""


@dataclass(frozen=True, eq=False)
class VotSequence:
    """The ground truth of a sequence and every run of one tracker on it.

    Attributes:
        truth: T regions as they stand in the annotations: whether four or eight numbers matters.
        runs: one or more runs of T regions each; stochastic trackers are run 15 times.
        size: (height, width) of the frames in pixels.

    Raises:
        InvalidArgument: no run, or a run that is not as long as the ground truth.
    """

    truth: VotRun
    runs: SequenceOf[VotRun]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if not self.runs:
            raise InvalidArgument("VotSequence: at least one run is needed")
        for i, run in enumerate(self.runs):
            if len(run) != len(self.truth):
                raise InvalidArgument(
                    f"VotSequence: run {i} has {len(run)} regions for {len(self.truth)} frames"
                )

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def codes(self) -> npt.NDArray[np.int64]:
        """(R, T): the code of each frame of each run, -1 where it has a region."""
        return np.array([[_code(region) for region in run] for run in self.runs])

    def overlaps(self, *, shrink: int = 0) -> FloatArray:
        """Overlaps of every run with the ground truth.

        Args:
            shrink: pixels by which width and height of the bounds are smaller than the frame's.

        Returns:
            (R, T) float64, NaN where the run or the ground truth has a code.
        """
        bounds = (self.size[1] - shrink, self.size[0] - shrink)
        return np.array([regions_overlap(run, self.truth, bounds) for run in self.runs])


def regions_overlap(
    regions: VotRun, truth_regions: VotRun, bounds: tuple[float, float]
) -> FloatArray:
    """Overlap of each frame's region with the ground truth, counted in pixels.

    Args:
        regions: T codes, boxes or polygons.
        truth_regions: T likewise.
        bounds: (W, H); see `siamcorr.geometry.rasters.raster_overlaps`.

    Returns:
        (T,) float64 in 0 ... 1; NaN where either is a code or holds NaN.

    Raises:
        InvalidArgument: different lengths, or a region that is neither code, box nor polygon.

    Example:
        >>> regions_overlap([1, [0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 2, 2]], (10, 10))
        array([nan, 0.5])
    """
    if len(regions) != len(truth_regions):
        raise InvalidArgument(
            f"regions_overlap: {len(regions)} regions for {len(truth_regions)} frames"
        )
    if not len(regions):
        return np.empty(0)
    return raster_overlaps(_corners(regions), _corners(truth_regions), bounds)


def reset_polygon(region: npt.ArrayLike) -> FloatArray:
    """Region that the reset test of a supervised run takes for the ground truth.

    Args:
        region: (4,) x, y, w, h or (2n,) corners.

    Returns:
        (8,) the corners (x, y), (x, y + h - 1), (x + w - 1, y + h - 1), (x + w - 1, y) of four
        numbers; more numbers as they are.

    Convention:
        PySOT's. This is one pixel smaller than the box that accuracy and EAO are computed with.

    Example:
        >>> reset_polygon([10, 20, 3, 5]).tolist()
        [10.0, 20.0, 10.0, 24.0, 12.0, 24.0, 12.0, 20.0]
    """
    numbers = np.asarray(region, dtype=np.float64)
    if numbers.shape != (4,):
        return box_corners(numbers).ravel()
    x, y, w, h = numbers
    return np.array([x, y, x, y + h - 1, x + w - 1, y + h - 1, x + w - 1, y])


def without_burn_in(overlaps: FloatArray, codes: npt.NDArray[np.int64], burn_in: int) -> FloatArray:
    """Overlaps (R, T) with NaN at each start and the `burn_in - 1` frames after it."""
    kept = overlaps.copy()
    for run, start in np.argwhere(codes == START):
        kept[run, start : start + burn_in] = np.nan
    return kept


def mean_of_known(values: FloatArray, axis: int | None = None) -> FloatArray:
    """Mean of what is not NaN; NaN where nothing is left, without a warning."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(axis) / known.sum(axis))


def _code(region: Region) -> int:
    """The code of a region, -1 of a box or polygon; files give codes as arrays of one number."""
    if np.size(region) != 1:
        return -1
    code = float(np.asarray(region).item())
    if code not in (SKIPPED, START, FAILURE):
        raise InvalidArgument(f"VotSequence: a single number is a code 0, 1 or 2, got {region}")
    return int(code)


def _corners(regions: VotRun) -> FloatArray:
    """(T, N, 2): NaN for codes; polygons with fewer corners repeat their last one."""
    corners = [None if _code(region) >= 0 else box_corners(region) for region in regions]
    most = max((len(c) for c in corners if c is not None), default=4)
    stacked = np.full((len(corners), most, 2), np.nan)
    for i, c in enumerate(corners):
        if c is not None:
            stacked[i, : len(c)] = c
            stacked[i, len(c) :] = c[-1]
    return stacked
