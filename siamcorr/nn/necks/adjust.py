"""The neck of SiamRPN++: 1x1 convolutions to the head's channels, template maps cut to the middle.

Source: Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.checks import check_count, check_levels
from siamcorr.nn.features import Features, as_levels
from siamcorr.nn.necks.registry import NECKS

__all__ = ["AdjustNeck"]


@NECKS.register("adjust")
class AdjustNeck(nn.Module):
    """For each level a 1x1 convolution without bias and a batch norm, no activation.

    Args:
        in_channels: of the levels to adjust, the deepest maps that the backbone gives.
        out_channels: of each level, or one number for all.
        template_cells: side of the middle part of the template maps that is kept; None keeps all.
        shallow: maps before the adjusted levels; they are handed on as they are with a search
            crop, as the mask refinement needs them, and left out with a template.

    Convention:
        PySOT cuts whatever map is narrower than 20 cells; here it is the template's maps that are
        cut. The two are one thing for a template of 127 and searches of 160 and more.

    Raises:
        InvalidArgument: the numbers of channels do not fit together.

    Example:
        >>> import torch
        >>> neck = AdjustNeck([512, 1024], 256).eval()
        >>> maps = torch.zeros(1, 512, 15, 15), torch.zeros(1, 1024, 15, 15)
        >>> [tuple(level.shape) for level in neck(maps, template=True)]
        [(1, 256, 7, 7), (1, 256, 7, 7)]
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int | Sequence[int] = 256,
        template_cells: int | None = 7,
        shallow: int = 0,
    ) -> None:
        super().__init__()
        check_levels("AdjustNeck", "in_channels", in_channels)
        if isinstance(out_channels, int):
            out_channels = (out_channels,) * len(in_channels)
        check_levels("AdjustNeck", "out_channels", out_channels)
        if len(out_channels) != len(in_channels):
            raise InvalidArgument(
                f"AdjustNeck: in_channels and out_channels must have one number a level, "
                f"got {tuple(in_channels)} and {out_channels}"
            )
        if template_cells is not None:
            check_count("AdjustNeck", "template_cells", template_cells)
        self.template_cells = template_cells
        self.shallow = shallow
        self.out_channels = tuple(out_channels)
        self.adjust = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o))
            for i, o in zip(in_channels, out_channels, strict=True)
        )

    def forward(self, features: Features, *, template: bool) -> Features:
        """Adjust the maps of one crop.

        Args:
            features: `shallow` maps, then one (B, in_channels, H, W) a level.
            template: whether the crop is the template.

        Returns:
            One map for one level, otherwise a tuple; template maps are `template_cells` wide.

        Raises:
            ShapeError: another number of maps, or a template map smaller than `template_cells`.
        """
        maps = as_levels("AdjustNeck", "features", features, self.shallow + len(self.adjust))
        levels = zip(self.adjust, maps[self.shallow :], strict=True)
        adjusted = tuple(adjust(level) for adjust, level in levels)
        if template:
            adjusted = tuple(self._middle(level) for level in adjusted)
        else:
            adjusted = (*maps[: self.shallow], *adjusted)
        return adjusted if len(adjusted) > 1 else adjusted[0]

    def _middle(self, level: Tensor) -> Tensor:
        size = self.template_cells
        if size is None:
            return level
        height, width = level.shape[-2:]
        if min(height, width) < size:
            raise ShapeError(
                f"AdjustNeck: a template map of {height} x {width} cells is smaller than "
                f"template_cells = {size}"
            )
        top, left = (height - size) // 2, (width - size) // 2
        return level[..., top : top + size, left : left + size]
