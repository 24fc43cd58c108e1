"""What all reports share: tags, intervals over sequences, paired comparison, the checks of runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.bootstrap import bootstrap_interval, paired_interval
from siamcorr.evaluation.report.model import METRICS, Comparison, TrackerReport

__all__ = [
    "INTERVAL_NOTE",
    "check_runs",
    "compare_trackers",
    "frames_of",
    "mean_intervals",
    "pooled_interval",
    "tagged",
]

INTERVAL_NOTE = (
    "Intervals hold 95 % of the percentile bootstrap over sequences (10,000 draws, seed 0); those "
    "of a difference draw both trackers on the same sequences."
)
_DRAWS, _TAIL = 10_000, 0.025

R = TypeVar("R")
Values = Mapping[str, Mapping[str, float]]
"""Sequence -> metric -> number."""


def check_runs(
    who: str, sequence_set: SequenceSet, runs: Mapping[str, Mapping[str, Sequence[R]]]
) -> None:
    """Check that there is a tracker, and that each has a run of every sequence.

    Raises:
        InvalidArgument: no tracker, no sequence, or missing runs; names them.
    """
    if not runs or not len(sequence_set):
        raise InvalidArgument(
            f"{who}: {len(runs)} trackers on {len(sequence_set)} sequences; needs one of each"
        )
    for label, of_tracker in runs.items():
        missing = [name for name in sequence_set.names if not of_tracker.get(name)]
        if missing:
            raise InvalidArgument(
                f"{who}: {label} has no run of {len(missing)} sequences: {', '.join(missing[:8])}"
                "\n  cure: run them, or give a SequenceSet without them"
            )


def frames_of(sequence_set: Iterable[AnnotatedSequence]) -> dict[str, int]:
    """Number of frames by name of the sequence."""
    return {sequence.name: len(sequence) for sequence in sequence_set}


def tagged(sequence_set: Iterable[AnnotatedSequence]) -> dict[str, tuple[str, ...]]:
    """Names of the sequences that have each attribute; attributes in alphabetical order."""
    names: dict[str, list[str]] = {}
    for sequence in sequence_set:
        for tag in dict.fromkeys(sequence.attributes):
            names.setdefault(tag, []).append(sequence.name)
    return {tag: tuple(names[tag]) for tag in sorted(names)}


def mean_intervals(sequences: Values, metrics: Collection[str]) -> dict[str, tuple[float, float]]:
    """Bootstrap intervals of means over sequences; none of fewer than two, where it says nothing.

    Args:
        sequences: numbers of each sequence.
        metrics: those whose summary is the mean over sequences.
    """
    if len(sequences) < 2:
        return {}
    return {
        metric: bootstrap_interval([row[metric] for row in sequences.values()])
        for metric in metrics
    }


def pooled_interval(totals: Any, counts: Any, *, draws: int = _DRAWS) -> tuple[float, float]:
    """Bootstrap interval of sum(totals) / sum(counts), a mean over pooled frames.

    Args:
        totals: (S,) sum over the frames of each sequence.
        counts: (S,) how many frames these are.
        draws: number of resamplings.

    Returns:
        Ends of the 95 % percentile interval.

    Convention:
        Sequences are drawn, not frames: frames of one video are not independent.
    """
    sums, sizes = np.asarray(totals, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, len(sums), (draws, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(means, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


def compare_trackers(
    trackers: Sequence[TrackerReport], metrics: Iterable[str]
) -> tuple[Comparison, ...]:
    """Every tracker but the first against the first, over the sequences where both have a number.

    Args:
        trackers: of one report.
        metrics: numbers that sequences have.

    Returns:
        By metric, then by tracker; empty with fewer than two shared sequences.
    """
    wanted = tuple(metrics)
    return tuple(
        found
        for metric in wanted
        for tracker in trackers[1:]
        if (found := _comparison(tracker, trackers[0], metric)) is not None
    )


def _comparison(tracker: TrackerReport, baseline: TrackerReport, metric: str) -> Comparison | None:
    pairs = np.array(
        [(row[metric], baseline.sequences[name][metric]) for name, row in tracker.sequences.items()]
    )
    pairs = pairs[np.isfinite(pairs).all(1)]
    if len(pairs) < 2:
        return None
    mean, low, high = paired_interval(pairs[:, 0], pairs[:, 1])
    gain = pairs[:, 0] - pairs[:, 1]
    gain = gain if METRICS[metric].higher_is_better else -gain
    wins, losses = int((gain > 0).sum()), int((gain < 0).sum())
    return Comparison(tracker.label, baseline.label, metric, mean, low, high, wins, losses)
