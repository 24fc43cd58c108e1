"""Reports of one-pass evaluation and of its robust forms, TRE and SRE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.attributes import attribute_means
from siamcorr.evaluation.metrics.conventions import OpeConvention, find_convention
from siamcorr.evaluation.metrics.ope import OpeScores, mean_ope, score_ope
from siamcorr.evaluation.report.assembly import (
    INTERVAL_NOTE,
    check_runs,
    compare_trackers,
    frames_of,
    mean_intervals,
    tagged,
)
from siamcorr.evaluation.report.model import Report, TrackerReport
from siamcorr.evaluation.results import Trajectory

__all__ = ["build_ope_report"]


def build_ope_report(
    sequence_set: SequenceSet,
    runs: Mapping[str, Mapping[str, Sequence[Trajectory]]],
    *,
    convention: str | OpeConvention = "pysot",
    protocol: str = "ope",
) -> Report:
    """Success, precision and normalised precision of trackers on the same sequences.

    Args:
        sequence_set: the ground truth, one target a sequence.
        runs: label -> sequence -> its runs: one for OPE, several for TRE and SRE. Further
            sequences are left out.
        convention: a name of `OPE_CONVENTIONS`, or one of your own.
        protocol: `ope`, `tre` or `sre`; only a name.

    Returns:
        The report; the first tracker is what the others are compared with.

    Convention:
        A run that starts late is scored on its own frames. The runs of a sequence are averaged
        first, then the sequences, so each weighs the same. A frame with `visible` 0 is absent.

    Raises:
        InvalidArgument: no tracker, a sequence without a run, or a run that ends elsewhere than
            its sequence.
        UnknownName: no such convention.
    """
    rules = find_convention(convention)
    check_runs("build_ope_report", sequence_set, runs)
    trackers = tuple(
        _tracker(label, sequence_set, of_tracker, rules) for label, of_tracker in runs.items()
    )
    return Report(
        dataset=sequence_set.name,
        protocol=protocol,
        convention=rules.name,
        headline="success_auc",
        trackers=trackers,
        comparisons=compare_trackers(trackers, trackers[0].summary),
        frames=frames_of(sequence_set),
        attributes=tagged(sequence_set),
        notes=_notes(rules, protocol),
    )


def _tracker(
    label: str,
    sequence_set: SequenceSet,
    runs: Mapping[str, Sequence[Trajectory]],
    rules: OpeConvention,
) -> TrackerReport:
    scores = {
        sequence.name: mean_ope(_score(label, sequence, run, rules) for run in runs[sequence.name])
        for sequence in sequence_set
    }
    overall = mean_ope(scores.values())
    sequences = {name: _numbers(score) for name, score in scores.items()}
    summary = _numbers(overall)
    tags = {sequence.name: sequence.attributes for sequence in sequence_set}
    return TrackerReport(
        label=label,
        summary=summary,
        intervals=mean_intervals(sequences, summary),
        curves={
            "success": (np.array(rules.success_thresholds), overall.success),
            "precision": (np.array(rules.precision_thresholds), overall.precision),
            "normalised_precision": (
                np.array(rules.normalised_thresholds),
                overall.normalised_precision,
            ),
        },
        sequences=sequences,
        attributes=attribute_means(sequences, tags),
    )


def _score(
    label: str, sequence: AnnotatedSequence, run: Trajectory, rules: OpeConvention
) -> OpeScores:
    if run.start + len(run) != len(sequence):
        raise InvalidArgument(
            f"build_ope_report: {label} on {sequence.name}: a run covers the frames {run.start} "
            f"... {run.start + len(run) - 1}, the sequence ends with frame {len(sequence) - 1}"
        )
    truth = sequence.boxes_xywh[run.start :, 0]
    absent = sequence.visible[run.start :, 0] == 0
    return score_ope(run.boxes_xywh, truth, convention=rules, absent=absent)


def _numbers(scores: OpeScores) -> dict[str, float]:
    """Numbers of a sequence or of all, by metric; a precision that is an area has its own name."""
    at_20 = scores.convention.precision_headline == 20.0
    return {
        "success_auc": scores.auc,
        "precision_20" if at_20 else "precision": scores.precision_headline,
        "normalised_precision": scores.normalised_precision_headline,
    }


def _notes(rules: OpeConvention, protocol: str) -> tuple[str, ...]:
    first = "as predicted" if rules.first_frame == "scored" else "replaced by the ground truth"
    absent = "like others" if rules.absent == "scored" else "as a miss"
    blank = "dropped" if rules.unannotated == "dropped" else "counted as a miss of success"
    several = {"tre": "starts", "sre": "start boxes"}.get(protocol)
    notes = [
        f"Convention {rules.name}: {rules.source}.",
        (
            f"Success: overlap > threshold at {len(rules.success_thresholds)} thresholds. "
            "Precision: centre distance <= threshold, in pixels or in shares of the target's size."
        ),
        (
            f"The first frame is scored {first}; frames with an absent target count {absent}, "
            f"frames without annotation are {blank}."
        ),
    ]
    if rules.off_frame == "hit":
        notes.append("Frames whose ground-truth centre has x <= 0 or y <= 0 are hits of precision.")
    if several:
        notes.append(f"Each sequence is the mean over its {several}.")
    return (*notes, "Sequences weigh the same.", INTERVAL_NOTE)
