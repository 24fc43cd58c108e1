"""Processes that torchrun started: who this one is, and waiting for the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from siamcorr.errors import InvalidArgument, TrackerError

__all__ = ["Ranks", "rank_and_world_size", "torchrun_ranks"]

_PATIENCE = timedelta(days=7)
"""Machines finish their shares hours apart."""


@dataclass(frozen=True)
class Ranks:
    """This process among those that torchrun started; alone it is rank 0 of 1."""

    rank: int
    world_size: int

    def gather(self, lines: Iterable[str]) -> list[str]:
        """Wait until every rank has come here; returns the lines of all, in order of the ranks.

        Raises:
            TrackerError: another rank ended before it came here.
        """
        mine = list(lines)
        if self.world_size == 1:
            return mine
        from torch import distributed

        everyone: list[list[str] | None] = [None] * self.world_size
        try:
            distributed.all_gather_object(everyone, mine)
        except RuntimeError as error:
            raise TrackerError(
                f"rank {self.rank} waited for a rank that has ended; what is finished is kept, so "
                f"the same command goes on from here ({str(error).splitlines()[0]})"
            ) from error
        return [line for of_rank in everyone for line in of_rank or ()]


def rank_and_world_size() -> tuple[int, int]:
    """What torchrun says in the environment variables RANK and WORLD_SIZE; (0, 1) without it.

    Raises:
        InvalidArgument: only one of them is set, or they are no numbers that fit together.
    """
    texts = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if texts == (None, None):
        return 0, 1
    rank, world_size = (int(text) if text and text.isdecimal() else -1 for text in texts)
    if not 0 <= rank < world_size:
        raise InvalidArgument(
            f"the environment says RANK={texts[0]} and WORLD_SIZE={texts[1]}; torchrun sets both, "
            "with RANK in 0 ... WORLD_SIZE - 1; unset them to run alone"
        )
    return rank, world_size


@contextmanager
def torchrun_ranks() -> Iterator[Ranks]:
    """Join the ranks of torchrun, over gloo, for as long as the block lasts."""
    ranks = Ranks(*rank_and_world_size())
    if ranks.world_size == 1:
        yield ranks
        return
    from torch import distributed

    distributed.init_process_group("gloo", timeout=_PATIENCE)
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()
