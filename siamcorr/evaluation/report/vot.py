"""Reports of VOT's supervised evaluation: accuracy, robustness, expected average overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import UnknownName, closest
from siamcorr.evaluation.metrics.eao import VOT_INTERVALS, expected_average_overlap
from siamcorr.evaluation.metrics.vot import (
    FAILURE,
    VotRun,
    VotScores,
    VotSequence,
    pysot_runs,
    vot_accuracy_robustness,
)
from siamcorr.evaluation.protocols import truth_region
from siamcorr.evaluation.report.assembly import (
    INTERVAL_NOTE,
    check_runs,
    compare_trackers,
    frames_of,
    pooled_interval,
)
from siamcorr.evaluation.report.model import Report, TrackerReport

__all__ = ["build_vot_report"]

_NOTES = (
    (
        "Overlaps are counted in pixels, as PySOT and the VOT toolkit do; a start's first ten "
        "frames say nothing about accuracy, which pools the frames of all sequences."
    ),
    "Robustness: failures per 100 frames; a tracker starts again five frames after a failure.",
    "By attribute: failures on frames that carry it.",
)


def build_vot_report(
    sequence_set: SequenceSet,
    runs: Mapping[str, Mapping[str, Sequence[VotRun]]],
    *,
    convention: str = "vot2018",
) -> Report:
    """Accuracy, robustness and EAO of trackers on the same sequences.

    Args:
        sequence_set: the ground truth; polygons where the data set has them.
        runs: label -> sequence -> its runs of T regions each; of 15 runs all count, of any other
            number the first, as in PySOT.
        convention: a name of `VOT_INTERVALS`: whose interval the EAO averages over.

    Returns:
        The report. The EAO is left out, with a note, where no sequence is as long as the interval's
        begin; accuracy ranks then.

    Convention:
        Those of `vot_accuracy_robustness` and `expected_average_overlap`. The EAO is no mean over
        sequences, so it has no interval and no paired difference.

    Raises:
        UnknownName: no such convention.
        InvalidArgument: no tracker, a sequence without a run, or a run of another length.
    """
    if convention not in VOT_INTERVALS:
        raise UnknownName(
            f"unknown convention {convention!r}{closest(convention, VOT_INTERVALS)}"
            f"\n  known: {', '.join(VOT_INTERVALS)}"
        )
    check_runs("build_vot_report", sequence_set, runs)
    low, high = VOT_INTERVALS[convention]
    reaches = max(len(sequence) for sequence in sequence_set) >= low
    trackers = tuple(
        _tracker(label, sequence_set, of_tracker, (low, high) if reaches else None)
        for label, of_tracker in runs.items()
    )
    eao_note = f"EAO: mean of the curve from {low} to {high} frames, the interval of {convention}."
    without = f"No EAO: its interval begins at {low} frames, and no sequence is as long."
    return Report(
        dataset=sequence_set.name,
        protocol="vot",
        convention=convention,
        headline="eao" if reaches else "accuracy",
        trackers=trackers,
        comparisons=compare_trackers(trackers, ("accuracy", "failures")),
        frames=frames_of(sequence_set),
        attributes=_tagged_frames(sequence_set),
        notes=(*_NOTES, eao_note if reaches else without, INTERVAL_NOTE),
    )


def _vot_sequences(
    sequence_set: SequenceSet, runs: Mapping[str, Sequence[VotRun]]
) -> dict[str, VotSequence]:
    return {
        sequence.name: VotSequence(
            truth=_truth(sequence), runs=pysot_runs(runs[sequence.name]), size=sequence.frame_size
        )
        for sequence in sequence_set
    }


def _truth(sequence: AnnotatedSequence) -> VotRun:
    return [truth_region(sequence, frame) for frame in range(len(sequence))]


def _tracker(
    label: str,
    sequence_set: SequenceSet,
    runs: Mapping[str, Sequence[VotRun]],
    interval: tuple[int, int] | None,
) -> TrackerReport:
    sequences = _vot_sequences(sequence_set, runs)
    scores = vot_accuracy_robustness(sequences)
    summary = {
        "accuracy": scores.accuracy,
        "robustness": scores.robustness,
        "failures": scores.failures,
    }
    curves = {}
    if interval is not None:
        eao = expected_average_overlap(sequences, interval=interval)
        summary["eao"] = eao.value
        curves["eao"] = (np.arange(len(eao.curve), dtype=np.float64), eao.curve)
    return TrackerReport(
        label=label,
        summary=summary,
        intervals=_intervals(scores),
        curves=curves,
        sequences={
            name: {"accuracy": score.accuracy, "failures": score.failures}
            for name, score in scores.sequences.items()
        },
        attributes=_by_frame_tag(sequence_set, sequences),
    )


def _tagged_frames(sequence_set: SequenceSet) -> dict[str, tuple[str, ...]]:
    """Names of the sequences that have a frame with each tag."""
    tags = sorted({tag for sequence in sequence_set for tag in sequence.frame_tags})
    having = {
        tag: tuple(s.name for s in sequence_set if tag in s.frame_tags and s.frame_tags[tag].any())
        for tag in tags
    }
    return {tag: names for tag, names in having.items() if names}


def _by_frame_tag(
    sequence_set: SequenceSet, sequences: Mapping[str, VotSequence]
) -> dict[str, dict[str, float]]:
    """Failures per run on the frames with each tag, such as `occlusion`."""
    return {
        tag: {
            "failures": sum(
                float((sequences[name].codes == FAILURE)[:, flags].sum(axis=1).mean())
                for name in names
                for flags in [sequence_set[name].frame_tags[tag]]
            )
        }
        for tag, names in _tagged_frames(sequence_set).items()
    }


def _intervals(scores: VotScores) -> dict[str, tuple[float, float]]:
    """Of the robustness; none of fewer than two sequences."""
    rows = list(scores.sequences.values())
    if len(rows) < 2:
        return {}
    failures, frames = [100 * row.failures for row in rows], [row.frames for row in rows]
    return {"robustness": pooled_interval(failures, frames)}
