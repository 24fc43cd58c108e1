"""Losses of what is the target and what is not: two logits as one, and the balanced logistic."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument
from siamcorr.nn.losses.averages import weighted_mean
from siamcorr.nn.losses.checks import Balance, as_logits, check_balance
from siamcorr.ops.precision import arithmetic_dtype

__all__ = ["balanced_logistic_loss", "foreground_logits"]


def foreground_logits(cls: Tensor) -> Tensor:
    """Two logits an anchor to their difference.

    The softmax over background and foreground is the logistic function of the difference, so a loss
    on the softmax is a loss on it.

    Args:
        cls: (B, 2K, S, S), channel k the background of anchor k, K + k its foreground.

    Returns:
        (B, K, S, S), foreground minus background; half precision becomes float32 first.

    Example:
        >>> import torch
        >>> foreground_logits(torch.tensor([1.0, 5.0, 4.0, 2.0]).view(1, 4, 1, 1)).flatten()
        tensor([ 3., -3.])
    """
    background, foreground = cls.to(arithmetic_dtype(cls.dtype)).chunk(2, dim=1)
    return foreground - background


def balanced_logistic_loss(
    logits: Tensor, labels: Tensor, *, balance: Balance = "batch", drop_single: bool = False
) -> Tensor:
    """Half the mean logistic loss of the positives and half that of the negatives.

    loss = 1/2 mean_{label 1} ln(1 + exp(-logit)) + 1/2 mean_{label 0} ln(1 + exp(logit))

    Args:
        logits: (B, ...) of any range.
        labels: (B, ...) of the same shape: 1 positive, 0 negative, -1 ignored.
        balance: over what both means go, see `weighted_mean`.
        drop_single: whether a half with exactly one label in the batch counts as 0.

    Returns:
        (), at least float32.

    Convention:
        A half without labels is 0. `drop_single` is PySOT's: there a single index loses its axis
        and is taken for an empty one.
        SiamFC's weights, 1/2 over all positives and 1/2 over all negatives of the batch, are this;
        so is PySOT's negative log-likelihood of two logits, on `foreground_logits`.
        `batch` divides by the counts of the batch at hand: averaged over processes it is close to,
        not equal to, the loss of the joined batch. `pair` is equal.

    Raises:
        ShapeError: logits and labels differ in shape.
        InvalidArgument: another balance, or `drop_single` with `pair`.

    Source:
        Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016, with
        the weights of siamfc-pytorch; PySOT.

    Example:
        >>> import torch
        >>> logits, labels = torch.zeros(2, 1, 17, 17), torch.zeros(2, 1, 17, 17)
        >>> labels[:, :, 8, 8] = 1
        >>> balanced_logistic_loss(logits, labels)
        tensor(0.6931)
    """
    who = "balanced_logistic_loss"
    check_balance(who, balance)
    if drop_single and balance == "pair":
        raise InvalidArgument(f"{who}: drop_single counts labels of the batch; use balance batch")
    logits = as_logits(who, logits, labels=labels)
    positive, negative = labels == 1, labels == 0
    wanted = positive.to(logits.dtype)
    losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    if drop_single:
        positive, negative = (half & (half.sum() != 1) for half in (positive, negative))
    halves = [weighted_mean(losses, half, balance=balance) for half in (positive, negative)]
    return 0.5 * halves[0] + 0.5 * halves[1]
