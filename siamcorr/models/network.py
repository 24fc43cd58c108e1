"""What a tracker asks of a network, whichever runtime computes it."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from siamcorr.nn.features import Features

__all__ = ["Network"]


class Network(Protocol):
    """A network that answers for N targets: `SiameseModel`, or the graphs exported from one."""

    @property
    def stride(self) -> int:
        """Pixels of the crop per cell of the response."""
        ...

    @property
    def device(self) -> torch.device:
        """Where crops go and answers are."""
        ...

    @property
    def row_by_row(self) -> bool:
        """Whether the last digits of a row's answer depend on the other rows of the batch.

        On CPU the convolutions of torch divide their work among threads by the batch's size and
        round accordingly. Where two candidates score almost alike that is enough to make a target
        jump.
        """
        ...

    def prepare(self, crops: Tensor) -> Tensor:
        """RGB uint8 crops (N, H, W, 3) to what the other methods take."""
        ...

    def embed_template(self, template: Tensor) -> Features:
        """Features of prepared template crops."""
        ...

    def respond(self, search: Tensor, template: Features) -> tuple[Features, Any]:
        """Features of prepared search crops, and the head's answer on them and the template's.

        Graphs keep the features to themselves: an empty tuple.
        """
        ...
