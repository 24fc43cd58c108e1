"""The correlation ops as modules: settings in the constructor, one call into `siamcorr.ops`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.errors import InvalidArgument
from siamcorr.nn.checks import check_channels, check_count, named_backend
from siamcorr.ops.checks import as_pair, check_operands, shape_error

__all__ = [
    "NCC",
    "BatchedConv2d",
    "ChannelAffine",
    "XCorr",
    "XCorrDepthwise",
    "XCorrPixelwise",
    "XCorrUpChannel",
]

IntOrPair = int | Sequence[int]


class _Sliding(nn.Module):
    """What the sliding correlations share: stride, padding and backend, checked once."""

    def __init__(
        self, stride: IntOrPair = 1, padding: IntOrPair = 0, *, backend: str | None = None
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.stride = as_pair(who, "stride", stride, 1)
        self.padding = as_pair(who, "padding", padding, 0)
        self.backend = named_backend(who, backend)

    def extra_repr(self) -> str:
        """The settings that differ from the defaults."""
        return _settings(
            stride=(self.stride, (1, 1)),
            padding=(self.padding, (0, 0)),
            backend=(self.backend, None),
        )


class XCorr(_Sliding):
    """Cross-correlation of SiamFC as a layer; see `siamcorr.ops.xcorr`.

    Args:
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Example:
        >>> XCorr()(torch.ones(1, 256, 22, 22), torch.ones(1, 256, 6, 6)).shape
        torch.Size([1, 1, 17, 17])
    """

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx) with (B, C, Hz, Wz) to (B, 1, Hr, Wr)."""
        return ops.xcorr(
            search, template, stride=self.stride, padding=self.padding, backend=self.backend
        )


class XCorrDepthwise(_Sliding):
    """Depth-wise correlation of SiamRPN++ as a layer; see `siamcorr.ops.xcorr_depthwise`.

    Args:
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Example:
        >>> XCorrDepthwise()(torch.ones(2, 256, 29, 29), torch.ones(2, 256, 5, 5)).shape
        torch.Size([2, 256, 25, 25])
    """

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx) with (B, C, Hz, Wz) to (B, C, Hr, Wr)."""
        return ops.xcorr_depthwise(
            search, template, stride=self.stride, padding=self.padding, backend=self.backend
        )


class XCorrUpChannel(_Sliding):
    """Up-channel correlation of SiamRPN as a layer; see `siamcorr.ops.xcorr_upchannel`.

    Args:
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Example:
        >>> XCorrUpChannel()(torch.ones(1, 256, 20, 20), torch.ones(1, 2560, 4, 4)).shape
        torch.Size([1, 10, 17, 17])
    """

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx) with (B, K*C, Hz, Wz) to (B, K, Hr, Wr)."""
        return ops.xcorr_upchannel(
            search, template, stride=self.stride, padding=self.padding, backend=self.backend
        )


class XCorrPixelwise(nn.Module):
    """Pixel-wise correlation as a layer; see `siamcorr.ops.xcorr_pixelwise`.

    Args:
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Example:
        >>> XCorrPixelwise()(torch.ones(1, 48, 16, 16), torch.ones(1, 48, 8, 8)).shape
        torch.Size([1, 64, 16, 16])
    """

    def __init__(self, *, backend: str | None = None) -> None:
        super().__init__()
        self.backend = named_backend("XCorrPixelwise", backend)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx) with (B, C, Hz, Wz) to (B, Hz*Wz, Hx, Wx)."""
        return ops.xcorr_pixelwise(search, template, backend=self.backend)

    def extra_repr(self) -> str:
        """The backend where one is named."""
        return _settings(backend=(self.backend, None))


class NCC(nn.Module):
    """Zero-mean normalised cross-correlation as a layer; see `siamcorr.ops.ncc`.

    Args:
        eps: when a window counts as flat, > 0.
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Example:
        >>> NCC()(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 8, 8)).shape
        torch.Size([1, 1, 25, 25])
    """

    def __init__(self, eps: float = 1e-6, *, backend: str | None = None) -> None:
        super().__init__()
        if not eps > 0:
            raise InvalidArgument(f"NCC: eps must be > 0, got {eps!r}")
        self.eps = eps
        self.backend = named_backend("NCC", backend)

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        """(B, C, Hx, Wx) with (B, C, Hz, Wz) to (B, 1, Hr, Wr), in -1 ... 1."""
        return ops.ncc(search, template, eps=self.eps, backend=self.backend)

    def extra_repr(self) -> str:
        """The settings that differ from the defaults."""
        return _settings(eps=(self.eps, 1e-6), backend=(self.backend, None))


class ChannelAffine(nn.Module):
    """A learnable gain and offset for every channel; see `siamcorr.ops.channel_affine`.

    Equal to a 1x1 convolution with as many groups as channels. With one channel it is SiamFC's
    adjust layer: `ChannelAffine(1, scale=1e-3)`; `.scale.requires_grad_(False)` fixes the gain as
    the original training does.

    Args:
        channels: C.
        scale: start value of every gain.
        shift: start value of every offset; None leaves the offset out.

    Example:
        >>> ChannelAffine(1, scale=1e-3)(torch.full((1, 1, 17, 17), 2e3)).unique().tolist()
        [2.0]
    """

    shift: nn.Parameter | None

    def __init__(self, channels: int, *, scale: float = 1.0, shift: float | None = 0.0) -> None:
        super().__init__()
        check_count("ChannelAffine", "channels", channels)
        self.scale = nn.Parameter(torch.full((channels,), float(scale)))
        offset = None if shift is None else nn.Parameter(torch.full((channels,), float(shift)))
        self.register_parameter("shift", offset)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of nn.Conv2d
        """(B, C, H, W) to (B, C, H, W)."""
        return ops.channel_affine(input, self.scale, self.shift)

    def extra_repr(self) -> str:
        """Channels, and whether there is an offset."""
        return f"{len(self.scale)}" + ("" if self.shift is not None else ", shift=None")


class BatchedConv2d(nn.Module):
    """`nn.Conv2d` whose kernels come with the call; see `siamcorr.ops.batched_conv2d`.

    The constructor takes the settings of `nn.Conv2d` and says by `weight_shape` and `bias_shape`
    what one sample's kernel looks like. The module holds no parameters: whatever makes the
    kernels (a template branch, a filter generator, a hyper-network) is trained instead. A kernel
    shared by the whole batch, `conv.weight[None]`, gives what `nn.Conv2d` gives.

    Args:
        in_channels: C.
        out_channels: O.
        kernel_size: taps (h, w), an int >= 1 or (rows, columns).
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros on each side in cells, an int >= 0 or (rows, columns).
        dilation: distance of neighbouring taps in cells, an int >= 1 or (rows, columns).
        groups: G, a divisor of C and O.
        bias: whether every call brings a bias, too.
        backend: a name of `siamcorr.ops.list_backends()`; None chooses the fastest.

    Attributes:
        weight_shape: (O, C/G, h, w), the shape of one sample's kernel.
        bias_shape: (O,), or None without a bias.

    Raises:
        InvalidArgument: a setting is out of range (on construction).

    Example:
        >>> layer = BatchedConv2d(4, 6, kernel_size=3, groups=2, bias=False)
        >>> layer(torch.ones(2, 4, 9, 9), torch.ones(2, *layer.weight_shape)).shape
        torch.Size([2, 6, 7, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair = 0,
        *,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        backend: str | None = None,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        check_channels(who, in_channels, out_channels, groups)
        taps = as_pair(who, "kernel_size", kernel_size, 1)
        self.weight_shape = (out_channels, in_channels // groups, *taps)
        self.bias_shape = (out_channels,) if bias else None
        self.stride = as_pair(who, "stride", stride, 1)
        self.padding = as_pair(who, "padding", padding, 0)
        self.dilation = as_pair(who, "dilation", dilation, 1)
        self.groups = groups
        self.backend = named_backend(who, backend)

    def forward(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002
        """(B, C, H, W) with (B, O, C/G, h, w) and (B, O) to (B, O, Hr, Wr).

        Raises:
            ShapeError: `weight` is not (B, *weight_shape), or `bias` not (B, *bias_shape).
            InvalidArgument: `bias` is missing, or given to a layer without one.
        """
        who = type(self).__name__
        check_operands(who, input=input, weight=weight)
        if tuple(weight.shape[1:]) != self.weight_shape:
            what = f"weight must be (B, {', '.join(map(str, self.weight_shape))})"
            raise shape_error(who, what, {"input": input, "weight": weight})
        if bias is None and self.bias_shape is not None:
            raise InvalidArgument(
                f"{who}: no bias; give one of (B, {self.bias_shape[0]}) with every call, "
                "or build the layer with bias=False"
            )
        if bias is not None and self.bias_shape is None:
            raise InvalidArgument(f"{who}: got a bias, but the layer was built with bias=False")
        window = (self.stride, self.padding, self.dilation, self.groups)
        return ops.batched_conv2d(input, weight, bias, *window, backend=self.backend)

    def extra_repr(self) -> str:
        """Channels and kernel size, and the settings that differ from the defaults."""
        outputs, inputs, *taps = self.weight_shape
        rest = _settings(
            stride=(self.stride, (1, 1)),
            padding=(self.padding, (0, 0)),
            dilation=(self.dilation, (1, 1)),
            groups=(self.groups, 1),
            bias=(self.bias_shape is not None, True),
            backend=(self.backend, None),
        )
        head = f"{inputs * self.groups}, {outputs}, kernel_size={tuple(taps)}"
        return f"{head}, {rest}" if rest else head


def _settings(**settings: tuple[object, object]) -> str:
    """`name=value` of every setting whose value, the first of the pair, is not the default."""
    return ", ".join(
        f"{name}={value!r}" for name, (value, usual) in settings.items() if value != usual
    )
