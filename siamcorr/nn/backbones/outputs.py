"""Which feature maps of a backbone are handed on."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from siamcorr.errors import InvalidArgument
from siamcorr.nn.features import Features

__all__ = ["check_outputs", "pack_maps"]


def check_outputs(who: str, outputs: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names of feature maps, in the order of the network.

    Raises:
        InvalidArgument: none, an unknown name, or names that do not go from shallow to deep.
    """
    wanted = tuple(outputs)
    if not wanted or wanted != tuple(name for name in known if name in wanted):
        raise InvalidArgument(
            f"{who}: outputs must be some of {', '.join(known)}, in this order, got {wanted}"
        )
    return wanted


def pack_maps(maps: Sequence[Tensor]) -> Features:
    """One map as itself, several as a tuple."""
    return maps[0] if len(maps) == 1 else tuple(maps)
