"""The loss of JPEG: 8x8 cosine transforms rounded by the quality, colours at half resolution."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["compressed", "quantisers"]

_BLOCK = 8
# Annex K of the standard: steps for luminance and for the colour differences at quality 50.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8),) * 4,
)
# JFIF: Y, Cb, Cr from R, G, B, all 0 ... 255, without the offset of 128.
_TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)


def quantisers(quality: Tensor) -> tuple[Tensor, Tensor]:
    """Steps of the coefficients of luminance and colour for qualities (B,) in 1 ... 100.

    Returns:
        (B, 8, 8) each; rows are vertical frequencies.

    Source:
        The scaling of the Independent JPEG Group: 5000 / q below 50, 200 - 2 q above, in percent.
    """
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    luminance, chroma = (
        ((quality.new_tensor(table) * percent[:, None, None] + 50) / 100).floor().clamp(1, 255)
        for table in (_LUMINANCE, _CHROMA)
    )
    return luminance, chroma


def compressed(images: Tensor, quality: Tensor) -> Tensor:
    """Compress and decompress.

    Args:
        images: (B, 3, H, W) RGB in 0 ... 255.
        quality: (B,) float32 in 1 ... 100.

    Returns:
        (B, 3, H, W) in about 0 ... 255, not rounded.

    Convention:
        The colour differences are halved by means of 2x2 pixels and doubled bilinearly (4:2:0).
    """
    height, width = images.shape[-2:]
    more = [-side % (2 * _BLOCK) for side in (width, height)]
    padded = F.pad(images, (0, more[0], 0, more[1]), mode="replicate")
    red, green, blue = padded.unbind(1)
    y, cb, cr = (r * red + g * green + b * blue for r, g, b in _TO_YCC)
    of_luminance, of_chroma = quantisers(quality)
    y = _rounded(y[:, None] - 128, of_luminance) + 128
    small = F.avg_pool2d(torch.stack((cb, cr), 1), 2)
    full = F.interpolate(
        _rounded(small, of_chroma), scale_factor=2, mode="bilinear", align_corners=False
    )
    cb, cr = full.unbind(1)
    y = y[:, 0]
    rgb = torch.stack((y + 1.402 * cr, y - 0.344136286 * cb - 0.714136286 * cr, y + 1.772 * cb), 1)
    return rgb[..., :height, :width]


def _rounded(planes: Tensor, steps: Tensor) -> Tensor:
    """Round the cosine coefficients of 8x8 blocks of (B, C, H, W) to multiples of their steps."""
    basis = _cosines(planes.device)
    b, c, height, width = planes.shape
    blocks = planes.reshape(b, c, height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    blocks = blocks.transpose(3, 4)  # (B, C, R, Q, 8, 8)
    steps = steps[:, None, None, None]
    coefficients = basis @ blocks @ basis.T
    coefficients = (coefficients / steps).round_().mul_(steps)
    blocks = basis.T @ coefficients @ basis
    return blocks.transpose(3, 4).reshape(b, c, height, width)


def _cosines(device: torch.device) -> Tensor:
    """The orthonormal cosine transform of 8 numbers: (8, 8)."""
    k = torch.arange(_BLOCK, device=device, dtype=torch.float32)
    basis = torch.cos(math.pi / _BLOCK * (k + 0.5) * k[:, None]) / 2
    basis[0] /= math.sqrt(2)
    return basis
