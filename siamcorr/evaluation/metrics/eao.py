"""VOT's expected average overlap (EAO), by PySOT's rules for fragments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot_regions import FAILURE, VotSequence
from siamcorr.evaluation.results import FloatArray

__all__ = ["VOT_INTERVALS", "Eao", "expected_average_overlap"]

VOT_INTERVALS: Mapping[str, tuple[int, int]] = {
    "vot2016": (108, 371),
    "vot2017": (100, 356),
    "vot2018": (100, 356),
    "vot2019": (46, 291),
}
"""Lengths, first and last, over which the challenge of each year averages."""


@dataclass(frozen=True, eq=False)
class Eao:
    """Expected average overlap.

    Attributes:
        value: mean of the curve over the interval.
        curve: (L,) float64, L the frames of the longest run; entry i is the overlap that is
            expected, on average, over the i frames after a start.
        interval: (low, high) that was used.
    """

    value: float
    curve: FloatArray
    interval: tuple[int, int]


def expected_average_overlap(
    sequences: Mapping[str, VotSequence],
    *,
    interval: tuple[int, int] = VOT_INTERVALS["vot2018"],
    skip: int = 5,
) -> Eao:
    """Expected average overlap of supervised runs.

    e(0) = 1,  e(i) = mean over fragments known at i of mean(fragment[1 ... i]),
    EAO = mean of e(low - 1) ... e(high - 1)

    Args:
        sequences: name -> ground truth and runs.
        interval: (low, high) with 1 <= low <= high; `VOT_INTERVALS` has those of the challenges.
        skip: frames from a failure to the next start.

    Returns:
        Value and curve.

    Convention:
        PySOT's:

        - Overlaps are rasterised within (W - 1, H - 1), one pixel less than for accuracy; there
          is no burn-in. A start's own frame never enters, as e(0) is 1 by definition.
        - A run without failure is one fragment, unknown (NaN) beyond its end.
        - Otherwise fragments start at 0 and at f + skip of every failure f that leaves
          f + skip <= T. Each but the last ends with the first frame of the next one and is 0 from
          there to the length of the longest run. In all, frames with a code count as 0.
        - The last fragment is unknown beyond its end. Therefore a failure too late for a new start
          goes without the zeros that others are punished with.
        - e(i) is 0 where no fragment is known. Entries of the curve that are NaN are left out of
          the mean, and so is what lies beyond the longest run.
        - Fragments weigh the same. PySOT's weights are all equal when runs are as long as their
          ground truth, which `VotSequence` requires.

    Raises:
        InvalidArgument: no sequence, a bad interval or skip, or no run that reaches the interval.

    Source:
        PySOT's toolkit, which keeps the curve in float32.

    Example:
        >>> box = [10, 10, 20, 20]
        >>> run = VotSequence([box] * 12, [[1] + [box] * 11], (100, 100))
        >>> expected_average_overlap({"still": run}, interval=(2, 10)).value
        1.0
    """
    low, high = interval
    if not sequences or not 1 <= low <= high or skip < 1:
        raise InvalidArgument(
            "expected_average_overlap: expected at least one sequence, an interval with "
            f"1 <= low <= high and skip >= 1; got {len(sequences)}, {interval} and {skip}"
        )
    longest = max(len(sequence) for sequence in sequences.values())
    if longest < low:
        raise InvalidArgument(
            f"expected_average_overlap: the longest run has {longest} frames and does not reach "
            f"the interval {low} ... {high}"
        )
    curve = _expected_overlaps(
        np.array([row for s in sequences.values() for row in _fragments(s, skip, longest)])
    )
    chosen = curve[low - 1 : high]
    known = chosen[~np.isnan(chosen)]
    return Eao(float(known.mean()) if known.size else float("nan"), curve, (low, high))


def _fragments(sequence: VotSequence, skip: int, longest: int) -> Iterator[FloatArray]:
    """Fragments of all runs, each (longest,) with NaN where it is unknown."""
    for overlaps, codes in zip(sequence.overlaps(shrink=1), sequence.codes, strict=True):
        failures = np.flatnonzero(codes == FAILURE)
        if len(failures):
            yield from _split(np.nan_to_num(overlaps), failures + skip, longest)
        else:
            yield _padded(overlaps, longest, np.nan)


def _split(
    overlaps: FloatArray, restarts: npt.NDArray[np.int64], longest: int
) -> Iterator[FloatArray]:
    """Fragments of a run with failures, whose overlaps have 0 for codes."""
    starts = [0, *(start for start in restarts if start <= len(overlaps))]
    for start, end in pairwise(starts):
        yield _padded(overlaps[start : end + 1], longest, 0.0)
    yield _padded(overlaps[starts[-1] :], longest, np.nan)


def _padded(fragment: FloatArray, length: int, value: float) -> FloatArray:
    return np.concatenate([fragment, np.full(length - len(fragment), value)])


def _expected_overlaps(fragments: FloatArray) -> FloatArray:
    """The curve (L,) of fragments (F, L)."""
    length = fragments.shape[1]
    known = ~np.isnan(fragments[:, 1:])
    means = np.cumsum(fragments[:, 1:], axis=1) / np.arange(1, length)  # of fragment[1 ... i]
    expected = np.where(known, means, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.concatenate([[1.0], expected])
