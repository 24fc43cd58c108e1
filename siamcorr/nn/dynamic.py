"""Dynamic region-aware convolution: kernels made from the input, one for every region of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.errors import ShapeError
from siamcorr.nn.checks import check_channels, check_count, named_backend
from siamcorr.ops.checks import as_pair

__all__ = ["DynamicRegionAwareConv2d", "FilterGenerator", "hard_regions", "region_aware_conv2d"]

IntOrPair = int | Sequence[int]


def hard_regions(logits: Tensor) -> Tensor:
    """One-hot regions of the largest logit, with the gradient of the softmax.

    forward: m[b, r, i, j] = 1 where r = argmax_q logits[b, q, i, j], else 0
    backward: d logits = J_softmax(logits)^T d m

    Args:
        logits: (B, R, H, W), one logit for each of R regions at each position.

    Returns:
        (B, R, H, W), exactly 0 or 1; the first region wins a tie.

    Source:
        Chen et al., "Dynamic Region-Aware Convolution", 2021, section 3.2.

    Example:
        >>> hard_regions(torch.tensor([0.1, 2.0, 1.0]).view(1, 3, 1, 1)).flatten().tolist()
        [0.0, 1.0, 0.0]
    """
    soft = logits.softmax(1)
    hard = torch.zeros_like(soft).scatter(1, logits.argmax(1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())  # the bracket is exactly 0 and carries the gradient


def region_aware_conv2d(
    input: Tensor,  # noqa: A002 - the name of F.conv2d
    weight: Tensor,
    logits: Tensor,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    groups: int = 1,
    backend: str | None = None,
) -> Tensor:
    """Convolve every position with the kernel of its own region.

    y[b, o, i, j] = sum_{c, u, v} input[b, g(o)*C/G + c, i*s - p + u, j*s - p + v]
                                  * weight[b, r, o, c, u, v],   r = argmax_q logits[b, q, i, j]

    Args:
        input: (B, C, H, W).
        weight: (B, R, O, C/G, h, w), a kernel for each sample and region.
        logits: (B, R, Hr, Wr), which region a position of the output belongs to.
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros on each side in cells, an int >= 0 or (rows, columns).
        groups: G, a divisor of C and O.
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Returns:
        (B, O, Hr, Wr).

    Convention:
        All regions are correlated everywhere, in one call of the primitive with R*O kernels, and
        the mask selects; so `logits` receives a gradient for the regions not taken, too.

    Raises:
        ShapeError: `weight` and `logits` disagree on R, or `logits` has another size than the
            response; or as `siamcorr.ops.batched_conv2d` raises.

    Source:
        Chen et al., "Dynamic Region-Aware Convolution", 2021, section 3.1.

    Example:
        >>> weight, logits = torch.ones(2, 3, 6, 4, 3, 3), torch.rand(2, 3, 7, 7)
        >>> region_aware_conv2d(torch.ones(2, 4, 9, 9), weight, logits).shape
        torch.Size([2, 6, 7, 7])
    """
    if weight.ndim != 6 or logits.ndim != 4 or weight.shape[1] != logits.shape[1]:
        raise _disagree("weight and logits do not fit together", weight, logits)
    samples, regions, outputs, *shape = weight.shape
    check_channels("region_aware_conv2d", input.shape[1], outputs, groups)
    kernel = weight.reshape(samples, regions, groups, -1, *shape).transpose(1, 2)
    kernel = kernel.flatten(1, 3)  # (B, G*R*O/G, C/G, h, w): outputs of one group side by side
    every = ops.batched_conv2d(
        input, kernel, stride=stride, padding=padding, groups=groups, backend=backend
    )
    batch, _, *size = every.shape
    if tuple(size) != logits.shape[-2:]:
        what = f"the response is {size[0]}x{size[1]}, the logits are of another size"
        raise _disagree(what, weight, logits)
    every = every.reshape(batch, groups, regions, -1, *size)  # (B, G, R, O/G, Hr, Wr)
    mask = hard_regions(logits).to(every.dtype)[:, None, :, None]  # (B, 1, R, 1, Hr, Wr)
    return (every * mask).sum(2).flatten(1, 2)  # (B, O, Hr, Wr)


class FilterGenerator(nn.Module):
    """Make one kernel for each region from the pooled input.

    The input, averaged down to the kernel's own size h x w, passes two 1x1 convolutions: to R
    hidden channels a region with a sigmoid, then, grouped by region, to the O*C/G values of the
    taps.

    One linear map makes all taps of a kernel, each from its own cell of the pooled input; taps
    differ only as these cells do, so a fixed spatial pattern cannot be learned as a constant.

    Args:
        in_channels: C.
        regions: R.
        weight_shape: (O, C/G, h, w) of one kernel.

    Source:
        Chen et al., "Dynamic Region-Aware Convolution", 2021, section 3.3: pooling, sigmoid and
        grouping. Our own: the hidden width, and start values that give the kernels about the
        spread of `nn.Conv2d`.

    Example:
        >>> FilterGenerator(4, 3, (6, 4, 5, 5))(torch.ones(2, 4, 16, 16)).shape
        torch.Size([2, 3, 6, 4, 5, 5])
    """

    def __init__(
        self, in_channels: int, regions: int, weight_shape: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        outputs, per_group, *taps = weight_shape
        hidden = regions * regions
        self.regions = regions
        self.weight_shape = weight_shape
        self.pool = nn.AdaptiveAvgPool2d(tuple(taps))
        self.reduce = nn.Conv2d(in_channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, regions * outputs * per_group, 1, groups=regions)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Default start values, the last layer's scaled down to the fan-in of the kernels."""
        self.reduce.reset_parameters()
        _, per_group, rows, columns = self.weight_shape
        bound = 1 / math.sqrt(per_group * rows * columns)  # of nn.Conv2d's own uniform start
        nn.init.uniform_(self.expand.bias, -bound, bound)  # type: ignore[arg-type]
        spread = bound / math.sqrt(self.regions)  # R hidden channels add up in every tap
        nn.init.uniform_(self.expand.weight, -spread, spread)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """(B, C, H, W) to the kernels (B, R, O, C/G, h, w)."""
        taps: Tensor = self.expand(self.reduce(self.pool(input)).sigmoid())  # (B, R*O*C/G, h, w)
        return taps.reshape(-1, self.regions, *self.weight_shape)


class DynamicRegionAwareConv2d(nn.Module):
    """A convolution that divides its input into regions and makes a kernel for each (DRConv).

    A guide convolution says which region each position belongs to, a filter generator makes one
    kernel a region from the input itself, and `region_aware_conv2d` applies them. All three are
    trained end to end. It takes the place of an `nn.Conv2d` without bias.

    Args:
        in_channels: C.
        out_channels: O.
        kernel_size: taps (h, w) of guide and kernels, an int >= 1 or (rows, columns).
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros on each side in cells, an int >= 0 or (rows, columns).
        groups: G, a divisor of C and O.
        regions: R, the number of regions, >= 1.
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Attributes:
        guide: (B, C, H, W) to the region logits (B, R, Hr, Wr); `.argmax(1)` shows the regions.
        generator: (B, C, H, W) to the kernels (B, R, O, C/G, h, w).

    Convention:
        The gradient of the guide is an estimate: the region is a hard choice forward and a
        softmax backward. Gradients of the kernels, and of the input through them, are exact.

    Raises:
        InvalidArgument: a setting is out of range (on construction).

    Source:
        Chen et al., "Dynamic Region-Aware Convolution", CVPR 2021. Ours differs in cost, not in
        value: every region is computed everywhere and a mask selects, at R times the
        multiplications of a plain convolution.

    Example:
        >>> layer = DynamicRegionAwareConv2d(4, 6, kernel_size=3, padding=1, regions=3)
        >>> layer(torch.ones(2, 4, 9, 9)).shape
        torch.Size([2, 6, 9, 9])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair = 0,
        *,
        groups: int = 1,
        regions: int = 8,
        backend: str | None = None,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        check_channels(who, in_channels, out_channels, groups)
        check_count(who, "regions", regions)
        taps = as_pair(who, "kernel_size", kernel_size, 1)
        self.stride = as_pair(who, "stride", stride, 1)
        self.padding = as_pair(who, "padding", padding, 0)
        self.groups = groups
        self.backend = named_backend(who, backend)
        self.guide = nn.Conv2d(in_channels, regions, taps, self.stride, self.padding)
        weight_shape = (out_channels, in_channels // groups, *taps)
        self.generator = FilterGenerator(in_channels, regions, weight_shape)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """(B, C, H, W) to (B, O, Hr, Wr)."""
        return region_aware_conv2d(
            input,
            self.generator(input),
            self.guide(input),
            stride=self.stride,
            padding=self.padding,
            groups=self.groups,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        """Groups and backend, which the parts below do not show."""
        named = f", backend={self.backend!r}" if self.backend else ""
        return f"groups={self.groups}{named}"


def _disagree(what: str, weight: Tensor, logits: Tensor) -> ShapeError:
    return ShapeError(
        f"region_aware_conv2d: {what}\n"
        f"  weight : {tuple(weight.shape)}  as (B, R, O, C/G, h, w)\n"
        f"  logits : {tuple(logits.shape)}  as (B, R, Hr, Wr)"
    )
