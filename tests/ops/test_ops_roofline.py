"""Operations and bytes of a correlation, against loops that count and against numbers by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.ops.problem import Window, describe, towards
from siamcorr.ops.roofline import Work, least_seconds, work

SIZES = st.integers(1, 3)


def counted_by_loops(x: torch.Tensor, k: torch.Tensor, window: Window) -> int:
    """Multiplications and additions, one multiply-add after the other."""
    (batch, _, *size), (_, outputs, depth, *taps) = x.shape, k.shape
    cells = [
        range((n + 2 * p - (t - 1) * d - 1) // s + 1)
        for n, t, s, p, d in zip(
            size, taps, window.stride, window.padding, window.dilation, strict=True
        )
    ]
    count = 0
    for _ in range(batch * outputs * depth):
        for _ in cells[0]:
            for _ in cells[1]:
                for _ in range(taps[0] * taps[1]):
                    count += 2
    return count


@given(batch=SIZES, groups=SIZES, depth=SIZES, outputs=SIZES, tap=SIZES, stride=SIZES, pad=SIZES)
def test_counts_equal_the_loops_in_every_direction(
    batch: int, groups: int, depth: int, outputs: int, tap: int, stride: int, pad: int
) -> None:
    x = torch.empty(batch, groups * depth, 6, 5)
    k = torch.empty(batch, groups * outputs, depth, tap, 2)
    window = Window((stride, 1), (pad, 0), (1, 2), groups)
    problem = describe(x, k, window, torch.float16)
    rows, columns = (6 + 2 * pad - tap) // stride + 1, 3
    moved = 2 * (x.numel() + k.numel() + batch * groups * outputs * rows * columns)
    for direction in ("forward", "input_gradient", "weight_gradient"):
        expected = Work(counted_by_loops(x, k, window), moved)
        assert work(towards(direction, problem)) == expected


def test_a_shared_kernel_is_read_once() -> None:
    x, k = torch.empty(3, 2, 5, 5), torch.empty(1, 4, 2, 2, 2)
    window = Window((1, 1), (0, 0), (1, 1), 1)
    counted = work(describe(x, k, window, torch.float32))
    assert counted == (2 * 3 * 4 * 16 * 2 * 4, 4 * (3 * 2 * 25 + 4 * 2 * 4 + 3 * 4 * 16))


@pytest.mark.parametrize(("operations_per_s", "seconds"), [(100.0, 0.5), (10.0, 1.0)])
def test_the_scarcer_resource_decides(operations_per_s: float, seconds: float) -> None:
    assert least_seconds(Work(10, 5), operations_per_s=operations_per_s, bytes_per_s=10) == seconds
