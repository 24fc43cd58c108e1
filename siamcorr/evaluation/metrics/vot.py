"""VOT's accuracy, robustness and unsupervised average overlap, as PySOT and VOT compute them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

import numpy as np

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot_regions import (
    FAILURE,
    SKIPPED,
    START,
    Region,
    VotRun,
    VotSequence,
    mean_of_known,
    regions_overlap,
    reset_polygon,
    without_burn_in,
)

__all__ = [
    "FAILURE",
    "SKIPPED",
    "START",
    "Region",
    "UnsupervisedScores",
    "VotRun",
    "VotScores",
    "VotSequence",
    "VotSequenceScores",
    "pysot_runs",
    "regions_overlap",
    "reset_polygon",
    "unsupervised_average_overlap",
    "vot_accuracy_robustness",
]


def pysot_runs(runs: SequenceOf[VotRun]) -> SequenceOf[VotRun]:
    """Runs that PySOT evaluates: all of 15, but only the first of any other number."""
    return runs if len(runs) == 15 else runs[:1]


@dataclass(frozen=True)
class VotSequenceScores:
    """One sequence: mean overlap (NaN where no frame counts), failures per run, frames."""

    accuracy: float
    failures: float
    frames: int


@dataclass(frozen=True)
class VotScores:
    """Accuracy and robustness of one tracker.

    Attributes:
        accuracy: mean overlap while tracking, larger is better; NaN where no frame counts.
        robustness: failures per 100 frames, smaller is better.
        failures: failures in all sequences, per run; the papers call it the lost number.
        sequences: the same for each sequence.
    """

    accuracy: float
    robustness: float
    failures: float
    sequences: Mapping[str, VotSequenceScores]


def vot_accuracy_robustness(
    sequences: Mapping[str, VotSequence], *, burn_in: int = 10
) -> VotScores:
    """Accuracy and robustness of supervised runs, which start again after each failure.

    Args:
        sequences: name -> ground truth and runs.
        burn_in: frames from each start, itself included, that say nothing about accuracy.

    Returns:
        The scores.

    Convention:
        PySOT's:

        - Overlaps are rasterised within (W, H); frames with a code and the burn-in are left out.
        - Accuracy: the mean over runs in each frame, then over the frames of all sequences
          pooled, so that long sequences weigh more.
        - Robustness: failures (code 2), mean over runs, / frames of all sequences * 100. Every
          frame counts, burn-in and skipped ones too.

    Raises:
        InvalidArgument: no sequence, or a negative burn-in.

    Source:
        PySOT's toolkit. It reads one or 15 result files of a tracker: `pysot_runs`.

    Example:
        >>> box = [10, 10, 20, 20]
        >>> run = VotSequence([box] * 12, [[1] + [box] * 11], (100, 100))
        >>> vot_accuracy_robustness({"still": run}).accuracy
        1.0
    """
    _check(sequences, burn_in, "vot_accuracy_robustness")
    overlaps = {
        name: mean_of_known(without_burn_in(sequence.overlaps(), sequence.codes, burn_in), axis=0)
        for name, sequence in sequences.items()
    }
    scores = {
        name: VotSequenceScores(
            accuracy=float(mean_of_known(overlaps[name])),
            failures=float((sequence.codes == FAILURE).sum(axis=1).mean()),
            frames=len(sequence),
        )
        for name, sequence in sequences.items()
    }
    failures = sum(score.failures for score in scores.values())
    return VotScores(
        accuracy=float(mean_of_known(np.concatenate(list(overlaps.values())))),
        robustness=100 * failures / sum(score.frames for score in scores.values()),
        failures=failures,
        sequences=scores,
    )


@dataclass(frozen=True)
class UnsupervisedScores:
    """Average overlap of runs without resets, and that of each sequence."""

    average_overlap: float
    sequences: Mapping[str, float]


def unsupervised_average_overlap(
    sequences: Mapping[str, VotSequence], *, burn_in: int = 10
) -> UnsupervisedScores:
    """Average overlap of runs that start once and are never reset.

    Args:
        sequences: name -> ground truth and runs; the first frame of a run has code 1.
        burn_in: frames from the start, itself included, that are left out.

    Returns:
        The scores; a sequence without a frame that counts has NaN and no weight.

    Convention:
        The VOT toolkit's average accuracy for its unsupervised experiment: mean over the frames of
        a run, mean over runs, then the mean over sequences weighted by their number of frames.
        Frames without a region (code 0) are left out. Overlaps are rasterised within (W, H).

    Raises:
        InvalidArgument: no sequence, a negative burn-in, or a run with a failure (code 2), which
            only supervised runs have.

    Example:
        >>> box = [10, 10, 20, 20]
        >>> run = VotSequence([box] * 12, [[1] + [box] * 11], (100, 100))
        >>> unsupervised_average_overlap({"still": run}).average_overlap
        1.0
    """
    who = "unsupervised_average_overlap"
    _check(sequences, burn_in, who)
    for name, sequence in sequences.items():
        if (sequence.codes == FAILURE).any():
            raise InvalidArgument(
                f"{who}: {name!r} has a failure (code 2), so this is a supervised run; "
                "use vot_accuracy_robustness"
            )
    scores = {}
    for name, sequence in sequences.items():
        overlaps = without_burn_in(sequence.overlaps(), sequence.codes, burn_in)
        scores[name] = float(mean_of_known(mean_of_known(overlaps, axis=1)))
    known = [name for name, score in scores.items() if not np.isnan(score)]
    frames = sum(len(sequences[name]) for name in known)
    total = sum(scores[name] * len(sequences[name]) for name in known)
    return UnsupervisedScores(total / frames if frames else float("nan"), scores)


def _check(sequences: Mapping[str, VotSequence], burn_in: int, who: str) -> None:
    if not sequences:
        raise InvalidArgument(f"{who}: no sequence given")
    if burn_in < 0:
        raise InvalidArgument(f"{who}: burn_in is at least 0, got {burn_in}")
