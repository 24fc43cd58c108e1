"""What training eats: a batch of template and search crops with the target in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

__all__ = ["PairBatch", "PairSource"]


class PairBatch(NamedTuple):
    """Crops of B pairs; pixels are continuous and 0-based, images float32 RGB in 0 ... 255.

    Attributes:
        template: (B, 3, Sz, Sz).
        search: (B, 3, Sx, Sx).
        template_boxes_xywh: (B, 4) float32, the target in pixels of the template crop.
        boxes_xywh: (B, 4) float32, the target in pixels of the search crop; of a negative pair that
            of the other object in it.
        positive: (B,) bool, whether both crops show the same target.
        seeds: (B,) int64, a number of its own for every pair, from which whatever is drawn for the
            pair later is drawn; so a pair does not depend on its batch.
        masks: (B, Sx, Sx) bool, the target's pixels in the search crop, or None.
        has_mask: (B,) bool, for which pairs `masks` says something, or None.
    """

    template: Tensor
    search: Tensor
    template_boxes_xywh: Tensor
    boxes_xywh: Tensor
    positive: Tensor
    seeds: Tensor
    masks: Tensor | None = None
    has_mask: Tensor | None = None

    def to(self, device: torch.device | str) -> PairBatch:
        """The batch on a device."""
        moved: dict[str, Any] = {
            name: None if each is None else each.to(device) for name, each in self._asdict().items()
        }
        return PairBatch(**moved)


class PairSource(Protocol):
    """Where pairs come from: video, or a renderer."""

    def __len__(self) -> int:
        """Pairs an epoch."""
        ...

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        """The pairs with these numbers; a pure function of source, epoch and number.

        Args:
            epoch: 0, 1, ...
            indices: numbers in 0 ... len - 1.
            device: where the batch is wanted.

        Returns:
            One pair a number; each is the same whatever else is in the batch.
        """
        ...
