"""Options of a registered part, checked against the arguments of its constructor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TypeAlias

from torch import nn

from siamcorr.errors import InvalidArgument, closest

__all__ = ["Option", "Options", "check_options"]

Option: TypeAlias = bool | int | float | str | tuple[int, ...] | tuple[str, ...] | None
Options: TypeAlias = dict[str, Option]
"""Keyword arguments as they stand in a config."""

_GIVEN_ELSEWHERE = ("self", "backend")


def check_options(who: str, part: type[nn.Module], options: Mapping[str, Option]) -> None:
    """Names of options are arguments of the constructor, and those without a default are given.

    Args:
        who: how the config calls the part, such as `backbone 'resnet50'`.
        part: its class; `backend` is no option, as `xcorr_backend` gives it.
        options: what the config has.

    Raises:
        InvalidArgument: an option that the part does not have, or one that it needs is absent.
    """
    arguments = {
        name: argument
        for name, argument in inspect.signature(part.__init__).parameters.items()
        if name not in _GIVEN_ELSEWHERE
    }
    for name in options:
        if name not in arguments:
            known = ", ".join(arguments) or "none"
            raise InvalidArgument(
                f"{who} has no option {name!r}{closest(name, arguments)}; its options: {known}"
            )
    for name, argument in arguments.items():
        if argument.default is inspect.Parameter.empty and name not in options:
            raise InvalidArgument(f"{who} needs the option {name!r}")
