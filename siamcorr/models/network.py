"""What a tracker asks of a network, whichever runtime computes it."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor

from siamcorr.nn.features import Features

__all__ = ["Network", "Rows"]

Rows: TypeAlias = Literal["together", "alone", "on_one_thread"]
"""How the rows of a batch are computed so that none depends on the others, which is what trackers
promise. On CPU torch chooses its convolutions, and how several threads divide them, by the batch's
size, and they round accordingly; where two candidates score almost alike that is enough to make a
target jump.

- `together`: in one call; nothing is to be minded.
- `alone`: in one call for each target, on all threads.
- `on_one_thread`: every thread answers for its share of the targets in one call; for networks whose
  rows do not depend on one another on one thread, as a test has to show.
"""


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
    def rows(self) -> Rows:
        """How rows are computed that must not depend on one another."""
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
