"""Checks of what the layers' constructors are given, so that a mistake shows where it is made."""

from __future__ import annotations

from siamcorr.errors import InvalidArgument
from siamcorr.ops.dispatch import check_backend

__all__ = ["check_channels", "check_count", "check_levels", "named_backend"]


def check_count(who: str, name: str, count: object) -> None:
    """An int of at least 1.

    Raises:
        InvalidArgument: another type, or less than 1.
    """
    if not isinstance(count, int) or count < 1:
        raise InvalidArgument(f"{who}: {name} must be an int >= 1, got {count!r}")


def check_channels(who: str, in_channels: int, out_channels: int, groups: int) -> None:
    """Channels in and out are counts that the groups divide.

    Raises:
        InvalidArgument: one of the three is no count, or a division leaves a remainder.
    """
    check_count(who, "groups", groups)
    for name, count in (("in_channels", in_channels), ("out_channels", out_channels)):
        check_count(who, name, count)
        if count % groups:
            raise InvalidArgument(f"{who}: groups must divide {name} = {count}, got {groups}")


def check_levels(who: str, name: str, counts: object) -> None:
    """A list of counts, one a level, of at least one level.

    Raises:
        InvalidArgument: another type, no level, or a number that is no count.
    """
    if not isinstance(counts, (list, tuple)) or not counts:
        raise InvalidArgument(f"{who}: {name} must be a list, one number a level, got {counts!r}")
    for count in counts:
        check_count(who, f"every number of {name}", count)


def named_backend(who: str, backend: str | None) -> str | None:
    """The backend as given; None stays None, so that `use_backend` holds at the call.

    Raises:
        UnknownName: no backend has this name.
    """
    return None if backend is None else check_backend(who, backend)
