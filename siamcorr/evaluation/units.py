"""Units of work: which run of which tracker on which sequence, and who does it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.protocols import count_runs
from siamcorr.evaluation.runs import check_name, run_path

__all__ = ["Unit", "plan_units", "share_of_rank"]


class Unit(NamedTuple):
    """One run of one tracker on one sequence.

    Attributes:
        label: of the tracker.
        sequence: its name.
        run: counts from 1.
        frames: of the whole sequence, which stands for the cost.
    """

    label: str
    sequence: str
    run: int
    frames: int

    def path(self, out: Path) -> Path:
        """Where the run is kept; it is finished once this file is there."""
        return run_path(out, self.label, self.sequence, self.run)

    def __str__(self) -> str:
        return f"{self.label} on {self.sequence}" + (f", run {self.run}" if self.run > 1 else "")


def plan_units(sequences: SequenceSet, labels: Iterable[str], protocol: str) -> list[Unit]:
    """All runs of an evaluation, the longest first.

    Args:
        sequences: the data set.
        labels: of the trackers.
        protocol: a name of `siamcorr.evaluation.protocols.PROTOCOLS`.

    Returns:
        Sorted by descending frames, then sequence, run and label, so that the order depends on
        nothing else.

    Raises:
        InvalidArgument: a label or a sequence cannot name a folder, or no such protocol.
    """
    checked = [check_name(label, "the label") for label in labels]
    units = [
        Unit(label, check_name(sequence.name, "the sequence"), run, len(sequence))
        for sequence in sequences
        for run in range(1, count_runs(protocol, sequence) + 1)
        for label in checked
    ]
    return sorted(units, key=lambda unit: (-unit.frames, unit.sequence, unit.run, unit.label))


def share_of_rank(units: Iterable[Unit], rank: int, world_size: int) -> list[Unit]:
    """The units that one of several machines does; together the ranks do all, each once.

    Units go, in their order, to the rank with the fewest frames so far, the lowest of equals. What
    is finished already plays no part: ranks that look at the folder at different moments agree.

    Args:
        units: as `plan_units` returns them, the same on every rank.
        rank: 0 ... world_size - 1.
        world_size: number of ranks.

    Raises:
        InvalidArgument: no such rank.

    Example:
        >>> units = [Unit("mil", name, 1, count) for name, count in (("a", 9), ("b", 5), ("c", 3))]
        >>> [[unit.sequence for unit in share_of_rank(units, rank, 2)] for rank in (0, 1)]
        [['a'], ['b', 'c']]
    """
    if not 0 <= rank < world_size:
        raise InvalidArgument(f"share_of_rank: rank {rank} is not in 0 ... {world_size - 1}")
    loads = [0] * world_size
    mine = []
    for unit in units:
        idlest = loads.index(min(loads))
        loads[idlest] += unit.frames
        if idlest == rank:
            mine.append(unit)
    return mine
