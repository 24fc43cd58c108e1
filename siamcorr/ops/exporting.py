"""Whether an ONNX file is being written, whose operators fix what those of torch leave open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["is_exporting", "onnx_export"]

_in_thread = threading.local()


def is_exporting() -> bool:
    """Whether what is traced here becomes an ONNX file."""
    return torch.onnx.is_in_onnx_export() or getattr(_in_thread, "onnx", False)


@contextmanager
def onnx_export() -> Iterator[None]:
    """Inside the block correlations are computed in operators that ONNX has.

    `torch.onnx.export(dynamo=True)` says so by itself in later versions of torch, but not in 2.6.
    """
    before = getattr(_in_thread, "onnx", False)
    _in_thread.onnx = True
    try:
        yield
    finally:
        _in_thread.onnx = before
