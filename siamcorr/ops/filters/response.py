"""Circular responses of kernels that stand on the centre of their window."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from siamcorr.ops.checks import Operands, check_tensors, operand_error
from siamcorr.ops.filters.checks import check_batch, check_support
from siamcorr.ops.filters.windows import corner
from siamcorr.ops.functional import xcorr

__all__ = ["crop_kernel", "filter_response"]


def filter_response(search: Tensor, kernel: Tensor, *, backend: str | None = None) -> Tensor:
    """Circular correlation of search windows with kernels that stand on their centre.

    y[b, s, i, j] = sum_{c, u, v} search[b, s, c, (t + i + u) mod H, (l + j + v) mod W]
                                  * kernel[b, c, u, v]       with t = (H - h)//2, l = (W - w)//2

    Args:
        search: (B, C, H, W), or (B, S, C, H, W) for S windows of each target, as S scales; windowed
            as the template was. (1, ...) serves all kernels.
        kernel: (B, C, h, w) of `correlation_filter` or `constrained_correlation_filter`, at most
            (H, W); (1, C, h, w) serves all searches.
        backend: a name of `list_backends()`; None chooses the fastest.

    Returns:
        (B, S, H, W), S = 1 without that axis; dtype as in `batched_conv2d`.

    Convention:
        Cell (0, 0) is no displacement, the second half of each axis holds the negative ones. This
        is `xcorr` on the search continued over its edges; without that, and faster, one has the
        cells of `xcorr(search, kernel)`, where no displacement is cell (t, l).

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ.

    Source:
        Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters", 2015: detection
        with the linear kernel, here by any backend of `xcorr`.

    Example:
        >>> filter_response(torch.ones(2, 3, 43, 40, 40), torch.ones(2, 43, 8, 8)).shape
        torch.Size([2, 3, 40, 40])
    """
    who = "filter_response"
    operands: Operands = {
        "search": (search, "(B, C, H, W) or (B, S, C, H, W)"),
        "kernel": (kernel, "(B, C, h, w)"),
    }
    check_tensors(who, operands)
    size = (search.shape[-2], search.shape[-1])
    support = check_support(who, "kernel", tuple(kernel.shape[2:]), size, operands)
    if kernel.shape[1] != search.shape[-3]:
        what = f"search and kernel disagree on C: {search.shape[-3]} and {kernel.shape[1]}"
        raise operand_error(who, what, operands)
    batch = max(search.shape[0], kernel.shape[0])
    for name in operands:
        check_batch(who, name, batch, operands)
    top, left = corner(size, support)
    wrapped = search
    for axis, first in ((-1, left), (-2, top)):  # columns first: the rows are then copied whole
        rest = first + support[axis] - 1  # cells first ... first + size + support - 2
        after = wrapped.narrow(axis, first, size[axis] - first)
        wrapped = torch.cat((after, wrapped.narrow(axis, 0, rest)), axis)
    if search.ndim == 4:
        return xcorr(wrapped, kernel, backend=backend)
    scales = search.shape[1]
    kernels = kernel.repeat_interleave(scales, 0) if kernel.shape[0] > 1 else kernel
    wrapped = wrapped.expand(batch, *wrapped.shape[1:]) if kernel.shape[0] > 1 else wrapped
    responses = xcorr(wrapped.flatten(0, 1), kernels, backend=backend)
    return responses.reshape(-1, scales, *size)


def crop_kernel(kernel: Tensor, size: int | Sequence[int]) -> Tensor:
    """The central cells of a kernel: what CFNet correlates with a larger search.

    Args:
        kernel: (B, C, H, W).
        size: cells to keep, an int >= 1 or (rows, columns), at most (H, W).

    Returns:
        (B, C, h, w), a view; its corner was cell ((H - h)//2, (W - w)//2).

    Convention:
        Cropping cuts the far cells off; it does not solve for the kernel that would be best without
        them, which is `constrained_correlation_filter`.

    Raises:
        ShapeError: a kernel of another rank, or smaller than the size.
        InvalidArgument: the size is no int >= 1 nor a pair of them.

    Source:
        Valmadre et al., "End-to-end representation learning for Correlation Filter based tracking",
        2017.

    Example:
        >>> crop_kernel(torch.ones(1, 32, 49, 49), 17).shape
        torch.Size([1, 32, 17, 17])
    """
    operands: Operands = {"kernel": (kernel, "(B, C, H, W)")}
    check_tensors("crop_kernel", operands)
    whole = (kernel.shape[-2], kernel.shape[-1])
    rows, columns = check_support("crop_kernel", "size", size, whole, operands)
    top, left = corner(whole, (rows, columns))
    return kernel[..., top : top + rows, left : left + columns]
