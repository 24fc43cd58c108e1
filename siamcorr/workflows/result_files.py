"""Results of trackers in the files of the benchmarks: which format is whose, in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from siamcorr.data.result_files import FORMATS
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.evaluation.metrics.vot import VotRun
from siamcorr.evaluation.results import Trajectory

__all__ = ["Runs", "export_runs", "format_of", "import_runs"]

Runs: TypeAlias = Mapping[str, Sequence[Trajectory | VotRun]]
"""Sequence -> runs of one tracker."""

_FORMATS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("otb", "ope"): "otb",
        ("lasot", "ope"): "otb",  # its toolkit reads the same files
        ("got10k", "ope"): "got10k",
        ("trackingnet", "ope"): "trackingnet",
        ("vot", "vot"): "vot",
    }
)


def format_of(dataset: str, protocol: str) -> str | None:
    """Name of the result format that a data set has for a protocol; None where it has none."""
    return _FORMATS.get((dataset, protocol))


def export_runs(name: str, folder: Path, runs: Runs) -> None:
    """Write the runs of one tracker.

    Args:
        name: of the format, from `format_of`.
        folder: of the tracker; made where it is absent.
        runs: of every sequence.
    """
    for sequence, of_sequence in runs.items():
        for number, run in enumerate(of_sequence, start=1):
            if isinstance(run, Trajectory):
                FORMATS[name].write(
                    folder, sequence, run.boxes_xywh, run=number, seconds=run.seconds
                )
            else:
                FORMATS[name].write(folder, sequence, None, run=number, regions=run)


def import_runs(sequences: SequenceSet, protocol: str, folder: Path) -> dict[str, Sequence[Any]]:
    """Read the results of one tracker on every sequence.

    Args:
        sequences: the data set.
        protocol: which decides on the format.
        folder: of the tracker.

    Returns:
        sequence -> runs; as many for each as the first sequence has.

    Raises:
        InvalidArgument: no format for these, a malformed file, or one of another length than its
            sequence.
        SourceError: the folder or a file is absent; names the sequence.
    """
    name = format_of(sequences.name, protocol)
    if name is None:
        known = ", ".join(f"{dataset} with {how}" for dataset, how in _FORMATS)
        raise InvalidArgument(
            f"results of {sequences.name} under the protocol {protocol} have no file format here; "
            f"known: {known}"
        )
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder of results")
    count = _count_runs(name, folder, sequences.names[0])
    return {
        sequence.name: [
            _read(name, folder, sequence.name, number, len(sequence))
            for number in range(1, count + 1)
        ]
        for sequence in sequences
    }


def _count_runs(name: str, folder: Path, sequence: str) -> int:
    FORMATS[name].read(folder, sequence)
    count = 1
    try:
        while True:
            FORMATS[name].read(folder, sequence, run=count + 1)
            count += 1
    except (SourceError, InvalidArgument):  # no further file, or a format for one run
        return count


def _read(name: str, folder: Path, sequence: str, run: int, frames: int) -> Trajectory | VotRun:
    found = FORMATS[name].read(folder, sequence, run)
    if len(found) != frames:
        raise InvalidArgument(
            f"{folder}: the results of {sequence} have {len(found)} lines for {frames} frames"
        )
    return found if isinstance(found, list) else Trajectory(found)
