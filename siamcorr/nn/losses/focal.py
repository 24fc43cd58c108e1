"""Focal losses: what is right already counts little; of labels, and of the quality of boxes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.nn.losses.averages import in_pairs
from siamcorr.nn.losses.checks import Balance, as_logits, check_balance

__all__ = ["focal_loss", "quality_focal_loss"]


def focal_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    alpha: float = 0.25,
    gamma: float = 2.0,
    balance: Balance = "batch",
) -> Tensor:
    """Logistic loss in which what is right already counts little.

    loss = 1/max(1, P) sum_i a_i (1 - p_i)^gamma (-ln p_i),   p_i the probability of label i,
           a_i = alpha where it is 1 and 1 - alpha where it is 0, P the number of positives

    Args:
        logits: (B, ...) of any range.
        labels: (B, ...) of the same shape: 1 positive, 0 negative, -1 ignored.
        alpha: weight of the positives, in 0 ... 1.
        gamma: >= 0; 0 is the logistic loss.
        balance: `batch` divides by the positives of the batch; `pair` divides the sum of each pair
            by its own and averages over pairs, as processes that average their gradients do.

    Returns:
        (), at least float32.

    Raises:
        ShapeError: logits and labels differ in shape.
        InvalidArgument: another balance.

    Source:
        Lin et al., "Focal Loss for Dense Object Detection", 2017, as in torchvision; divided as in
        Xu et al., "SiamFC++", 2020.

    Example:
        >>> focal_loss(torch.zeros(1, 4), torch.tensor([[1, 0, 0, -1]]))  # ln 2 / 4 * (1/4 + 2*3/4)
        tensor(0.3033)
    """
    from torchvision.ops import sigmoid_focal_loss

    check_balance("focal_loss", balance)
    logits = as_logits("focal_loss", logits, labels=labels)
    wanted = (labels == 1).to(logits.dtype)
    losses = sigmoid_focal_loss(logits, wanted, alpha=alpha, gamma=gamma)
    return _per_positive(losses, labels, balance)


def quality_focal_loss(
    logits: Tensor,
    labels: Tensor,
    quality: Tensor,
    *,
    beta: float = 2.0,
    balance: Balance = "batch",
) -> Tensor:
    """Focal loss in which a positive should score as high as its box is good.

    loss = 1/max(1, P) sum_i |q_i - p_i|^beta (-q_i ln p_i - (1 - q_i) ln(1 - p_i)),
           p = 1 / (1 + exp(-logit)), P the number of positives

    Args:
        logits: (B, ...) of any range.
        labels: (B, ...) of the same shape: 1 positive, 0 negative, -1 ignored.
        quality: (B, ...) of the same shape, in 0 ... 1, such as the overlap of the predicted box
            with the target: q of the positives, not looked at elsewhere; q of a negative is 0.
        beta: >= 1.
        balance: as in `focal_loss`.

    Returns:
        (), at least float32.

    Raises:
        ShapeError: logits, labels and quality differ in shape.
        InvalidArgument: another balance.

    Source:
        Li et al., "Generalized Focal Loss", 2020.

    Example:
        >>> labels, quality = torch.tensor([[1, 0, -1]]), torch.tensor([[0.5, 0.0, 0.0]])
        >>> quality_focal_loss(torch.zeros(1, 3), labels, quality)  # ln 2 * (0 + 1/4)
        tensor(0.1733)
    """
    check_balance("quality_focal_loss", balance)
    logits = as_logits("quality_focal_loss", logits, labels=labels, quality=quality)
    wanted = torch.where(labels == 1, quality.to(logits.dtype), 0)
    losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    losses = losses * (wanted - logits.sigmoid()).abs().pow(beta)
    return _per_positive(losses, labels, balance)


def _per_positive(losses: Tensor, labels: Tensor, balance: Balance) -> Tensor:
    """The sum of what is labelled over the number of positives."""
    sums = in_pairs(torch.where(labels >= 0, losses, 0), balance).sum(1)
    averaged: Tensor = (sums / in_pairs(labels == 1, balance).sum(1).clamp(min=1)).mean()
    return averaged
