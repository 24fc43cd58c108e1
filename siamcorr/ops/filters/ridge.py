"""The correlation filter in closed form: ridge regression on all circular shifts of a template."""

from __future__ import annotations

import torch
from torch import Tensor

from siamcorr.ops.checks import Operands, check_tensors, operand_error
from siamcorr.ops.filters.checks import by_targets, check_batch, number_or_tensor
from siamcorr.ops.precision import arithmetic_dtype

__all__ = ["correlation_filter"]


def correlation_filter(
    template: Tensor,
    response: Tensor,
    regularization: float | Tensor,
    *,
    shared_denominator: bool = False,
) -> Tensor:
    """The kernel whose circular correlation with the template is the wanted response.

    With * the circular correlation over n = H*W shifts and S samples of each target:

        k = argmin  1/(2 n S) sum_s |y_s - sum_c x_sc * k_c|^2  +  regularization/2 |k|^2

    One sample has at each frequency, in orthonormal spectra, by the Sherman-Morrison formula

        K_c = X_c conj(Y) / (regularization + sum_d |X_d|^2)

    and S samples have K_c = sum_s X_sc conj(A_s), where A solves the S x S system
    (X X^H + S * regularization) A = Y.

    Args:
        template: (B, C, H, W), or (B, S, C, H, W) for S samples of each target; windowed by the
            caller, since its edges meet.
        response: (H, W) for all, (B, H, W), or (B, S, H, W); wanted at every circular shift, with
            its peak in cell (0, 0).
        regularization: > 0, a float or a tensor () or (B,), in units of the template's energy per
            cell, sum_c x_c^2.
        shared_denominator: whether several samples are joined as sum_s X_sc conj(Y_s) /
            (S * regularization + sum_s sum_d |X_sd|^2), the numerators and denominators that
            trackers accumulate. Equal to the solution for S = 1 or C = 1, an approximation
            otherwise that costs no S x S system.

    Returns:
        (B, C, H, W); the template's dtype, or float32 under autocast.

    Convention:
        The kernel lies as the template does, the target's centre in the same cell, and `xcorr`
        takes it: `xcorr(search, kernel)` has no displacement at (0, 0), and behind `crop_kernel`
        at the crop's corner. A response with its peak elsewhere rolls the kernel by as much.
        To weigh samples, multiply a sample and its response by the root of its weight.
        Half precision is computed in float32.

    Raises:
        ShapeError: ranks, batches, samples or sizes do not fit.
        InvalidArgument: dtypes or devices differ, or the regularization is not > 0 (the values of
            a tensor are not read).

    Source:
        Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters", 2015, its
        linear kernel (a sum over shifts there: lambda = n * regularization); Valmadre et al.,
        "End-to-end representation learning for Correlation Filter based tracking", 2017, whose
        layer this is; the shared denominator as in Danelljan et al., "Accurate Scale Estimation
        for Robust Visual Tracking", 2014.

    Example:
        >>> wanted = torch.zeros(25, 25)
        >>> wanted[0, 0] = 1.0
        >>> correlation_filter(torch.rand(2, 8, 25, 25), wanted, 1e-2).shape
        torch.Size([2, 8, 25, 25])
    """
    who = "correlation_filter"
    operands: Operands = {
        "template": (template, "(B, C, H, W) or (B, S, C, H, W)"),
        "response": (response, "(H, W) or (B, H, W) or (B, S, H, W)"),
    }
    check_tensors(who, operands)
    strength = number_or_tensor(who, "regularization", regularization, template, positive=True)
    samples = template[:, None] if template.ndim == 4 else template
    wanted = _per_sample(who, response, samples, operands)
    solve = _shared if shared_denominator or samples.shape[1] == 1 else _exact
    itemsize = arithmetic_dtype(template.dtype).itemsize
    return by_targets(solve, 3 * itemsize * samples[0].numel(), samples, wanted, strength)


def _per_sample(who: str, response: Tensor, samples: Tensor, operands: Operands) -> Tensor:
    """The response as (B or 1, S or 1, H, W)."""
    if response.shape[-2:] != samples.shape[-2:]:
        sizes = [f"{t.shape[-2]}x{t.shape[-1]}" for t in (samples, response)]
        raise operand_error(who, f"template of {sizes[0]}, response of {sizes[1]}", operands)
    if response.ndim == 2:
        return response[None, None]
    check_batch(who, "response", samples.shape[0], operands)
    if response.ndim == 3:
        return response[:, None]
    if response.shape[1] not in {1, samples.shape[1]}:
        what = f"template and response disagree on S: {samples.shape[1]} and {response.shape[1]}"
        raise operand_error(who, what, operands)
    return response


def _shared(template: Tensor, response: Tensor, strength: Tensor | float) -> Tensor:
    """One denominator for all channels: the solution for one sample; (n, S, C, H, W)."""
    x, y = _spectra(template), _spectra(response)
    energy = (x.real.square() + x.imag.square()).sum((1, 2))  # (n, H, Wf)
    denominator = energy + template.shape[1] * _aligned(strength, 3)
    numerator = (x * y.conj()[:, :, None]).sum(1)  # (n, C, H, Wf)
    return _kernels(numerator / denominator[:, None], template)


def _exact(template: Tensor, response: Tensor, strength: Tensor | float) -> Tensor:
    """The S x S system of each frequency."""
    x = _spectra(template).permute(0, 3, 4, 1, 2)  # (n, H, Wf, S, C)
    y = _spectra(response).permute(0, 2, 3, 1).unsqueeze(-1)  # (n or 1, H, Wf, S or 1, 1)
    count = x.shape[3]
    ridge = torch.eye(count, dtype=template.dtype, device=x.device) * count
    gram = torch.matmul(x, x.mH) + ridge * _aligned(strength, 5)
    weights = torch.linalg.solve(gram, y.expand(*x.shape[:4], 1))  # (n, H, Wf, S, 1)
    spectra = (x * weights.conj()).sum(3).permute(0, 3, 1, 2)  # (n, C, H, Wf)
    return _kernels(spectra.contiguous(), template)  # transforms of other strides round otherwise


def _spectra(cells: Tensor) -> Tensor:
    spectra: Tensor = torch.fft.rfft2(cells, norm="ortho")
    return spectra


def _kernels(spectra: Tensor, template: Tensor) -> Tensor:
    """Back to cells with the plain inverse: the kernel's own spectrum is not orthonormal."""
    size = (template.shape[-2], template.shape[-1])
    kernels: Tensor = torch.fft.irfft2(spectra, s=size)
    return kernels


def _aligned(strength: Tensor | float, axes: int) -> Tensor | float:
    """(n,) to (n, 1, ...) with so many axes."""
    if isinstance(strength, Tensor):
        return strength.reshape(-1, *[1] * (axes - 1))
    return strength
