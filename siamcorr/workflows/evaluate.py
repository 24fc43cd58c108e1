"""The evaluation of trackers on a data set: run what is not on disk, score, write the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siamcorr.data.sequences.registry import load_dataset
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, SourceError, UnknownName, closest
from siamcorr.evaluation.metrics.conventions import OPE_CONVENTIONS
from siamcorr.evaluation.metrics.eao import VOT_INTERVALS
from siamcorr.evaluation.protocols import PROTOCOLS
from siamcorr.evaluation.report import (
    Report,
    ReportFiles,
    build_got10k_report,
    build_ope_report,
    build_vot_report,
    write_report,
)
from siamcorr.evaluation.runner import (
    RunsFailed,
    RunsProgress,
    StopRequest,
    evaluate_sequences,
    unfinished_units,
)
from siamcorr.evaluation.runs import check_name, load_responses, load_runs, load_vot_runs
from siamcorr.workflows.ranks import Ranks, torchrun_ranks
from siamcorr.workflows.records import machine, versions
from siamcorr.workflows.result_files import Runs, export_runs, format_of, import_runs
from siamcorr.workflows.tracker_spec import TrackerSpec

__all__ = ["Evaluation", "EvaluationRequest", "evaluate"]


@dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate, on what and how.

    Attributes:
        dataset: a name of `siamcorr.data.sequences.registry.dataset_names()`.
        root: its folder, or a PySOT annotation JSON where only results are scored.
        out: folder of the runs and the report.
        trackers: to run.
        results: label -> folder of result files in the data set's own format, scored as they are.
        protocol: a name of `PROTOCOLS`; None takes `vot` for vot and `ope` for the others.
        convention: how frames are counted; None takes the data set's own: `vot2018`, `got10k`,
            `lasot`, `trackingnet`, and `pysot` for otb and other protocols on vot.
        sequences: names; None takes all.
        processes: that run sequences at the same time.
        threads: CPU threads of each process.
        worst: films of how many sequences for each tracker.
    """

    dataset: str
    root: Path
    out: Path
    trackers: Sequence[TrackerSpec] = ()
    results: Mapping[str, Path] = field(default_factory=dict)
    protocol: str | None = None
    convention: str | None = None
    sequences: Iterable[str] | None = None
    processes: int = 1
    threads: int = 1
    worst: int = 5


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        report: None where it was interrupted, and on all ranks but the first.
        files: of the report, likewise.
        interrupted: whether it was asked to stop; the finished runs are kept.
    """

    report: Report | None = None
    files: ReportFiles | None = None
    interrupted: bool = False


def evaluate(
    request: EvaluationRequest,
    *,
    progress: RunsProgress | None = None,
    stop_requested: StopRequest | None = None,
) -> Evaluation:
    """Evaluate trackers; under torchrun every rank calls this and does its share of the runs.

    Args:
        request: what to do.
        progress: called when a run is finished.
        stop_requested: asked often; True ends the call early.

    Returns:
        The report and its files. It covers the trackers and sequences of this request, whatever
        else the folder holds; neither processes nor ranks change `report.json`.

    Raises:
        InvalidArgument: nothing to evaluate, labels that clash, results or a folder that do not
            fit; before anything is run.
        UnknownName: no such data set, sequence, protocol or convention.
        SourceError: the data set or results cannot be read.
        RunsFailed: a tracker failed on some sequences; the others are finished first, and there
            is no report.
    """
    labels = _checked_labels(request)
    sequences = load_dataset(request.dataset, request.root, sequences=request.sequences)
    _check_targets(sequences)
    protocol = request.protocol or ("vot" if request.dataset == "vot" else "ope")
    convention = _checked_convention(request, protocol)
    if request.trackers:
        _check_frames(sequences, request.root)
    given: dict[str, Any] = {
        label: import_runs(sequences, protocol, folder) for label, folder in request.results.items()
    }
    with torchrun_ranks() as ranks:
        if not _run(request, sequences, protocol, ranks, progress, stop_requested):
            return Evaluation(interrupted=True)
    if ranks.rank != 0:
        return Evaluation()
    load = load_vot_runs if protocol == "vot" else load_runs
    made: Mapping[str, Any] = load(request.out, labels, sequences.names)
    _export(request, protocol, made)
    runs = {**made, **given}
    report = _build(sequences, runs, protocol, convention)
    files = write_report(
        report,
        request.out,
        sequence_set=sequences,
        runs=runs,
        responses=lambda label, name: load_responses(request.out, label, name),
        machine={**machine(), **versions(), "threads": request.threads},
        worst=request.worst,
    )
    return Evaluation(report, files)


def _checked_labels(request: EvaluationRequest) -> list[str]:
    """Labels of the trackers to run, after a look at those of the results, too."""
    labels = [tracker.label for tracker in request.trackers]
    all_labels = [*labels, *(check_name(label, "the label") for label in request.results)]
    if not all_labels:
        raise InvalidArgument("evaluate: neither a tracker nor results are given")
    twice = sorted({label for label in all_labels if all_labels.count(label) > 1})
    if twice:
        raise InvalidArgument(
            f"evaluate: {', '.join(twice)} is the label of several; tell them apart: LABEL=..."
        )
    return labels


def _checked_convention(request: EvaluationRequest, protocol: str) -> str:
    """The convention to count by; protocol and convention are checked before hours are spent."""
    if protocol not in PROTOCOLS:
        raise UnknownName(
            f"unknown protocol {protocol!r}{closest(protocol, PROTOCOLS)}"
            f"\n  known: {', '.join(PROTOCOLS)}"
        )
    own = request.dataset if request.dataset in ("lasot", "trackingnet") else "pysot"
    known = list(VOT_INTERVALS) if protocol == "vot" else list(OPE_CONVENTIONS)
    default = "vot2018" if protocol == "vot" else own
    if request.dataset == "got10k" and protocol == "ope":
        known, default = ["got10k", *known], "got10k"
    wanted = request.convention or default
    if wanted not in known:
        raise UnknownName(
            f"unknown convention {wanted!r} for {request.dataset} under the protocol {protocol}"
            f"{closest(wanted, known)}\n  known: {', '.join(known)}"
        )
    return wanted


def _check_targets(sequences: SequenceSet) -> None:
    """The protocols follow one target from the first frame on."""
    for sequence in sequences:
        targets = sequence.boxes_xywh.shape[1]
        if targets != 1 or not (sequence.visible[0, 0] > 0):
            state = f"{targets} targets" if targets != 1 else "a target that its first frame lacks"
            raise InvalidArgument(
                f"evaluate: {sequence.name} has {state}; the protocols follow one target that is "
                "seen in the first frame: choose others by --sequences, or cut the sequence"
            )


def _check_frames(sequences: SequenceSet, root: Path) -> None:
    without = [each.name for each in sequences if each.frame_files is None and each.video is None]
    if without:
        raise InvalidArgument(
            f"evaluate: {root} has annotations but no frames of {', '.join(without[:8])}; to run a "
            "tracker give the folder of the data set"
        )


def _run(
    request: EvaluationRequest,
    sequences: SequenceSet,
    protocol: str,
    ranks: Ranks,
    progress: RunsProgress | None,
    stop_requested: StopRequest | None,
) -> bool:
    """Do the runs that are not on disk, with the other ranks; False if it was asked to stop."""
    if not request.trackers:
        return True
    failures: tuple[str, ...] = ()
    try:
        finished = evaluate_sequences(
            sequences,
            {tracker.label: tracker for tracker in request.trackers},
            request.out,
            protocol=protocol,
            processes=request.processes,
            threads=request.threads,
            progress=progress,
            stop_requested=stop_requested,
            rank=ranks.rank,
            world_size=ranks.world_size,
        )
    except RunsFailed as error:
        finished, failures = True, error.failures
    if not finished:
        return False
    everywhere = ranks.gather(failures)
    if everywhere:
        raise RunsFailed(everywhere)
    labels = [tracker.label for tracker in request.trackers]
    missing = unfinished_units(sequences, labels, request.out, protocol)
    if missing:
        raise SourceError(
            f"{request.out}: {len(missing)} runs of other ranks are not here, such as "
            f"{missing[0]}; all machines need the same folder"
        )
    return True


def _export(request: EvaluationRequest, protocol: str, runs: Mapping[str, Runs]) -> None:
    """Write the runs in the data set's own format, where it has one."""
    name = format_of(request.dataset, protocol)
    if name is not None:
        for label, of_tracker in runs.items():
            export_runs(name, request.out / name / label, of_tracker)


def _build(
    sequences: SequenceSet, runs: Mapping[str, Any], protocol: str, convention: str
) -> Report:
    if protocol == "vot":
        return build_vot_report(sequences, runs, convention=convention)
    if convention == "got10k":
        return build_got10k_report(sequences, runs)
    return build_ope_report(sequences, runs, convention=convention, protocol=protocol)
