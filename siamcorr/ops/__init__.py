"""Correlation operations: search first, template second, chosen backend per call."""

from siamcorr.ops.dispatch import list_backends, use_backend
from siamcorr.ops.filters import (
    constrained_correlation_filter,
    correlation_filter,
    crop_kernel,
    filter_response,
)
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
    "constrained_correlation_filter",
    "correlation_filter",
    "crop_kernel",
    "filter_response",
    "list_backends",
    "ncc",
    "use_backend",
    "xcorr",
    "xcorr_depthwise",
    "xcorr_pixelwise",
    "xcorr_upchannel",
]
