"""Kernels that are solved instead of given: correlation filters, and their circular responses."""

from siamcorr.ops.filters.admm import constrained_correlation_filter
from siamcorr.ops.filters.response import crop_kernel, filter_response
from siamcorr.ops.filters.ridge import correlation_filter

__all__ = [
    "constrained_correlation_filter",
    "correlation_filter",
    "crop_kernel",
    "filter_response",
]
