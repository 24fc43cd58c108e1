"""filter_response and crop_kernel against loops; what wraps and what does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from filter_twins import draw, shift_matrix
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr import ops
from siamcorr.ops import list_backends


@settings(deadline=None, max_examples=40)
@given(
    c=st.integers(1, 3),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    less=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
def test_equals_loops(c: int, size: tuple[int, int], less: tuple[int, int]) -> None:
    support = (max(size[0] - less[0], 1), max(size[1] - less[1], 1))
    search, kernel = draw(2, c, *size), draw(2, c, *support, seed=1)
    response = ops.filter_response(search, kernel)
    assert response.shape == (2, 1, *size)
    for y, x, k in zip(response[:, 0], search.numpy(), kernel.numpy(), strict=True):
        expected = (shift_matrix(x, support) @ k.reshape(-1)).reshape(size)
        np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("backend", [b.name for b in list_backends() if b.usable])
def test_scales_share_the_kernel_of_their_target(backend: str) -> None:
    search, kernel = draw(3, 2, 4, 8, 7), draw(3, 4, 3, 4, seed=1)
    response = ops.filter_response(search, kernel, backend=backend)
    assert response.shape == (3, 2, 8, 7)
    for s in range(2):
        one = ops.filter_response(search[:, s], kernel, backend="reference")
        torch.testing.assert_close(response[:, s : s + 1], one)


@pytest.mark.parametrize("scales", [None, 2])
def test_a_batch_of_one_serves_all(scales: int | None) -> None:
    middle = () if scales is None else (scales,)
    search, kernel = draw(3, *middle, 4, 8, 7), draw(3, 4, 3, 4, seed=1)
    shared = ops.filter_response(search[:1], kernel)
    expected = ops.filter_response(search[:1].expand_as(search), kernel)
    torch.testing.assert_close(shared, expected)
    shared = ops.filter_response(search, kernel[:1])
    torch.testing.assert_close(
        shared, ops.filter_response(search, kernel[:1].expand(3, -1, -1, -1))
    )


def test_convention_no_displacement_is_cell_0_0_and_negative_ones_wrap() -> None:
    template = torch.zeros(1, 1, 9, 9)
    template[0, 0, 4, 4] = 1.0
    wanted = torch.zeros(9, 9)
    wanted[0, 0] = 1.0
    kernel = ops.correlation_filter(template, wanted, 1e-6)
    for moved, cell in [((0, 0), (0, 0)), ((2, 1), (2, 1)), ((-1, -3), (8, 6))]:
        response = ops.filter_response(template.roll(moved, (2, 3)), kernel)
        assert divmod(int(response.argmax()), 9) == cell


def test_convention_cells_that_do_not_wrap_are_those_of_xcorr() -> None:
    search, kernel = draw(2, 3, 9, 8), draw(2, 3, 4, 3, seed=1)
    circular = ops.filter_response(search, kernel).roll((2, 2), (2, 3))  # (9 - 4)//2, (8 - 3)//2
    torch.testing.assert_close(ops.xcorr(search, kernel), circular[:, :, :6, :6])


def test_gradcheck() -> None:
    search, kernel = draw(1, 2, 2, 4, 3).requires_grad_(), draw(1, 2, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(ops.filter_response, (search, kernel))


def test_crop_keeps_the_central_cells() -> None:
    kernel = torch.arange(6.0)[:, None] * 10 + torch.arange(7.0)
    cropped = ops.crop_kernel(kernel[None, None], (3, 4))
    assert cropped[0, 0].tolist() == [[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]


def test_a_crop_sees_the_target_where_the_whole_kernel_does() -> None:
    """All energy of the kernel within the crop: both give one response."""
    search, kernel = draw(2, 3, 9, 8), torch.zeros(2, 3, 9, 8).double()
    ops.crop_kernel(kernel, (4, 3)).copy_(draw(2, 3, 4, 3, seed=1))
    whole = ops.filter_response(search, kernel)
    torch.testing.assert_close(whole, ops.filter_response(search, ops.crop_kernel(kernel, (4, 3))))
