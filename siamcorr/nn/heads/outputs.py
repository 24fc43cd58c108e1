"""What heads that predict boxes answer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["BoxOutput"]


class BoxOutput(NamedTuple):
    """Raw maps of a box head: S x S cells, K anchors a cell (K = 1 for points).

    Attributes:
        cls: (B, 2K, S, S) logits; channel k is the background of anchor k, K + k its foreground.
        loc: (B, 4K, S, S). Anchor heads: deltas dx, dy, dw, dh, channel coordinate * K + k.
            Point heads: distances left, top, right, bottom in pixels of the search crop, positive.
        mask_features: (B, C, S, S) correlation that a mask is made from, where the head has masks.
        centreness: (B, 1, S, S) logits, where the head has them.
        masks: (B, m * m, S, S) logits of m x m masks at every cell, row by row, where the head has
            masks and is in training mode.
    """

    cls: Tensor
    loc: Tensor
    mask_features: Tensor | None = None
    centreness: Tensor | None = None
    masks: Tensor | None = None
