"""A branch that correlates depth-wise and predicts: the brick of SiamRPN++, SiamMask and SiamBAN.

Source: Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019,
section 3.3; layers as in PySOT.
"""

from __future__ import annotations

from torch import Tensor, nn

from siamcorr import ops
from siamcorr.nn.checks import check_count, named_backend

__all__ = ["DepthwiseBranch"]


class DepthwiseBranch(nn.Module):
    """Own convolutions for template and search, depth-wise correlation, 1x1 prediction.

    y = predict(xcorr_depthwise(search(x), template(z)))

    `template` and `search` are 3x3 convolutions without padding, BN, ReLU; `predict` is a 1x1
    convolution, BN, ReLU, and a 1x1 convolution with bias.

    Args:
        channels: of both feature maps and of the correlation.
        outputs: channels of the prediction.
        backend: backend of the correlation; None chooses by shape, batch size included.

    Example:
        >>> import torch
        >>> branch = DepthwiseBranch(256, 10).eval()
        >>> branch(torch.zeros(2, 256, 31, 31), torch.zeros(2, 256, 7, 7)).shape
        torch.Size([2, 10, 25, 25])
    """

    def __init__(self, channels: int, outputs: int, *, backend: str | None = None) -> None:
        super().__init__()
        check_count("DepthwiseBranch", "channels", channels)
        check_count("DepthwiseBranch", "outputs", outputs)
        self.backend = named_backend("DepthwiseBranch", backend)
        self.template = _unit(channels, 3)
        self.search = _unit(channels, 3)
        self.predict = nn.Sequential(*_unit(channels, 1), nn.Conv2d(channels, outputs, 1))

    def correlate(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, C, Hx - Hz + 1, Wx - Wz + 1)."""
        x, z = self.search(search), self.template(template)
        return ops.xcorr_depthwise(x, z, backend=self.backend)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx), (B, C, Hz, Wz) to (B, outputs, Hx - Hz + 1, Wx - Wz + 1)."""
        predicted: Tensor = self.predict(self.correlate(search, template))
        return predicted


def _unit(channels: int, kernel_size: int) -> nn.Sequential:
    """Convolution without bias, BN, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel_size, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )
