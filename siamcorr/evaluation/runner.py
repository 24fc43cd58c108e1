"""Evaluation runs over processes and machines: resumable, and no half-written run is ever seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, TrackerError
from siamcorr.evaluation.configuration import (
    Configuration,
    join_configuration,
    record_of,
    sequence_records,
)
from siamcorr.evaluation.processes import run_in_processes
from siamcorr.evaluation.units import Unit, plan_units, share_of_rank
from siamcorr.evaluation.worker import Factories, Stopped, Worker, limited_threads

__all__ = ["RunsFailed", "RunsProgress", "StopRequest", "evaluate_sequences", "unfinished_units"]

RunsProgress: TypeAlias = Callable[[str, int, int], None]
"""Called as runs are finished: what the last one was, frames done, frames in all."""
StopRequest: TypeAlias = Callable[[], bool]


class RunsFailed(TrackerError):  # noqa: N818 - reads better at the raise
    """Some runs failed; the others are finished and kept.

    Attributes:
        failures: a sentence a run.
    """

    def __init__(self, failures: Iterable[str]) -> None:
        self.failures = tuple(failures)
        count = len(self.failures)
        lines = "".join(f"\n  {failure}" for failure in self.failures)
        super().__init__(
            f"{count} run{'s' * (count != 1)} failed; the others are kept, nothing is scored{lines}"
        )


def evaluate_sequences(
    sequence_set: SequenceSet,
    trackers: Factories,
    out: Path,
    *,
    protocol: str = "ope",
    processes: int = 1,
    threads: int = 1,
    progress: RunsProgress | None = None,
    stop_requested: StopRequest | None = None,
    rank: int = 0,
    world_size: int = 1,
) -> bool:
    """Run trackers over sequences and keep every run as `OUT/runs/LABEL/SEQUENCE/NNN.npz`.

    Args:
        sequence_set: with frames.
        trackers: label -> function without arguments that builds the tracker. It must be picklable
            for `processes` > 1; its `record()`, if it has one, is what `run.json` remembers.
        out: folder of the evaluation; made if it is absent. Machines must share it.
        protocol: a name of `siamcorr.evaluation.protocols.PROTOCOLS`.
        processes: 1 runs in this process; more are spawned.
        threads: CPU threads of torch and OpenCV in each process.
        progress: called when a run is finished.
        stop_requested: asked often; True ends the call within a frame, or a moment of an external
            program.
        rank: which of `world_size` machines this is.
        world_size: machines that share the work.

    Returns:
        True when all runs of this rank are on disk, False if it was asked to stop.

    Convention:
        - A run that is on disk is not done again; a run is either whole or not there.
        - Neither processes nor ranks change a number, as long as `threads` is the same.
        - Trackers and sequences may be added to a folder; anything else must stay as it was.

    Raises:
        InvalidArgument: the folder holds runs of another configuration, or an argument is unusable.
        RunsFailed: a tracker failed on some sequences; all others are finished first.
        SiamcorrError: a tracker cannot be built.
    """
    if processes < 1 or threads < 1:
        raise InvalidArgument(
            f"evaluate_sequences: processes and threads are at least 1, got {processes}, {threads}"
        )
    units = plan_units(sequence_set, trackers, protocol)
    records = {label: record_of(factory) for label, factory in trackers.items()}
    wanted = Configuration(
        sequence_set.name, protocol, threads, sequence_records(sequence_set), records
    )
    join_configuration(out, wanted)
    mine = share_of_rank(units, rank, world_size)
    todo = [unit for unit in mine if not unit.path(out).exists()]
    if not todo:
        return True
    worker = Worker(out, protocol, trackers, threads)
    tally = _Tally(mine, todo, progress)
    stop = stop_requested or (lambda: False)
    with limited_threads(threads):
        for label in {unit.label: None for unit in todo}:
            worker.build(label)  # what cannot be built says so once, before anything runs
        if processes == 1:
            finished = _run_here(worker, todo, sequence_set, tally, stop)
    if processes > 1:
        finished = run_in_processes(
            replace(worker, built={}),
            todo,
            sequence_set,
            processes,
            ended=tally.ended,
            stop_requested=stop,
        )
    if finished and tally.failures:
        raise RunsFailed(tally.failures)
    return finished


def unfinished_units(
    sequence_set: SequenceSet, labels: Iterable[str], out: Path, protocol: str
) -> list[Unit]:
    """Runs of an evaluation that are not on disk."""
    units = plan_units(sequence_set, labels, protocol)
    return [unit for unit in units if not unit.path(out).exists()]


class _Tally:
    """Counts frames as units end, and keeps what went wrong."""

    def __init__(self, mine: list[Unit], todo: list[Unit], progress: RunsProgress | None) -> None:
        self._total = sum(unit.frames for unit in mine)
        self._done = self._total - sum(unit.frames for unit in todo)
        self._progress = progress or (lambda name, done, total: None)
        self.failures: list[str] = []
        self._progress("", self._done, self._total)

    def ended(self, unit: Unit, failure: str | None) -> None:
        self._done += unit.frames
        if failure is not None:
            self.failures.append(failure)
        self._progress(str(unit), self._done, self._total)


def _run_here(
    worker: Worker, todo: list[Unit], sequences: SequenceSet, tally: _Tally, stop: StopRequest
) -> bool:
    def heartbeat() -> None:
        if stop():
            raise Stopped

    try:
        for unit in todo:
            tally.ended(unit, worker.run(unit, sequences[unit.sequence], heartbeat))
    except Stopped:
        return False
    return True
