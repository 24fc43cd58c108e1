"""Several sources of pairs as one, such as video and rendered scenes."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from siamcorr.data.pairs.batch import PairBatch, PairSource
from siamcorr.data.pairs.loader import StagedPairs
from siamcorr.errors import InvalidArgument

__all__ = ["JoinedPairs"]


class _Part(NamedTuple):
    """The share of one source in a batch: places in it, numbers in the source, what was cut."""

    source: int
    places: list[int]
    numbers: list[int]
    cut: Any


class JoinedCut(NamedTuple):
    """A batch whose files are read and whose other pairs are still to be rendered."""

    epoch: int
    parts: list[_Part]


class JoinedPairs:
    """The pairs of all sources, one source's numbers behind the other's; a `StagedPairs`.

    Args:
        sources: at least one; all cut the same shape.

    Convention:
        Numbers are shuffled by `pair_batches`, so a batch mixes the sources in proportion to their
        lengths. Where some sources have masks, the pairs of the others have `has_mask` False.

    Raises:
        InvalidArgument: no source.
    """

    def __init__(self, sources: Sequence[PairSource]) -> None:
        if not sources:
            raise InvalidArgument("JoinedPairs: no source; give at least one")
        self.sources = tuple(sources)
        self._ends = list(itertools.accumulate(len(source) for source in sources))

    def __len__(self) -> int:
        return self._ends[-1]

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        """The pairs with these numbers; see `PairSource`.

        Raises:
            InvalidArgument: a number that is not in 0 ... len - 1, or no number.
        """
        return self.finish(self.cut(epoch, indices), device)

    def cut(self, epoch: int, indices: Sequence[int]) -> JoinedCut:
        """What needs no device: the files are read, nothing is rendered."""
        if not indices or min(indices) < 0 or max(indices) >= len(self):
            raise InvalidArgument(
                f"JoinedPairs: indices must be in 0 ... {len(self) - 1}, got {[*indices]!r:.80}"
            )
        owners = [bisect.bisect_right(self._ends, index) for index in indices]
        parts = []
        for number, source in enumerate(self.sources):
            places = [place for place, owner in enumerate(owners) if owner == number]
            if places:
                first = self._ends[number] - len(source)
                mine = [indices[place] - first for place in places]
                cut = source.cut(epoch, mine) if isinstance(source, StagedPairs) else None
                parts.append(_Part(number, places, mine, cut))
        return JoinedCut(epoch, parts)

    def finish(self, cut: JoinedCut, device: torch.device) -> PairBatch:
        """Bring what `cut` returned to a device and render the other pairs there."""
        parts, places = [], []
        for part in cut.parts:
            source = self.sources[part.source]
            if isinstance(source, StagedPairs):
                parts.append(source.finish(part.cut, device))
            else:
                parts.append(source.batch(cut.epoch, part.numbers, device))
            places += part.places
        return _concatenate(parts, torch.tensor(places, device=device).argsort())


def _concatenate(parts: list[PairBatch], order: Tensor) -> PairBatch:
    """One batch of all parts, its rows in another order."""
    if any(part.masks is not None for part in parts):
        parts = [_with_masks(part) for part in parts]
    columns: dict[str, Any] = {}
    for name in PairBatch._fields:
        column = [getattr(part, name) for part in parts]
        columns[name] = None if column[0] is None else torch.cat(column)[order]
    return PairBatch(**columns)


def _with_masks(part: PairBatch) -> PairBatch:
    """Empty masks, which say nothing, for a batch without any."""
    if part.masks is not None:
        return part
    search, positive = part.search, part.positive
    empty = torch.zeros(len(search), *search.shape[-2:], dtype=torch.bool, device=search.device)
    return part._replace(masks=empty, has_mask=torch.zeros_like(positive))
