"""`siamcorr data check`: walks a data set and lists what is wrong in it, going on after a fault."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from siamcorr.data.images import read_image
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.layout import LengthMismatch
from siamcorr.data.sequences.registry import Catalogue, list_sequences
from siamcorr.errors import InvalidArgument, SiamcorrError, SourceError
from siamcorr.workflows.data_problems import (
    DataReport,
    Found,
    Problem,
    against_frame,
    box_problems,
    mask_problems,
)

__all__ = ["CheckProgress", "check_dataset"]

CheckProgress: TypeAlias = Callable[[str, int, int], None]
"""Is told the sequence, the number of sequences begun, and their number in all."""

_PENDING_PER_WORKER = 8  # frames handed out ahead: enough to keep threads busy, few in memory

_Job: TypeAlias = Callable[[], Found]
_Stop: TypeAlias = Callable[[], bool]


def check_dataset(
    name: str,
    root: str | Path,
    *,
    sequences: Iterable[str] | None = None,
    workers: int = 1,
    progress: CheckProgress | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> DataReport:
    """Read every annotation and decode every frame and mask of a data set.

    Args:
        name: a name of `siamcorr.data.dataset_names()`.
        root: its folder, as `load_dataset` takes it.
        sequences: names of the sequences to check; None checks all.
        workers: threads that decode, >= 1.
        progress: told at every sequence.
        stop_requested: asked at every frame; True ends the check with what it has found.

    Returns:
        The report; the same for any number of workers.

    Convention:
        - A box is outside if it shares no area with its frame. One that reaches out partly is
          counted and is no problem, since many sets annotate beyond the border.
        - Boxes of absent targets (`visible` 0) and withheld ones are not judged, but that they
          may not be NaN in part.
        - Where the counts of annotations and frames differ, the frames are still decoded.

    Raises:
        UnknownName: no such data set or sequence.
        SourceError: `root` does not hold the data set.
        InvalidArgument: `workers` is below 1.
    """
    if workers < 1:
        raise InvalidArgument(f"data check: workers must be at least 1, got {workers}")
    catalogue = list_sequences(name, root, sequences)
    report = DataReport(name, str(root))
    stop = stop_requested or _never
    with ThreadPoolExecutor(workers) as pool:
        jobs = _jobs(catalogue, report, progress or _untold, stop)
        for found in _in_order(pool, jobs, workers * _PENDING_PER_WORKER):
            report.problems += found.problems
            report.frames += found.frames
            report.reaching_out += found.reaching_out
            if stop():
                report.interrupted = True
                break
        pool.shutdown(cancel_futures=True)
    return report


def _never() -> bool:
    return False


def _untold(name: str, done: int, total: int) -> None:
    """Nobody watches."""


def _in_order(pool: ThreadPoolExecutor, jobs: Iterable[_Job], ahead: int) -> Iterator[Found]:
    """Results in the order of the jobs, with at most `ahead` of them handed out."""
    pending: deque[Future[Found]] = deque()
    for job in jobs:
        pending.append(pool.submit(job))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _jobs(
    catalogue: Catalogue, report: DataReport, progress: CheckProgress, stop: _Stop
) -> Iterator[_Job]:
    """Read one sequence after another and give out its frames."""
    for name, read in catalogue.items():
        progress(name, report.sequences, len(catalogue))
        report.sequences += 1
        try:
            sequence = read()
        except SiamcorrError as error:
            yield from _jobs_of_fault(name, error)
            continue
        report.boxes += int(np.count_nonzero(sequence.visible > 0))
        faults = list(box_problems(sequence))
        if faults:
            yield _Constant(Found(faults))
        yield from _jobs_of_frames(sequence, stop)
    progress("", len(catalogue), len(catalogue))


@dataclass(frozen=True)
class _Constant:
    """A job that is done already, so that its result keeps its place among the others."""

    found: Found

    def __call__(self) -> Found:
        return self.found


def _jobs_of_fault(name: str, error: SiamcorrError) -> Iterator[_Job]:
    """A sequence that its reader refuses; frames that are there are looked at all the same."""
    yield _Constant(Found([Problem(_kind_of(error), name, None, str(error))]))
    for index, file in enumerate(getattr(error, "frames", ())):
        yield _FileJob(name, index, file, None)


def _kind_of(error: SiamcorrError) -> str:
    if isinstance(error, LengthMismatch):
        return "length mismatch"
    if not isinstance(error, SourceError):
        return "malformed annotation"
    absent = error.__cause__ is None or isinstance(error.__cause__, FileNotFoundError)
    return "missing file" if absent else "unreadable file"


def _jobs_of_frames(sequence: AnnotatedSequence, stop: _Stop) -> Iterator[_Job]:
    if sequence.frame_files is not None:
        for index, file in enumerate(sequence.frame_files):
            yield _FileJob(sequence.name, index, file, sequence)
    elif sequence.video is not None:
        yield _VideoJob(sequence, stop)
    else:
        detail = "only annotations are at hand; give the folder of the data set"
        yield _Constant(Found([Problem("missing file", sequence.name, None, detail)]))


@dataclass(frozen=True)
class _FileJob:
    """Decode one image and its masks, and hold its boxes against its size."""

    name: str
    index: int
    file: Path
    sequence: AnnotatedSequence | None

    def __call__(self) -> Found:
        try:
            image = read_image(self.file)
        except SourceError as error:
            kind = "unreadable file" if self.file.exists() else "missing file"
            return Found([Problem(kind, self.name, self.index, str(error))])
        if self.sequence is None:
            return Found(frames=1)
        found = against_frame(self.sequence, self.index, image)
        return replace(found, problems=[*found.problems, *mask_problems(self.sequence, self.index)])


@dataclass(frozen=True)
class _VideoJob:
    """Decode a video file from its start to the last frame that is annotated."""

    sequence: AnnotatedSequence
    stop: _Stop

    def __call__(self) -> Found:
        done: list[Found] = []
        problems: list[Problem] = []
        try:
            for index, image in enumerate(self.sequence):
                if self.stop():
                    break
                done.append(against_frame(self.sequence, index, image))
        except SiamcorrError as error:
            kind = "unreadable file"
            problems.append(Problem(kind, self.sequence.name, len(done), str(error)))
        return Found(
            [problem for each in done for problem in each.problems] + problems,
            len(done),
            sum(each.reaching_out for each in done),
        )
