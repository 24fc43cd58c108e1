"""Which dtype a function computes in: autocast at the door, float32 under half precision."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["arithmetic_dtype", "autocast_dtype", "autocast_is_on", "under_autocast"]

_HALF = (torch.float16, torch.bfloat16)


def arithmetic_dtype(dtype: torch.dtype) -> torch.dtype:
    """float32 for half precision, the dtype itself otherwise."""
    return torch.float32 if dtype in _HALF else dtype


def autocast_is_on(device: str) -> bool:
    """Whether autocast holds on this device type here; meta tensors have none."""
    return device != "meta" and torch.is_autocast_enabled(device)


def autocast_dtype(x: Tensor) -> torch.dtype | None:
    """What autocast makes of `x` here; None where it is off, and for float64, which it leaves."""
    device = x.device.type
    if not autocast_is_on(device) or x.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype(device)


def under_autocast(function: Callable[[Tensor, Tensor], Tensor], x: Tensor, k: Tensor) -> Tensor:
    """Run `function` on both tensors in autocast's dtype, with autocast off inside.

    Where autocast is off, or for float64 (which it leaves alone), they are passed as they are.
    """
    lower = autocast_dtype(x)
    if lower is None:
        return function(x, k)
    with torch.autocast(x.device.type, enabled=False):
        return function(x.to(lower), k.to(lower))
