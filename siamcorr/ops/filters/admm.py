"""The correlation filter on a support, tied to its predecessor: a fixed number of ADMM steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from siamcorr.errors import InvalidArgument
from siamcorr.ops.checks import Operands, check_tensors, operand_error
from siamcorr.ops.filters.checks import (
    as_number,
    by_targets,
    check_batch,
    check_support,
    number_or_tensor,
)
from siamcorr.ops.filters.windows import CircularWindows, spectrum_of
from siamcorr.ops.precision import arithmetic_dtype
from siamcorr.ops.problem import Pair

__all__ = ["check_schedule", "constrained_correlation_filter"]


def constrained_correlation_filter(
    template: Tensor,
    response: Tensor,
    penalty: float | Tensor,
    *,
    support: int | Sequence[int] | None = None,
    previous: Tensor | None = None,
    temporal: float | Tensor = 0.0,
    steps: int = 2,
    rho: float = 1.0,
    rho_growth: float = 10.0,
    rho_max: float = 100.0,
) -> Tensor:
    """A correlation filter that is zero outside its support and stays near its predecessor.

    With * the circular correlation over n = H*W shifts:

        k = argmin  1/(2n) |y - sum_c x_c * k_c|^2  +  1/2 sum_c |sqrt(penalty) k_c|^2
                    + temporal/2 |k - previous|^2             over k that is 0 outside the support

    by the alternating direction method of multipliers: f fits the response, g keeps to the
    support, h is the multiplier. From g = previous = p, h = 0, each step, with X and Y orthonormal
    spectra, F, G, H and P plain ones:

        F <- argmin 1/2 |Y - sum_c X_c conj(F_c)|^2 + rho/2 |F - G + H|^2 + temporal/2 |F - P|^2
             (Sherman-Morrison at each frequency)
        g <- rho / (penalty + rho) * (f + h)      on the support, 0 outside
        h <- (h + f - g) * rho / rho'             rho' = min(rho_growth * rho, rho_max)

    The kernel returned is g.

    Args:
        template: (B, C, H, W), windowed by the caller, since its edges meet.
        response: (H, W) for all, or (B, H, W); wanted at every circular shift, peak in (0, 0).
        penalty: >= 0, the square of the spatial weight: a float for the whole support, or a tensor
            (h, w) or (B, h, w) of which infinite cells are 0 in the kernel.
        support: cells (h, w) about the window's centre where the kernel may differ from 0, an int
            or (rows, columns); None is (H, W).
        previous: (B, C, h, w), the kernels of the frame before, or None.
        temporal: >= 0, how strongly they hold, a float or a tensor () or (B,): 0 for targets
            without a past.
        steps: >= 1; 2 are enough from a good `previous`, more without.
        rho: > 0, the step size at the start, in the units of the penalty.
        rho_growth: >= 1, its factor from step to step.
        rho_max: >= rho, its end.

    Returns:
        (B, C, h, w); the template's dtype, or float32 under autocast.

    Convention:
        Kernel cell (0, 0) stands at cell ((H - h)//2, (W - w)//2) of the template, and `xcorr` and
        `filter_response` take the kernel as it is. Penalty, temporal and rho are in units of the
        template's energy per cell, sum_c x_c^2, whatever its size. A target's kernel does not
        depend on the others. Derivatives are those of the steps, with respect to every tensor.
        Half precision is computed in float32.

    Raises:
        ShapeError: ranks, batches or sizes do not fit.
        InvalidArgument: dtypes or devices differ, a number is out of range, or `temporal` is given
            without `previous` (the values of tensors are not read).

    Source:
        Galoogahi et al., "Learning Background-Aware Correlation Filters for Visual Tracking", 2017
        (the support); Li et al., "Learning Spatial-Temporal Regularized Correlation Filters for
        Visual Tracking", 2018 (penalty and temporal term). The same iterates, but f and h are never
        formed: they are a kernel on the support plus the template times one plane, so a step is
        one correlation with the template and one with its adjoint. Where all spectra are
        orthonormal, as in those papers' code, the filter is sqrt(n) times this kernel.

    Example:
        >>> wanted = torch.zeros(40, 40)
        >>> wanted[0, 0] = 1.0
        >>> template = torch.rand(1, 31, 40, 40)
        >>> kernel = constrained_correlation_filter(template, wanted, 1e-3, support=8, steps=6)
        >>> kernel = constrained_correlation_filter(
        ...     template, wanted, 1e-3, support=8, previous=kernel, temporal=12.0
        ... )
        >>> kernel.shape
        torch.Size([1, 31, 8, 8])
    """
    who = "constrained_correlation_filter"
    operands = _operands(template, response, penalty, previous)
    check_tensors(who, operands)
    size = (template.shape[-2], template.shape[-1])
    cells = check_support(who, "support", support, size, operands)
    _check_shapes(who, cells, operands)
    dtype = arithmetic_dtype(template.dtype)
    if not isinstance(penalty, Tensor):
        number = as_number(who, "penalty", penalty, positive=False)
        penalty = template.new_full(cells, number, dtype=dtype)
    if previous is None:
        if isinstance(temporal, Tensor) or temporal != 0:
            raise InvalidArgument(
                f"{who}: temporal needs `previous`, the kernels of the frame before; "
                "give zeros and temporal 0 for targets without a past"
            )
        previous = template.new_zeros(*template.shape[:2], *cells)
    inertia = number_or_tensor(who, "temporal", temporal, template, positive=False)
    solve = partial(_steps, schedule=check_schedule(who, steps, rho, rho_growth, rho_max))
    bytes_each = dtype.itemsize * (4 * template[0].numel() + 8 * size[0] * size[1] * cells[0])
    rest = (_batched(response), _batched(penalty), previous, inertia)
    return by_targets(solve, bytes_each, template, *rest)


def _steps(
    template: Tensor,
    response: Tensor,
    penalty: Tensor,
    previous: Tensor,
    temporal: Tensor | float,
    *,
    schedule: list[tuple[float, float]],
) -> Tensor:
    """The iterates on the support, columns first: (n, w, C, h); planes are (n, Wf, H, 2).

    f = drive + x * plane and h = held + x * echo: a kernel on the support each, and the template
    correlated with one plane.
    """
    windows = CircularWindows(template, (previous.shape[-2], previous.shape[-1]))
    wanted, energy = spectrum_of(response), windows.energy()
    previous = previous.permute(0, 3, 1, 2).contiguous()
    penalty = penalty.mT.unsqueeze(2)  # (n or 1, w, 1, h)
    if isinstance(temporal, Tensor):
        temporal = temporal[:, None, None, None]
    kernel, held, echo = previous, torch.zeros_like(previous), torch.zeros_like(wanted)
    for rho, next_rho in schedule:
        share = rho / (rho + temporal)
        drive = previous + share * (kernel - held - previous)
        missing = torch.addcmul(wanted - windows.correlate(drive), energy, share * echo)
        plane = missing / (energy + (rho + temporal)) + (1 - share) * echo
        fit = drive + held  # f + h = fit + x * plane
        kernel = (fit + windows.spread(plane)) * (rho / (penalty + rho))
        held, echo = (fit - kernel) * (rho / next_rho), plane * (rho / next_rho)
    return kernel.permute(0, 2, 3, 1).contiguous()


def _operands(
    template: Tensor, response: Tensor, penalty: float | Tensor, previous: Tensor | None
) -> Operands:
    operands: Operands = {
        "template": (template, "(B, C, H, W)"),
        "response": (response, "(H, W) or (B, H, W)"),
    }
    if isinstance(penalty, Tensor):
        operands["penalty"] = (penalty, "(h, w) or (B, h, w)")
    if previous is not None:
        operands["previous"] = (previous, "(B, C, h, w)")
    return operands


def _check_shapes(who: str, cells: Pair, operands: Operands) -> None:
    """The response is as large as the template, penalty and previous as the support."""
    template = operands["template"][0]
    for name, (tensor, _) in list(operands.items())[1:]:
        needed = tuple(template.shape[-2:]) if name == "response" else cells
        if tuple(tensor.shape[-2:]) != needed:
            what = f"{name} must be of {needed[0]}x{needed[1]} cells"
            hint = "" if name == "response" else "they are those of the support"
            raise operand_error(who, what, operands, hint)
        if tensor.ndim > 2:
            check_batch(who, name, template.shape[0], operands)
    if "previous" in operands:
        previous = operands["previous"][0]
        if previous.shape[1] != template.shape[1]:
            channels = f"{template.shape[1]} and {previous.shape[1]}"
            raise operand_error(who, f"template and previous disagree on C: {channels}", operands)


def check_schedule(
    who: str, steps: object, rho: float, rho_growth: float, rho_max: float
) -> list[tuple[float, float]]:
    """(rho, next rho) of every step."""
    if not isinstance(steps, int) or steps < 1:
        raise InvalidArgument(f"{who}: steps must be an int >= 1, got {steps!r}")
    for name, value in (("rho", rho), ("rho_growth", rho_growth), ("rho_max", rho_max)):
        as_number(who, name, value, positive=True)
    if rho > rho_max or rho_growth < 1:
        raise InvalidArgument(
            f"{who}: needs rho <= rho_max and rho_growth >= 1, got rho = {rho!r}, "
            f"rho_growth = {rho_growth!r}, rho_max = {rho_max!r}"
        )
    values = [float(rho)]
    for _ in range(steps):
        values.append(min(values[-1] * rho_growth, rho_max))
    return list(pairwise(values))


def _batched(field: Tensor) -> Tensor:
    """(h, w) or (B, h, w) to (1 or B, h, w)."""
    return field if field.ndim == 3 else field[None]
