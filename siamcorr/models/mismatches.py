"""Where a state dict does not fit a model: missing, unexpected and mis-shaped keys."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Size, Tensor

__all__ = ["list_mismatches"]

_SHOWN_OF_MANY = 8
_MANY = 40
"""More mismatches of one kind mean another network: a few of them say so."""


def list_mismatches(expected: Mapping[str, Size], state: Mapping[str, Tensor]) -> list[str]:
    """Lines that name the keys that do not fit, missing ones first; none where all fit.

    Args:
        expected: shapes by key; `num_batches_tracked` may be absent from the file.
        state: what the file has.
    """
    missing = [
        f"missing: {key} {tuple(shape)}"
        for key, shape in expected.items()
        if key not in state and not key.endswith("num_batches_tracked")
    ]
    misshaped = [
        f"mis-shaped: {key} is {tuple(state[key].shape)}, the model needs {tuple(shape)}"
        for key, shape in expected.items()
        if key in state and state[key].shape != shape
    ]
    unexpected = [
        f"unexpected: {key} {tuple(value.shape)}"
        for key, value in state.items()
        if key not in expected
    ]
    return [line for lines in (missing, misshaped, unexpected) for line in _shortened(lines)]


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _MANY:
        return lines
    kind = lines[0].partition(":")[0]
    return [*lines[:_SHOWN_OF_MANY], f"... and {len(lines) - _SHOWN_OF_MANY} more {kind}"]
