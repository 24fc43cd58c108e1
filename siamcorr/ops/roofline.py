"""What a correlation costs at least: its operations, and the bytes that must move."""

from __future__ import annotations

import math
from typing import NamedTuple

from siamcorr.ops.problem import Problem, response_size

__all__ = ["Work", "least_seconds", "work"]


class Work(NamedTuple):
    """Static counts of one of the three maps, forward, input gradient or weight gradient.

    They are equal for the three: each pairs the same cells of two arrays, and each reads two of
    input, kernel and response and writes the third.

    Attributes:
        operations: multiplications and additions of the formula, those on padding included.
        bytes: every element of the three arrays once.
    """

    operations: int
    bytes: int


def work(problem: Problem) -> Work:
    """Operations and bytes of a problem in any of its directions.

    operations = 2 B O (C / G) h w Ho Wo,  bytes = itemsize (|x| + |k| + |y|)
    """
    taps, cells = math.prod(problem.kernel_size), math.prod(response_size(problem))
    depth = problem.in_channels // problem.window.groups
    responses = problem.batch * problem.out_channels * cells
    kernels = (1 if problem.shared else problem.batch) * problem.out_channels * depth * taps
    inputs = problem.batch * problem.in_channels * math.prod(problem.input_size)
    moved = (inputs + kernels + responses) * problem.dtype.itemsize
    return Work(2 * responses * depth * taps, moved)


def least_seconds(counted: Work, *, operations_per_s: float, bytes_per_s: float) -> float:
    """The roofline: no map that follows the formula is faster than its scarcer resource.

    Spectra need fewer operations than the formula, and data that lie in a cache already move
    faster than the memory allows: both may stay below it.

    Args:
        counted: of `work`.
        operations_per_s: the machine's limit, > 0.
        bytes_per_s: likewise, between memory and processor.

    Returns:
        Seconds.

    Source:
        Williams et al., "Roofline: An Insightful Visual Performance Model for Multicore
        Architectures", 2009.
    """
    return max(counted.operations / operations_per_s, counted.bytes / bytes_per_s)
