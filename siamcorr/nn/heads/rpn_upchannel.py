"""The region proposal head of SiamRPN: up-channel correlation.

Source: Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018,
section 3.2.
"""

from __future__ import annotations

from torch import nn

from siamcorr import ops
from siamcorr.nn.checks import check_count, named_backend
from siamcorr.nn.features import Features, as_map
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.registry import HEADS

__all__ = ["UpChannelRPNHead"]


@HEADS.register("rpn_upchannel")
class UpChannelRPNHead(nn.Module):
    """The template's features become 2K kernels for the classes and 4K for the deltas.

    cls = xcorr_upchannel(cls_search(x), cls_template(z))
    loc = adjust(xcorr_upchannel(loc_search(x), loc_template(z)))

    All four are 3x3 convolutions with bias and without padding; `adjust` is 1x1.

    Args:
        channels: of both feature maps.
        anchors: K, anchors a cell.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Source:
        The paper has no `adjust`; it is DaSiamRPN's, and lets deltas have a scale of their own.

    Example:
        >>> import torch
        >>> head = UpChannelRPNHead(32).eval()
        >>> output = head(torch.zeros(1, 32, 22, 22), torch.zeros(1, 32, 6, 6))
        >>> output.cls.shape, output.loc.shape
        (torch.Size([1, 10, 17, 17]), torch.Size([1, 20, 17, 17]))
    """

    def __init__(self, channels: int = 256, anchors: int = 5, backend: str | None = None) -> None:
        super().__init__()
        check_count("UpChannelRPNHead", "channels", channels)
        check_count("UpChannelRPNHead", "anchors", anchors)
        self.backend = named_backend("UpChannelRPNHead", backend)
        self.cls_template = nn.Conv2d(channels, 2 * anchors * channels, 3)
        self.cls_search = nn.Conv2d(channels, channels, 3)
        self.loc_template = nn.Conv2d(channels, 4 * anchors * channels, 3)
        self.loc_search = nn.Conv2d(channels, channels, 3)
        self.adjust = nn.Conv2d(4 * anchors, 4 * anchors, 1)

    def forward(self, search: Features, template: Features) -> BoxOutput:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to maps of (Hx - Hz + 1) x (Wx - Wz + 1) cells."""
        x = as_map("rpn_upchannel", "search features", search)
        z = as_map("rpn_upchannel", "template features", template)
        cls = ops.xcorr_upchannel(self.cls_search(x), self.cls_template(z), backend=self.backend)
        loc = ops.xcorr_upchannel(self.loc_search(x), self.loc_template(z), backend=self.backend)
        return BoxOutput(cls, self.adjust(loc))
