"""The head of SiamFC: cross-correlation times a constant, no parameter."""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr import ops
from siamcorr.nn.heads.registry import HEADS

__all__ = ["SiamFCHead"]


@HEADS.register("siamfc")
class SiamFCHead(nn.Module):
    """Response = 1e-3 * xcorr(search, template).

    Args:
        backend: backend of the correlation; None chooses by shape, batch size included.

    Source:
        Bertinetto et al. 2016, eq. 2; the gain that keeps the logistic loss in range and the
        absent bias are those of siamfc-pytorch.

    Example:
        >>> import torch
        >>> SiamFCHead()(torch.ones(2, 256, 22, 22), torch.ones(2, 256, 6, 6)).shape
        torch.Size([2, 1, 17, 17])
    """

    gain = 1e-3

    def __init__(self, backend: str | None = None) -> None:
        super().__init__()
        self.backend = backend

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, 1, Hr, Wr)."""
        return self.gain * ops.xcorr(search, template, backend=self.backend)
