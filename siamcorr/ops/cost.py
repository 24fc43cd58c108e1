"""Predicted seconds of a backend on CPU: measured coefficients times static counts of the work.

`scripts/fit_cost_model.py` measures random problems on this machine, fits one non-negative
coefficient per count, backend, direction and regime, and writes `cost_table.py`. Only the order
of the backends matters, so a table serves machines of another speed.
"""

from __future__ import annotations

import math

from siamcorr.ops.backends.fft import fast_length
from siamcorr.ops.cost_table import COEFFICIENTS
from siamcorr.ops.problem import Problem, padded_size, response_size

__all__ = ["counts", "predicted_seconds", "regime"]

_LANES = 16
"""Floats in a vector register."""
_NARROW = 7
"""Widest kernel whose gradient fits into the fast padding of `backends.conv2d`."""
_NATIVE_CELLS, _NATIVE_TAPS = 20480, 3
_CLIFF = 30
"""Kernels beyond this fall off oneDNN's fast paths when they are padded to full size."""


def predicted_seconds(backend: str, problem: Problem) -> float:
    """Seconds that the backend is expected to take; a pure function of the problem."""
    coefficients = COEFFICIENTS[backend, problem.direction, regime(backend, problem)]
    work = counts(backend, problem)
    return sum(seconds * work[name] for name, seconds in coefficients.items())


def regime(backend: str, problem: Problem) -> str:
    """Which kind of kernel the backend ends up in."""
    groups = problem.window.groups
    one_in, one_out = problem.in_channels == groups, problem.out_channels == groups
    if backend == "fft":
        return "spectra"
    if backend == "matmul":
        return "outer" if one_in else "gemm"
    wide = problem.direction == "input_gradient" and max(problem.kernel_size) > _NARROW
    suffix = "_wide" if wide else ""
    if one_in and one_out:
        one_tap = problem.kernel_size == (1, 1)
        kind = "_1x1" if one_tap else "_shared" if problem.shared else ""
        return f"depthwise{kind}{suffix}"
    if groups == 1 and (problem.shared or problem.batch == 1):
        if _skips_onednn(problem):
            return "native"
        few = min(problem.in_channels, problem.out_channels) < _LANES
        kind = "_one" if one_out else "_few" if few else ""
        return f"plain{kind}{suffix}"
    if one_out:
        return f"one_output{suffix}"
    return f"grouped{'_gemm' if _block(problem) == 1 else ''}{suffix}"


def _skips_onednn(problem: Problem) -> bool:
    """ATen's rule: one small image and a kernel of at most 3x3 go to its own kernels."""
    cells = {
        "forward": problem.in_channels * math.prod(padded_size(problem)),
        "input_gradient": problem.out_channels * math.prod(response_size(problem)),
        "weight_gradient": math.inf,
    }[problem.direction]
    plain = problem.direction == "forward" or problem.window.stride == (1, 1)
    small = cells <= _NATIVE_CELLS and max(problem.kernel_size) <= _NATIVE_TAPS
    return small and plain and problem.batch == 1


def _block(problem: Problem) -> int:
    """Channels of a group that oneDNN's grouped kernels take at once; 1: it multiplies matrices."""
    groups = problem.window.groups
    common = math.gcd(problem.in_channels // groups, problem.out_channels // groups)
    return max([width for width in (1, 4, 8, 16) if common % width == 0])


def counts(backend: str, problem: Problem) -> dict[str, float]:
    """What the backend does, in numbers: calls, elements read and written, multiplications."""
    groups, batch = problem.window.groups, problem.batch
    kernels = 1 if problem.shared else batch
    channels, outputs = problem.in_channels // groups, problem.out_channels // groups
    area, taps, cells = (
        math.prod(size)
        for size in (padded_size(problem), problem.kernel_size, response_size(problem))
    )
    work = {
        "call": 1.0,
        "input": batch * groups * channels * area,
        "kernel": kernels * groups * outputs * channels * taps,
        "output": batch * groups * outputs * cells,
    }
    if backend == "fft":
        return work | _spectral_counts(problem, kernels)
    pairs = batch * groups * outputs * channels
    if backend == "matmul":
        products = batch * groups * outputs * taps * area
        return work | {"gemms": batch * groups, "gemm": pairs * taps * area, "products": products}
    spread = problem.direction == "input_gradient"
    lanes = {  # channels that a vector register runs over
        "forward": outputs if problem.shared else batch * outputs,
        "input_gradient": channels if problem.shared else batch * channels,
        "weight_gradient": batch * groups * outputs,
    }[problem.direction]
    filled = math.ceil(lanes / _LANES) * _LANES / lanes  # a register is never left part empty
    blocked = _LANES / _block(problem) if regime("conv2d", problem) == "grouped" else filled
    margins = pairs * taps * (area - cells) if spread else 0
    sliding = "output" if problem.direction == "weight_gradient" else "kernel"
    return work | {
        "groups": kernels * groups,
        "multiplications": pairs * taps * cells,
        "vectors": pairs * taps * cells * blocked,
        "margins": margins,
        "wide_margins": margins if max(problem.kernel_size) > _CLIFF else 0,
        "reordered": work[sliding] * filled,
        "gathered": batch * groups * (outputs if spread else channels) * taps * cells,
    }


def _spectral_counts(problem: Problem, kernels: int) -> dict[str, float]:
    groups, batch = problem.window.groups, problem.batch
    channels, outputs = problem.in_channels // groups, problem.out_channels // groups
    x, k, y = (
        batch * groups * channels,
        kernels * groups * outputs * channels,
        batch * groups * outputs,
    )
    pairs = batch * groups * outputs * channels
    inverse = pairs if problem.direction == "weight_gradient" else 0
    planes = {"forward": x + k + y, "input_gradient": x + k + y, "weight_gradient": x + y + inverse}
    height, width = (fast_length(length) for length in padded_size(problem))
    return {
        "planes": planes[problem.direction],
        "butterflies": planes[problem.direction] * height * width * math.log2(height * width),
        "spectral_products": pairs * height * width,
    }
