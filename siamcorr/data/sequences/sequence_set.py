"""The sequences of one data set, by position and by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.errors import InvalidArgument, UnknownName, closest

__all__ = ["SequenceSet"]


@dataclass(frozen=True, eq=False)
class SequenceSet:
    """Sequences of a data set; `len`, iteration and `[name]` work.

    Attributes:
        name: registered name of the data set, such as `otb`.
        sequences: in the order of the data set; no name occurs twice.
    """

    name: str
    sequences: tuple[AnnotatedSequence, ...]

    def __post_init__(self) -> None:
        twice = sorted(name for name, count in Counter(self.names).items() if count > 1)
        if twice:
            raise InvalidArgument(f"SequenceSet: {self.name}: names that occur twice: {twice}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sequences, in order."""
        return tuple(sequence.name for sequence in self.sequences)

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[AnnotatedSequence]:
        return iter(self.sequences)

    def __getitem__(self, name: str) -> AnnotatedSequence:
        if name not in self._by_name:
            raise UnknownName(f"{self.name}: no sequence {name!r}{closest(name, self.names)}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, AnnotatedSequence]:
        return {sequence.name: sequence for sequence in self.sequences}
