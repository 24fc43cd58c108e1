"""Correlation operations: search first, template second, chosen backend per call."""

from siamcorr.ops.dispatch import list_backends, use_backend
from siamcorr.ops.functional import (
    batched_conv2d,
    channel_affine,
    xcorr,
    xcorr_depthwise,
    xcorr_pixelwise,
    xcorr_upchannel,
)
from siamcorr.ops.normalised import ncc

__all__ = [
    "batched_conv2d",
    "channel_affine",
    "list_backends",
    "ncc",
    "use_backend",
    "xcorr",
    "xcorr_depthwise",
    "xcorr_pixelwise",
    "xcorr_upchannel",
]
