"""The head of trackers with fixed features: normalised cross-correlation."""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr import ops
from siamcorr.nn.heads.registry import HEADS

__all__ = ["NCCHead"]


@HEADS.register("ncc")
class NCCHead(nn.Module):
    """Response = ncc(search, template), in -1 ... 1 whatever the features' scale.

    Args:
        backend: backend of the correlation; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> NCCHead()(torch.rand(2, 10, 64, 64), torch.rand(2, 10, 32, 32)).shape
        torch.Size([2, 1, 33, 33])
    """

    def __init__(self, backend: str | None = None) -> None:
        super().__init__()
        self.backend = backend

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, 1, Hr, Wr)."""
        return ops.ncc(search, template, backend=self.backend)
