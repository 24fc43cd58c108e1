"""The loss of predicted masks.

Source: Wang et al., "Fast Online Object Tracking and Segmentation: A Unifying Approach", 2019, with
the sizes of foolwood/SiamMask.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import ShapeError
from siamcorr.ops.precision import arithmetic_dtype

__all__ = ["mask_losses"]


def mask_losses(logits: Tensor, target: Tensor) -> Tensor:
    """Mean logistic loss of the pixels of each mask.

    loss_n = mean_ij ln(1 + exp(-target_nij * logit_nij))

    Args:
        logits: (N, h, w), brought to the size of the target bilinearly, corner to corner
            (align_corners); 63 x 63 for SiamMask.
        target: (N, H, W): 1 on the target, -1 off it, 0 outside the search crop, where a pixel
            costs ln 2 and has no gradient; 127 x 127 for SiamMask.

    Returns:
        (N,), at least float32.

    Raises:
        ShapeError: not N masks both.

    Example:
        >>> import torch
        >>> mask_losses(torch.zeros(2, 63, 63), torch.ones(2, 127, 127))
        tensor([0.6931, 0.6931])
    """
    if logits.ndim != 3 or target.ndim != 3 or len(logits) != len(target):
        shapes = f"{tuple(logits.shape)} and {tuple(target.shape)}"
        raise ShapeError(f"mask_losses: expected logits (N, h, w), target (N, H, W), got {shapes}")
    logits = logits.to(arithmetic_dtype(logits.dtype))
    if not len(logits):
        return logits.sum((1, 2))  # interpolate refuses an empty batch
    size = (target.shape[1], target.shape[2])
    upsampled = F.interpolate(logits[:, None], size, mode="bilinear", align_corners=True)[:, 0]
    return F.softplus(-target.to(logits.dtype) * upsampled).mean((1, 2))
