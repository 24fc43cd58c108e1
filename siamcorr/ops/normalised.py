"""Normalised cross-correlation: zero-mean, unit-norm windows, over one or many channels."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument
from siamcorr.ops.checks import check_operands
from siamcorr.ops.functional import xcorr
from siamcorr.ops.precision import arithmetic_dtype, under_autocast
from siamcorr.ops.problem import Pair

__all__ = ["ncc"]


def ncc(
    search: Tensor, template: Tensor, *, eps: float = 1e-6, backend: str | None = None
) -> Tensor:
    """Zero-mean normalised cross-correlation, in -1 ... 1.

    With x' and t' less their own means, channel by channel, over the window (i, j):

    y[b, 0, i, j] = sum_{c, u, v} x'[b, c, i + u, j + v] * t'[b, c, u, v]
                    / sqrt(sum x'^2 * sum t'^2)

    Args:
        search: (B, C, Hx, Wx), or (1, C, Hx, Wx) for all templates.
        template: (B, C, Hz, Wz), or (1, C, Hz, Wz) for all searches.
        eps: a window counts as flat, and its response is 0, when its root mean square deviation
            is at most `eps` times the largest absolute value of its search; > 0.
        backend: a name of `list_backends()` for the correlation; None chooses the fastest.

    Returns:
        (B, 1, Hx - Hz + 1, Wx - Wz + 1); dtype as in `batched_conv2d`.

    Convention:
        Flat windows and flat templates give 0, never NaN, and pass no gradient. The energies of
        the windows are summed in float64 and half precision is computed in float32.

    Raises:
        ShapeError: ranks, batches, channels or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or eps <= 0.

    Source:
        TM_CCOEFF_NORMED of OpenCV's matchTemplate, to which it is equal; with several channels
        each has its own mean and all share one norm, as there.

    Example:
        >>> ncc(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 8, 8)).shape
        torch.Size([1, 1, 25, 25])
    """
    if not eps > 0:
        raise InvalidArgument(f"ncc: eps must be > 0, got {eps!r}")
    check_operands("ncc", search=search, template=template)
    return under_autocast(partial(_ncc, eps=eps, backend=backend), search, template)


def _ncc(search: Tensor, template: Tensor, eps: float, backend: str | None) -> Tensor:
    """The response in the inputs' dtype, divided in float64."""
    dtype, size = search.dtype, (template.shape[-2], template.shape[-1])
    search, template = (tensor.to(arithmetic_dtype(dtype)) for tensor in (search, template))
    x = search - search.mean((-2, -1), keepdim=True)  # any constant may go: it conditions the sums
    t = template - template.mean((-2, -1), keepdim=True)  # sums to 0, so that x stands for x'
    products = xcorr(x, t, backend=backend).double()  # (B, 1, Hr, Wr)
    window_energy = _window_energy(x.double(), size)
    template_energy = t.double().square().sum((1, 2, 3), keepdim=True)
    count = template[0].numel()
    varied = (window_energy > _floor(search, eps, count)) & (
        template_energy > _floor(template, eps, count)
    )
    energy = torch.where(varied, window_energy * template_energy, 1.0)
    return torch.where(varied, products / energy.sqrt(), 0.0).to(dtype)


def _window_energy(x: Tensor, size: Pair) -> Tensor:
    """Sum over channels of the squared deviations in every window; (B, 1, Hr, Wr)."""
    sums, squares = _window_sums(x, size), _window_sums(x.square(), size)
    return (squares - sums.square() / (size[0] * size[1])).sum(1, keepdim=True)


def _window_sums(x: Tensor, size: Pair) -> Tensor:
    """Sums over all windows by an integral image; (B, C, Hr, Wr)."""
    integral = F.pad(x, (1, 0, 1, 0)).cumsum(-1).cumsum(-2)
    rows, columns = size
    bands = integral[..., rows:, :] - integral[..., :-rows, :]
    return bands[..., columns:] - bands[..., :-columns]


def _floor(values: Tensor, eps: float, count: int) -> Tensor:
    """Energy at which a window of `count` values counts as flat; (B, 1, 1, 1) float64."""
    return (values.detach().abs().amax((1, 2, 3), keepdim=True).double() * eps).square() * count
