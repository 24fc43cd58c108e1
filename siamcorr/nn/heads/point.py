"""A point head with depth-wise correlation, after SiamBAN and SiamCAR; of siamcorr's own making.

Source: Chen et al., "Siamese Box Adaptive Network for Visual Tracking", 2020; Guo et al.,
"SiamCAR: Siamese Fully Convolutional Classification and Regression for Visual Tracking", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from siamcorr.nn.checks import check_count, check_levels
from siamcorr.nn.features import Features, as_levels
from siamcorr.nn.heads.depthwise import DepthwiseBranch
from siamcorr.nn.heads.fusion import Fusion, LevelFusion
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.registry import HEADS

__all__ = ["DepthwisePointHead"]


@HEADS.register("point_depthwise")
class DepthwisePointHead(nn.Module):
    """For each level a depth-wise branch for the class, the distances and, if wanted, centreness.

    loc = stride * exp(fused raw distances)

    Args:
        channels: of the feature maps, one number a level.
        stride: pixels of the search crop a cell; fresh distances are about one cell.
        centreness: predict how central a cell is in its box.
        fusion: of the levels, `weighted` by the softmax of learned numbers, or `mean`.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Source:
        SiamBAN for the branches, whose levels are fused after the exponential there, and SiamCAR
        for centreness.

    Raises:
        InvalidArgument: no level, a stride below 1, or another fusion.

    Example:
        >>> import torch
        >>> head = DepthwisePointHead([8], centreness=True).eval()
        >>> output = head(torch.zeros(1, 8, 31, 31), torch.zeros(1, 8, 7, 7))
        >>> output.loc.shape, output.centreness.shape
        (torch.Size([1, 4, 25, 25]), torch.Size([1, 1, 25, 25]))
    """

    def __init__(
        self,
        channels: Sequence[int],
        stride: int = 8,
        centreness: bool = False,
        fusion: Fusion = "weighted",
        backend: str | None = None,
    ) -> None:
        super().__init__()
        check_levels("DepthwisePointHead", "channels", channels)
        check_count("DepthwisePointHead", "stride", stride)
        self.stride = stride
        self.cls = _Levels(channels, 2, fusion, backend)
        self.loc = _Levels(channels, 4, fusion, backend)
        self.centreness = _Levels(channels, 1, fusion, backend) if centreness else None

    def forward(self, search: Features, template: Features) -> BoxOutput:
        """Levels (B, C, Hx, Wx), (B, C, Hz, Wz) to maps of (Hx - Hz + 1) x (Wx - Wz + 1) cells."""
        distances = self.stride * self.loc(search, template).exp()
        centreness = None if self.centreness is None else self.centreness(search, template)
        return BoxOutput(self.cls(search, template), distances, centreness=centreness)


class _Levels(nn.Module):
    """A branch a level and the fusion of what they predict."""

    def __init__(
        self, channels: Sequence[int], outputs: int, fusion: Fusion, backend: str | None
    ) -> None:
        super().__init__()
        branches = (DepthwiseBranch(count, outputs, backend=backend) for count in channels)
        self.levels = nn.ModuleList(branches)
        self.fusion = LevelFusion(len(channels), fusion)

    def forward(self, search: Features, template: Features) -> Tensor:
        xs = as_levels("point_depthwise", "search features", search, len(self.levels))
        zs = as_levels("point_depthwise", "template features", template, len(self.levels))
        branches = zip(self.levels, xs, zs, strict=True)
        fused: Tensor = self.fusion([branch(x, z) for branch, x, z in branches])
        return fused
