"""Scale factors of an image pyramid."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument

__all__ = ["scale_pyramid"]


def scale_pyramid(count: int, step: float) -> Tensor:
    """Factors of an odd number of scales around 1.

    factor_i = step ** (i - (count - 1) / 2),  i = 0 ... count - 1

    Args:
        count: number of scales, odd and >= 1.
        step: ratio of neighbouring scales, > 1.

    Returns:
        (count,) float64, ascending; the middle one is exactly 1.

    Raises:
        InvalidArgument: an even count or a step <= 1.

    Example:
        >>> scale_pyramid(3, 2.0)
        tensor([0.5000, 1.0000, 2.0000], dtype=torch.float64)
    """
    if count < 1 or count % 2 == 0:
        raise InvalidArgument(f"scale_pyramid: count must be odd and >= 1, got {count}")
    if not step > 1:
        raise InvalidArgument(f"scale_pyramid: step must be > 1, got {step}")
    exponents = torch.arange(count, dtype=torch.float64) - (count - 1) / 2
    return torch.as_tensor(step, dtype=torch.float64) ** exponents
