"""Region proposal heads of SiamRPN++: depth-wise correlation, on one level or on several.

Source: Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019;
layers as in PySOT.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from siamcorr.nn.checks import check_levels
from siamcorr.nn.features import Features, as_levels, as_map
from siamcorr.nn.heads.depthwise import DepthwiseBranch
from siamcorr.nn.heads.fusion import Fusion, LevelFusion
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.registry import HEADS

__all__ = ["DepthwiseRPNHead", "MultiLevelRPNHead"]


@HEADS.register("rpn_depthwise")
class DepthwiseRPNHead(nn.Module):
    """A depth-wise branch for the anchors' classes and one for their deltas.

    Args:
        channels: of both feature maps.
        anchors: K, anchors a cell.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> head = DepthwiseRPNHead().eval()
        >>> output = head(torch.zeros(1, 256, 26, 26), torch.zeros(1, 256, 6, 6))
        >>> output.cls.shape, output.loc.shape
        (torch.Size([1, 10, 21, 21]), torch.Size([1, 20, 21, 21]))
    """

    def __init__(self, channels: int = 256, anchors: int = 5, backend: str | None = None) -> None:
        super().__init__()
        self.cls = DepthwiseBranch(channels, 2 * anchors, backend=backend)
        self.loc = DepthwiseBranch(channels, 4 * anchors, backend=backend)

    def forward(self, search: Features, template: Features) -> BoxOutput:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to maps of (Hx - Hz + 1) x (Wx - Wz + 1) cells."""
        x = as_map("rpn_depthwise", "search features", search)
        z = as_map("rpn_depthwise", "template features", template)
        return BoxOutput(self.cls(x, z), self.loc(x, z))


@HEADS.register("rpn_multilevel")
class MultiLevelRPNHead(nn.Module):
    """A depth-wise head a level; logits and deltas are fused before anything else is done to them.

    Args:
        channels: of the feature maps, one number a level.
        anchors: K, anchors a cell.
        fusion: `weighted` by the softmax of learned numbers, or `mean`.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Raises:
        InvalidArgument: no level, or another fusion.

    Example:
        >>> import torch
        >>> head = MultiLevelRPNHead([8, 16]).eval()
        >>> search = torch.zeros(1, 8, 31, 31), torch.zeros(1, 16, 31, 31)
        >>> template = torch.zeros(1, 8, 7, 7), torch.zeros(1, 16, 7, 7)
        >>> head(search, template).cls.shape
        torch.Size([1, 10, 25, 25])
    """

    def __init__(
        self,
        channels: Sequence[int],
        anchors: int = 5,
        fusion: Fusion = "weighted",
        backend: str | None = None,
    ) -> None:
        super().__init__()
        check_levels("MultiLevelRPNHead", "channels", channels)
        heads = (DepthwiseRPNHead(count, anchors, backend) for count in channels)
        self.levels = nn.ModuleList(heads)
        self.cls_fusion = LevelFusion(len(channels), fusion)
        self.loc_fusion = LevelFusion(len(channels), fusion)

    def forward(self, search: Features, template: Features) -> BoxOutput:
        """Levels (B, C, Hx, Wx), (B, C, Hz, Wz) to maps of (Hx - Hz + 1) x (Wx - Wz + 1) cells."""
        xs = as_levels("rpn_multilevel", "search features", search, len(self.levels))
        zs = as_levels("rpn_multilevel", "template features", template, len(self.levels))
        levels = zip(self.levels, xs, zs, strict=True)
        outputs: list[BoxOutput] = [head(x, z) for head, x, z in levels]
        cls: Tensor = self.cls_fusion([output.cls for output in outputs])
        loc: Tensor = self.loc_fusion([output.loc for output in outputs])
        return BoxOutput(cls, loc)
