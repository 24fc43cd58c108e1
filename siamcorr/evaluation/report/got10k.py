"""Reports of GOT-10k: average overlap and success rates over pooled frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.attributes import attribute_means
from siamcorr.evaluation.metrics.got10k import Got10kScores, OverlapScores, got10k_scores
from siamcorr.evaluation.report.assembly import (
    INTERVAL_NOTE,
    check_runs,
    compare_trackers,
    frames_of,
    pooled_interval,
    tagged,
)
from siamcorr.evaluation.report.model import Report, TrackerReport
from siamcorr.evaluation.results import FloatArray, Trajectory

__all__ = ["build_got10k_report"]

_METRICS = ("ao", "sr_50", "sr_75")
_NOTES = (
    (
        "Convention got10k: the first frame and frames whose target is not visible are dropped, "
        "boxes are brought into the frame, frames of all sequences and repetitions are pooled."
    ),
    "Success rates: share of frames with overlap > 0.50 and > 0.75.",
    INTERVAL_NOTE,
)


def build_got10k_report(
    sequence_set: SequenceSet,
    runs: Mapping[str, Mapping[str, Sequence[Trajectory]]],
    *,
    classes: Mapping[str, str] | None = None,
) -> Report:
    """Average overlap and success rates of trackers on the same sequences.

    Args:
        sequence_set: the ground truth; `visible` is what the data set calls cover.
        runs: label -> sequence -> its repetitions, as many for each sequence as there are.
        classes: object class of each sequence, for mAO and mSR; None leaves them out.

    Returns:
        The report; the first tracker is what the others are compared with.

    Convention:
        That of `siamcorr.evaluation.metrics.got10k.got10k_scores`.

    Raises:
        InvalidArgument: no tracker, a sequence without a run, or a run of another length.
    """
    check_runs("build_got10k_report", sequence_set, runs)
    trackers = tuple(
        _tracker(label, sequence_set, of_tracker, classes) for label, of_tracker in runs.items()
    )
    return Report(
        dataset=sequence_set.name,
        protocol="ope",
        convention="got10k",
        headline="ao",
        trackers=trackers,
        comparisons=compare_trackers(trackers, _METRICS),
        frames=frames_of(sequence_set),
        attributes=tagged(sequence_set),
        notes=_NOTES,
    )


def _tracker(
    label: str,
    sequence_set: SequenceSet,
    runs: Mapping[str, Sequence[Trajectory]],
    classes: Mapping[str, str] | None,
) -> TrackerReport:
    scores = got10k_scores(
        {sequence.name: _boxes(label, sequence, runs[sequence.name]) for sequence in sequence_set},
        {sequence.name: sequence.boxes_xywh[:, 0] for sequence in sequence_set},
        sizes={sequence.name: sequence.frame_size for sequence in sequence_set},
        covers={sequence.name: sequence.visible[:, 0] for sequence in sequence_set},
        classes=classes,
    )
    sequences = {name: _numbers(score) for name, score in scores.sequences.items()}
    tags = {sequence.name: sequence.attributes for sequence in sequence_set}
    return TrackerReport(
        label=label,
        summary=_numbers(scores) | _class_numbers(scores),
        intervals=_intervals(scores),
        curves={"overlap": (np.linspace(0, 1, len(scores.curve)), scores.curve)},
        sequences=sequences,
        attributes=attribute_means(sequences, tags),
    )


def _boxes(label: str, sequence: AnnotatedSequence, runs: Sequence[Trajectory]) -> FloatArray:
    """(R, T, 4) boxes of all repetitions."""
    for run in runs:
        if run.start != 0 or len(run) != len(sequence):
            raise InvalidArgument(
                f"build_got10k_report: {label} on {sequence.name}: a run has {len(run)} frames "
                f"from frame {run.start} on, the sequence has {len(sequence)}"
            )
    return np.stack([run.boxes_xywh for run in runs])


def _numbers(scores: OverlapScores) -> dict[str, float]:
    return {"ao": scores.ao, "sr_50": scores.sr_50, "sr_75": scores.sr_75}


def _class_numbers(scores: Got10kScores) -> dict[str, float]:
    if scores.class_mean is None:
        return {}
    return {f"m{metric}": value for metric, value in _numbers(scores.class_mean).items()}


def _intervals(scores: Got10kScores) -> dict[str, tuple[float, float]]:
    """Of the pooled numbers; none of fewer than two sequences."""
    rows = list(scores.sequences.values())
    if len(rows) < 2:
        return {}
    frames = np.array([row.frames for row in rows])
    return {
        metric: pooled_interval(frames * [_numbers(row)[metric] for row in rows], frames)
        for metric in _METRICS
    }
