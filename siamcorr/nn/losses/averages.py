"""Means over the cells that count: over the whole batch, or in each pair first."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.errors import ShapeError
from siamcorr.nn.losses.checks import Balance, check_balance

__all__ = ["in_pairs", "weighted_mean"]


def weighted_mean(values: Tensor, weights: Tensor, *, balance: Balance = "batch") -> Tensor:
    """Mean of the values that have a weight.

    batch: sum_bi w_bi v_bi / sum_bi w_bi
    pair:  1/B sum_b (sum_i w_bi v_bi / sum_i w_bi)

    Args:
        values: (B, ...) of one pair each.
        weights: (B, ...) of the same shape, >= 0, or bool; values of weight 0 are not looked at, so
            they may be infinite or NaN.
        balance: `batch` lets pairs with much weight count for more, as the papers do. With `pair`
            all count alike, so the mean over a batch is that of the means over its halves, and
            averaging gradients over processes is training with the larger batch.

    Returns:
        () of the values' dtype. No weight at all is 0, with a gradient of 0: of a batch under
        `batch`, of a pair under `pair`.

    Raises:
        ShapeError: values and weights differ in shape.
        InvalidArgument: another balance.

    Example:
        >>> values, weights = torch.tensor([[1.0, 2.0], [6.0, 9.0]]), torch.tensor([[1, 1], [1, 0]])
        >>> weighted_mean(values, weights), weighted_mean(values, weights, balance="pair")
        (tensor(3.), tensor(3.7500))
    """
    check_balance("weighted_mean", balance)
    if values.shape != weights.shape:
        shapes = f"{tuple(values.shape)} and {tuple(weights.shape)}"
        raise ShapeError(f"weighted_mean: values and weights differ in shape: {shapes}")
    weights = weights.to(values.dtype)
    weighted = torch.where(weights > 0, values, 0) * weights
    sums, totals = in_pairs(weighted, balance).sum(1), in_pairs(weights, balance).sum(1)
    return (sums / torch.where(totals > 0, totals, 1)).mean()


def in_pairs(values: Tensor, balance: Balance) -> Tensor:
    """(B, ...) to rows that are averaged apart: (B, M) for `pair`, (1, B * M) for `batch`."""
    return values.flatten(1) if balance == "pair" else values.reshape(1, -1)
