"""Layers: the correlation ops as modules, and a convolution that makes its kernels."""

from __future__ import annotations

from siamcorr.nn.dynamic import DynamicRegionAwareConv2d
from siamcorr.nn.filters import ConstrainedCorrelationFilter, CorrelationFilter
from siamcorr.nn.layers import (
    NCC,
    BatchedConv2d,
    ChannelAffine,
    XCorr,
    XCorrDepthwise,
    XCorrPixelwise,
    XCorrUpChannel,
)

__all__ = [
    "NCC",
    "BatchedConv2d",
    "ChannelAffine",
    "ConstrainedCorrelationFilter",
    "CorrelationFilter",
    "DynamicRegionAwareConv2d",
    "XCorr",
    "XCorrDepthwise",
    "XCorrPixelwise",
    "XCorrUpChannel",
]
