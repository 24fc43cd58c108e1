"""The head of SiamMask: boxes as in SiamRPN++, and a mask at every cell.

Source: Wang et al., "Fast Online Object Tracking and Segmentation: A Unifying Approach", 2019;
layers as in foolwood/SiamMask and PySOT.
"""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr.nn.features import Features, as_levels, as_map
from siamcorr.nn.heads.depthwise import DepthwiseBranch
from siamcorr.nn.heads.mask_refinement import MaskRefinement
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.registry import HEADS

__all__ = ["SiamMaskHead"]

_SIDE = 63
"""Side of the unrefined masks."""


@HEADS.register("siammask")
class SiamMaskHead(nn.Module):
    """Depth-wise branches for anchors' classes, deltas and masks; the refinement of one mask.

    Args:
        channels: of the deepest feature maps.
        anchors: K, anchors a cell.
        backend: backend of the correlations; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> head = SiamMaskHead().eval()
        >>> sides = {64: 125, 256: 63, 512: 31}
        >>> shallow = [torch.zeros(1, count, side, side) for count, side in sides.items()]
        >>> search = (*shallow, torch.zeros(1, 256, 31, 31))
        >>> output = head(search, torch.zeros(1, 256, 7, 7))
        >>> head.refine(search, output.mask_features, torch.tensor([[12, 7]])).shape
        torch.Size([1, 127, 127])
    """

    def __init__(self, channels: int = 256, anchors: int = 5, backend: str | None = None) -> None:
        super().__init__()
        self.cls = DepthwiseBranch(channels, 2 * anchors, backend=backend)
        self.loc = DepthwiseBranch(channels, 4 * anchors, backend=backend)
        self.mask = DepthwiseBranch(channels, _SIDE * _SIDE, backend=backend)
        self.refinement = MaskRefinement(channels)

    def forward(self, search: Features, template: Features) -> BoxOutput:
        """Maps of anchors, and the correlation that masks are made from.

        Args:
            search: maps of stride 2, 4 and 8 as the backbone gives them, then (B, C, Hx, Wx).
            template: (B, C, Hz, Wz).

        Returns:
            Maps of (Hx - Hz + 1) x (Wx - Wz + 1) cells, `mask_features` of them with C channels; in
            training mode the unrefined `masks` of all cells, too.
        """
        x = as_levels("siammask", "search features", search, 4)[-1]
        z = as_map("siammask", "template features", template)
        features = self.mask.correlate(x, z)
        masks = self.masks(features) if self.training else None
        return BoxOutput(self.cls(x, z), self.loc(x, z), mask_features=features, masks=masks)

    def masks(self, mask_features: Tensor) -> Tensor:
        """Unrefined masks of all cells: (B, C, S, S) to (B, 3969, S, S) logits, 63 x 63 by rows."""
        logits: Tensor = self.mask.predict(mask_features)
        return logits

    def refine(self, search: Features, mask_features: Tensor, cells_yx: Tensor) -> Tensor:
        """Refined masks at one cell of each sample.

        Args:
            search: as given to `forward`.
            mask_features: (B, C, S, S) of its answer.
            cells_yx: (B, 2) int64, row and column.

        Returns:
            (B, 127, 127) logits, see `MaskRefinement.forward`.
        """
        conv1, layer1, layer2, _ = as_levels("siammask", "search features", search, 4)
        mask: Tensor = self.refinement(mask_features, (conv1, layer1, layer2), cells_yx)
        return mask
