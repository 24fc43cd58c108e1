"""Backend `conv2d`: the classic formulation, the batch folded into the groups of one `F.conv2d`."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

from siamcorr.ops.problem import Pair, Problem, is_symbolic, kernel_extent, response_size

__all__ = ["forward", "input_gradient", "reasons", "weight_gradient"]

_FAST_PADDING = 6
"""oneDNN's depth-wise kernels take more padding than this 8 to 20 times slower (torch 2.15)."""


def reasons(problem: Problem) -> list[str]:
    """Why this backend cannot run the problem; empty: it can."""
    if problem.exporting and not problem.shared and is_symbolic(problem.batch):
        return ["ONNX has no convolution with as many groups as there are samples"]
    return []


def forward(x: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w); returns (B, O, Hr, Wr)."""
    window = problem.window
    one_channel = problem.in_channels == window.groups
    x, padding = _padded(x, window.padding, by_hand=one_channel)
    if problem.shared or problem.batch == 1:
        return F.conv2d(x, k[0], None, window.stride, padding, window.dilation, window.groups)
    folded = F.conv2d(
        x.reshape(1, -1, *x.shape[2:]),  # (1, B*C, H, W)
        k.reshape(-1, *k.shape[2:]),  # (B*O, C/G, h, w)
        None,
        window.stride,
        padding,
        window.dilation,
        problem.batch * window.groups,
    )
    return folded.reshape(problem.batch, problem.out_channels, *folded.shape[2:])


def input_gradient(g: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """Spread (B, O, Hr, Wr) through the kernel; returns (B, C, H, W)."""
    window = problem.window
    extent = kernel_extent(problem.kernel_size, window.dilation)
    margin = [e - 1 - p for e, p in zip(extent, window.padding, strict=True)]
    depthwise = problem.in_channels == problem.out_channels == window.groups
    slow = depthwise and max(margin) > _FAST_PADDING
    if window.stride != (1, 1) or min(margin) < 0 or slow:
        return _transposed(g, k, problem)
    folds, groups = (1 if problem.shared else problem.batch), window.groups
    flipped = k.flip(-1, -2).reshape(
        folds, groups, problem.out_channels // groups, -1, *problem.kernel_size
    )  # (B or 1, G, O/G, C/G, h, w)
    folded = F.conv2d(
        g.reshape(problem.batch // folds, -1, *response_size(problem)),  # (1, B*O, Hr, Wr)
        flipped.transpose(2, 3).flatten(0, 2),  # (B*C, O/G, h, w)
        None,
        1,
        (margin[0], margin[1]),
        window.dilation,
        folds * groups,
    )
    return folded.reshape(problem.batch, problem.in_channels, *problem.input_size)


def _transposed(g: Tensor, k: Tensor, problem: Problem) -> Tensor:
    """The input gradient as a transposed convolution, for strides and wide depth-wise margins."""
    window = problem.window
    extent = kernel_extent(problem.kernel_size, window.dilation)
    rest = [
        size + 2 * p - e - (out - 1) * s
        for size, p, e, out, s in zip(
            problem.input_size,
            window.padding,
            extent,
            response_size(problem),
            window.stride,
            strict=True,
        )
    ]  # rows and columns that no window reaches
    folds = 1 if problem.shared else problem.batch
    spread = F.conv_transpose2d(
        g.reshape(problem.batch // folds, -1, *response_size(problem)),
        k.reshape(-1, *k.shape[2:]),
        None,
        window.stride,
        window.padding,
        (rest[0], rest[1]),
        folds * window.groups,
        window.dilation,
    )
    return spread.reshape(problem.batch, problem.in_channels, *problem.input_size)


def weight_gradient(x: Tensor, g: Tensor, problem: Problem) -> Tensor:
    """Correlate the input with the output gradient; returns (B or 1, O, C/G, h, w)."""
    window = problem.window
    channels = problem.in_channels // window.groups
    if problem.shared:
        shape = (problem.out_channels, channels, *problem.kernel_size)
        taps: Tensor = conv2d_weight(x, shape, g, *window)  # type: ignore[no-untyped-call]
        return taps[None]
    x, padding = _padded(x, window.padding, by_hand=True)
    planes = x.reshape(problem.batch * window.groups, channels, *x.shape[2:])
    folded = F.conv2d(
        planes.transpose(0, 1),  # (C/G, B*G, H, W): every channel of a group is an image
        g.reshape(-1, 1, *response_size(problem)),  # (B*O, 1, Hr, Wr)
        None,
        window.dilation,
        padding,
        window.stride,
        problem.batch * window.groups,
    )  # (C/G, B*O, >= h, >= w)
    rows, columns = problem.kernel_size
    taps = folded[:, :, :rows, :columns]
    return taps.reshape(channels, problem.batch, problem.out_channels, rows, columns).permute(
        1, 2, 0, 3, 4
    )


def _padded(x: Tensor, padding: Pair, *, by_hand: bool) -> tuple[Tensor, Pair]:
    """The input and the padding left to the convolution; wide padding is done by hand."""
    if not by_hand or max(padding) <= _FAST_PADDING:
        return x, padding
    top, left = padding
    return F.pad(x, (left, left, top, top)), (0, 0)
