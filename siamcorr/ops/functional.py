"""The public correlation functions: each checks its inputs and makes one call to the primitive."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from siamcorr.ops.checks import (
    as_pair,
    broadcast_batch,
    check_operands,
    check_window,
    shape_error,
)
from siamcorr.ops.plan import Plan, make_plan, recall, run
from siamcorr.ops.problem import Window

__all__ = [
    "batched_conv2d",
    "channel_affine",
    "xcorr",
    "xcorr_depthwise",
    "xcorr_pixelwise",
    "xcorr_upchannel",
]

IntOrPair = int | Sequence[int]


def batched_conv2d(
    input: Tensor,  # noqa: A002 - the name of F.conv2d
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    *,
    backend: str | None = None,
) -> Tensor:
    """`F.conv2d` with a kernel of its own for every sample: the primitive of all correlations.

    y[b, o, i, j] = sum_{c, u, v} input[b, g(o)*C/G + c, i*s - p + u*d, j*s - p + v*d]
                                  * weight[b, o, c, u, v]  (+ bias[b, o])

    Args:
        input: (B, C, H, W), or (1, C, H, W) for all kernels.
        weight: (B, O, C/G, h, w), or (1, O, C/G, h, w) for all samples.
        bias: (B, O), (1, O), or None.
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros on each side in cells, an int >= 0 or (rows, columns).
        dilation: distance of neighbouring taps in cells, an int >= 1 or (rows, columns).
        groups: G, a divisor of C and O.
        backend: a name of `list_backends()`; None chooses the fastest by the measured cost model.

    Returns:
        (B, O, Hr, Wr) with Hr = (H + 2*p - (h - 1)*d - 1) // s + 1; the input's dtype, or
        autocast's where it is on.

    Convention:
        Correlation, not convolution: the kernel is not flipped. Batches are equal or one of
        them is 1; fp16 and bf16 accumulate in fp32.

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or a number is out of range.
        BackendUnavailable: the named backend cannot run these inputs.

    Source:
        The reshape-and-group formulation common to the field's code; `F.conv2d` for the arguments.

    Example:
        >>> batched_conv2d(torch.ones(2, 4, 9, 9), torch.ones(2, 6, 2, 3, 3), groups=2).shape
        torch.Size([2, 6, 7, 7])
    """
    who = "batched_conv2d"
    call = (who, stride, padding, dilation, groups, backend)
    plan = recall(call, input, weight)
    if plan is None:
        check_operands(who, input=input, weight=weight)
        window = Window(
            as_pair(who, "stride", stride, 1),
            as_pair(who, "padding", padding, 0),
            as_pair(who, "dilation", dilation, 1),
            groups,
        )
        tensors = {"input": input, "weight": weight}
        _check_groups(who, tensors, groups)
        broadcast_batch(who, tensors)
        check_window(who, tensors, window)
        plan = make_plan(call, (input, weight), weight, window)
    if bias is None:
        return run(plan, input, weight)
    _check_bias(who, input, weight, bias)
    response = run(plan, input, weight)
    return response + bias.to(response.dtype)[:, :, None, None]


def xcorr(
    search: Tensor,
    template: Tensor,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    backend: str | None = None,
) -> Tensor:
    """Cross-correlation of SiamFC: one response for all channels.

    y[b, 0, i, j] = sum_{c, u, v} search[b, c, i*s - p + u, j*s - p + v] * template[b, c, u, v]

    Args:
        search: (B, C, Hx, Wx), or (1, C, Hx, Wx) for all templates.
        template: (B, C, Hz, Wz), or (1, C, Hz, Wz) for all searches.
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `list_backends()`; None chooses the fastest.

    Returns:
        (B, 1, Hr, Wr) with Hr = (Hx + 2*p - Hz) // s + 1; dtype as in `batched_conv2d`.

    Convention:
        Search first, template second; no flip, no scaling, no bias.

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or a number is out of range.

    Source:
        Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016,
        eq. 2 without its bias b.

    Example:
        >>> xcorr(torch.ones(1, 256, 22, 22), torch.ones(1, 256, 6, 6)).shape
        torch.Size([1, 1, 17, 17])
    """
    call = ("xcorr", stride, padding, backend)
    plan = recall(call, search, template)
    if plan is None:
        check_operands("xcorr", search=search, template=template)
        _check_channels("xcorr", search, template)
        settings = (stride, padding, 1)
        plan = _plan_siamese(call, search, template, template[:, None], settings)
    return run(plan, search, template[:, None])


def xcorr_depthwise(
    search: Tensor,
    template: Tensor,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    backend: str | None = None,
) -> Tensor:
    """Depth-wise cross-correlation of SiamRPN++: one response per channel.

    y[b, c, i, j] = sum_{u, v} search[b, c, i*s - p + u, j*s - p + v] * template[b, c, u, v]

    Args:
        search: (B, C, Hx, Wx), or (1, C, Hx, Wx) for all templates.
        template: (B, C, Hz, Wz), or (1, C, Hz, Wz) for all searches.
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `list_backends()`; None chooses the fastest.

    Returns:
        (B, C, Hr, Wr) with Hr = (Hx + 2*p - Hz) // s + 1; dtype as in `batched_conv2d`.

    Convention:
        Search first, template second; no flip.

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or a number is out of range.

    Source:
        Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", 2019,
        section 3.3.

    Example:
        >>> xcorr_depthwise(torch.ones(2, 256, 29, 29), torch.ones(2, 256, 5, 5)).shape
        torch.Size([2, 256, 25, 25])
    """
    call = ("xcorr_depthwise", stride, padding, backend)
    plan = recall(call, search, template)
    if plan is None:
        check_operands("xcorr_depthwise", search=search, template=template)
        _check_channels("xcorr_depthwise", search, template)
        settings = (stride, padding, search.shape[1])
        plan = _plan_siamese(call, search, template, template[:, :, None], settings)
    return run(plan, search, template[:, :, None])  # kernel (B, C, 1, Hz, Wz)


def xcorr_upchannel(
    search: Tensor,
    template: Tensor,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    backend: str | None = None,
) -> Tensor:
    """Up-channel cross-correlation of SiamRPN: K responses from a template of K*C channels.

    y[b, k, i, j] = sum_{c, u, v} search[b, c, i*s - p + u, j*s - p + v]
                                  * template[b, k*C + c, u, v]

    Args:
        search: (B, C, Hx, Wx), or (1, C, Hx, Wx) for all templates.
        template: (B, K*C, Hz, Wz), or (1, K*C, Hz, Wz) for all searches.
        stride: step in cells, an int >= 1 or (rows, columns).
        padding: zeros around the search in cells, an int >= 0 or (rows, columns).
        backend: a name of `list_backends()`; None chooses the fastest.

    Returns:
        (B, K, Hr, Wr) with Hr = (Hx + 2*p - Hz) // s + 1; dtype as in `batched_conv2d`.

    Convention:
        Search first, template second; no flip; template channel k*C + c belongs to response k.

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or a number is out of range.

    Source:
        Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network", 2018,
        section 3.2.

    Example:
        >>> xcorr_upchannel(torch.ones(1, 256, 20, 20), torch.ones(1, 2560, 4, 4)).shape
        torch.Size([1, 10, 17, 17])
    """
    call = ("xcorr_upchannel", stride, padding, backend)
    plan = recall(call, search, template)
    if plan is None:
        check_operands("xcorr_upchannel", search=search, template=template)
        _check_multiple(search, template)
        kernel = torch.unflatten(template, 1, (-1, search.shape[1]))
        plan = _plan_siamese(call, search, template, kernel, (stride, padding, 1))
    kernel = torch.unflatten(template, 1, (-1, search.shape[1]))  # (B, K, C, Hz, Wz)
    return run(plan, search, kernel)


def xcorr_pixelwise(search: Tensor, template: Tensor, *, backend: str | None = None) -> Tensor:
    """Pixel-wise correlation: every template cell is a 1x1 kernel.

    y[b, v*Wz + u, i, j] = sum_c search[b, c, i, j] * template[b, c, v, u]

    Args:
        search: (B, C, Hx, Wx), or (1, C, Hx, Wx) for all templates.
        template: (B, C, Hz, Wz), or (1, C, Hz, Wz) for all searches; any size.
        backend: a name of `list_backends()`; None chooses the fastest.

    Returns:
        (B, Hz*Wz, Hx, Wx); dtype as in `batched_conv2d`.

    Convention:
        Search first, template second; channels out are the template's cells, row by row.

    Raises:
        ShapeError: ranks, batches or channels do not fit.
        InvalidArgument: dtypes or devices differ.

    Source:
        Yan et al., "Alpha-Refine: Boosting Tracking Performance by Precise Bounding Box
        Estimation", 2021, section 3.2; the correlation of NanoTrack.

    Example:
        >>> xcorr_pixelwise(torch.ones(1, 48, 16, 16), torch.ones(1, 48, 8, 8)).shape
        torch.Size([1, 64, 16, 16])
    """
    call = ("xcorr_pixelwise", backend)
    plan = recall(call, search, template)
    if plan is None:
        check_operands("xcorr_pixelwise", search=search, template=template)
        _check_channels("xcorr_pixelwise", search, template)
        broadcast_batch("xcorr_pixelwise", {"search": search, "template": template})
        window = Window((1, 1), (0, 0), (1, 1), 1)
        plan = make_plan(call, (search, template), _cells_as_kernels(template), window)
    return run(plan, search, _cells_as_kernels(template))


def channel_affine(input: Tensor, scale: Tensor, shift: Tensor | None = None) -> Tensor:  # noqa: A002
    """Scale and shift every channel: a 1x1 convolution with as many groups as channels.

    y[b, c, i, j] = scale[c] * input[b, c, i, j] + shift[c]

    Args:
        input: (B, C, H, W).
        scale: (C,).
        shift: (C,), or None for no shift.

    Returns:
        (B, C, H, W), the input's dtype.

    Raises:
        ShapeError: ranks or channels do not fit.
        InvalidArgument: dtypes or devices differ.

    Source:
        The adjust layer of SiamFC: a learned gain and bias on the response.

    Example:
        >>> channel_affine(torch.ones(1, 2, 1, 1), torch.tensor([2.0, 3.0])).flatten().tolist()
        [2.0, 3.0]
    """
    tensors = {"input": input, "scale": scale} | ({} if shift is None else {"shift": shift})
    check_operands("channel_affine", **tensors)
    for name, tensor in list(tensors.items())[1:]:
        if tensor.shape[0] != input.shape[1]:
            what = f"input and {name} disagree on C: {input.shape[1]} and {tensor.shape[0]}"
            raise shape_error("channel_affine", what, tensors)
    scaled = input * scale.to(input.dtype)[:, None, None]  # float32 on half under autocast
    return scaled if shift is None else scaled + shift.to(input.dtype)[:, None, None]


def _check_channels(who: str, search: Tensor, template: Tensor) -> None:
    if search.shape[1] != template.shape[1]:
        what = f"search and template disagree on C: {search.shape[1]} and {template.shape[1]}"
        raise shape_error(who, what, {"search": search, "template": template})


def _check_multiple(search: Tensor, template: Tensor) -> None:
    channels = search.shape[1]
    if template.shape[1] % channels:
        what = (
            f"template has {template.shape[1]} channels, not a multiple of the search's {channels}"
        )
        raise shape_error("xcorr_upchannel", what, {"search": search, "template": template})


def _check_bias(who: str, input: Tensor, weight: Tensor, bias: Tensor) -> None:  # noqa: A002
    check_operands(who, input=input, bias=bias)
    broadcast_batch(who, {"input": input, "weight": weight, "bias": bias})
    if bias.shape[1] != weight.shape[1]:
        what = f"weight and bias disagree on O: {weight.shape[1]} and {bias.shape[1]}"
        raise shape_error(who, what, {"input": input, "weight": weight, "bias": bias})


def _check_groups(who: str, tensors: dict[str, Tensor], groups: object) -> None:
    channels, outputs = tensors["input"].shape[1], tensors["weight"].shape[1]
    if not isinstance(groups, int) or groups < 1 or channels % groups or outputs % groups:
        what = f"groups must divide C = {channels} and O = {outputs}, got {groups!r}"
        raise shape_error(who, what, tensors)
    if tensors["weight"].shape[2] != channels // groups:
        what = (
            f"weight has {tensors['weight'].shape[2]} channels per group, "
            f"C/G = {channels}/{groups} = {channels // groups} are needed"
        )
        raise shape_error(who, what, tensors)


def _cells_as_kernels(template: Tensor) -> Tensor:
    """(B, C, Hz, Wz) to (B, Hz*Wz, C, 1, 1)."""
    return template.flatten(2).transpose(1, 2)[..., None, None]


def _plan_siamese(
    call: tuple[object, ...],
    search: Tensor,
    template: Tensor,
    kernel: Tensor,
    settings: tuple[IntOrPair, IntOrPair, int],
) -> Plan:
    """What the template-is-a-kernel functions share; settings are stride, padding, groups."""
    who, (stride, padding, groups) = str(call[0]), settings
    window = Window(
        as_pair(who, "stride", stride, 1), as_pair(who, "padding", padding, 0), (1, 1), groups
    )
    tensors = {"search": search, "template": template}
    broadcast_batch(who, tensors)
    check_window(who, tensors, window)
    return make_plan(call, (search, template), kernel, window)
