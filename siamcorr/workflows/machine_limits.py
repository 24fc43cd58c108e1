"""What a machine reaches at most: operations a second in a large product, bytes in a large copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from siamcorr.workflows.timing import interleave

__all__ = ["Limits", "measure_limits"]

_MATRIX = {"cpu": 2048, "cuda": 8192}
_COPIED = {"cpu": 2**27, "cuda": 2**30}
_RUNS = (5, 20)


@dataclass(frozen=True)
class Limits:
    """Best of several runs, at the present number of threads.

    Attributes:
        operations_per_s: of a product of square matrices.
        bytes_per_s: read and written by a copy that fits no cache.
    """

    operations_per_s: float
    bytes_per_s: float


def measure_limits(device: str, dtype: torch.dtype) -> Limits:
    """Measure both; about two seconds.

    Args:
        device: "cpu" or "cuda".
        dtype: of the matrices, with the settings of torch for products (such as TF32).
    """
    side, size = _MATRIX[device], _COPIED[device]
    left, right = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    calls: dict[str, Callable[[], object]] = {
        "product": lambda: left @ right,
        "copy": lambda: target.copy_(source),
    }
    with torch.inference_mode():
        timings = interleave(calls, seconds=1.0, runs=_RUNS, device=device)
    return Limits(2 * side**3 / timings["product"].least_s, 2 * size / timings["copy"].least_s)
