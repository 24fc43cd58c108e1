"""Files of `torch.save`, read without running anything that they ask for."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from siamcorr.errors import CheckpointError

__all__ = ["read_torch"]


def read_torch(file: Path) -> Any:
    """Read tensors, numbers, strings and containers of them, on CPU.

    Trainers leave numpy's float64 scalars in their dictionaries (a learning rate). They are
    read as Python numbers, by code of this module: nothing of numpy is called, and the permission
    ends with the call.

    Raises:
        CheckpointError: the file is cut or damaged, or asks for anything else.
    """
    try:
        with torch.serialization.safe_globals(_STAND_INS):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged stream leads the unpickler to any of them
        raise CheckpointError(
            f"{file}: not readable by torch.load(weights_only=True), which refuses files that run "
            f"code: {_reason(error)}"
        ) from error


class _Float64Type:
    """Stands in for `numpy.dtype`; knows float64 only."""

    def __init__(self, code: str, *flags: bool) -> None:
        if code != "f8":
            raise UnpicklingError(f"a numpy scalar of type {code!r}; only float64 is read")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] != "<":
            raise UnpicklingError(f"a numpy scalar of byte order {state[1]!r}; only '<' is read")


def _float64(kind: _Float64Type, content: bytes) -> float:
    """Stands in for numpy's function that makes a scalar from its bytes."""
    return float(struct.unpack("<d", content)[0])


_STAND_INS: list[Any] = [
    (_Float64Type, "numpy.dtype"),
    (_float64, "numpy.core.multiarray.scalar"),
    (_float64, "numpy._core.multiarray.scalar"),
]


def _reason(error: Exception) -> str:
    """The sentence that matters, out of torch's advice to read the file unsafely."""
    text = str(error)
    wanted = re.search(r"GLOBAL ([\w.]+)", text)
    if wanted:
        return f"it asks for {wanted[1]}; nothing was executed"
    if "zip archive" in text or isinstance(error, EOFError):
        return "the file is cut or damaged"
    if "Unsupported operand" in text:
        return "it is no file of torch.save, or damaged"
    lines = [line for line in text.splitlines() if line and "Weights only load" not in line]
    return lines[0] if lines else type(error).__name__
