"""The ops against OpenCV, SciPy and torch.nn, and the classic formulation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ops_contract import BACKENDS, relative_error
from torch.nn import functional as F

from siamcorr import ops


def as_batch(image: np.ndarray) -> torch.Tensor:
    """(H, W) or (H, W, C) to (1, C, H, W)."""
    return torch.from_numpy(np.atleast_3d(image)).permute(2, 0, 1)[None]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_convention_ncc_equals_opencv(backend: str, channels: int) -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (60, 70, channels)).astype(np.float32).squeeze()
    image[5:30, 5:40] = 7  # flat windows
    template = image[32:45, 33:50].copy()
    expected = cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)
    response = ops.ncc(as_batch(image), as_batch(template), backend=backend)[0, 0].numpy()
    assert np.abs(response - expected).max() < 1e-5
    assert np.unravel_index(response.argmax(), response.shape) == (32, 33)
    assert (response[5:18, 5:24] == 0).all()


def test_ncc_is_not_moved_by_brightness_and_contrast() -> None:
    search, template = torch.rand(2, 3, 20, 20), torch.rand(2, 3, 5, 5)
    plain = ops.ncc(search, template)
    torch.testing.assert_close(ops.ncc(1000 + 50 * search, template), plain, atol=1e-4, rtol=0)


def test_ncc_of_constants_is_zero_and_has_no_nan_gradient() -> None:
    search = torch.full((1, 2, 8, 8), 0.1, requires_grad=True)
    template = torch.full((1, 2, 3, 3), 123.4, requires_grad=True)
    response = ops.ncc(search, template)
    response.sum().backward()
    assert (response == 0).all()
    assert search.grad is not None
    assert template.grad is not None
    assert search.grad.isfinite().all()
    assert template.grad.isfinite().all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_xcorr_equals_scipy(backend: str) -> None:
    rng = np.random.default_rng(2)
    search, template = rng.standard_normal((17, 23)), rng.standard_normal((5, 6))
    expected = scipy.signal.correlate2d(search, template, mode="valid")
    response = ops.xcorr(as_batch(search), as_batch(template), backend=backend)
    assert relative_error(response[0, 0], expected) < 1e-12


@pytest.mark.parametrize(
    ("backend", "size", "template", "channels"),
    [
        *((backend, 22, 6, 256) for backend in BACKENDS),
        *((backend, 63, 31, 32) for backend in ("conv2d", "matmul", "fft")),
    ],
)
def test_float32_is_close_to_float64(backend: str, size: int, template: int, channels: int) -> None:
    """At most 1e-5 of the largest value, or at least as close as the classic formulation."""
    search, kernel = (
        torch.randn(2, channels, size, size),
        torch.randn(2, channels, template, template),
    )
    exact = torch.cat(
        [F.conv2d(x[None].double(), z[None].double()) for x, z in zip(search, kernel, strict=True)]
    )
    classic = F.conv2d(search.reshape(1, -1, size, size), kernel, groups=2).transpose(0, 1)
    bound = max(1e-5, relative_error(classic, exact.numpy()))
    assert relative_error(ops.xcorr(search, kernel, backend=backend), exact.numpy()) <= bound


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_problems_equal_conv2d_per_sample(data: st.DataObject) -> None:
    """Any stride, padding, dilation, groups and batch: torch's own conv2d, sample by sample."""
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    groups, each, outputs = draw(1, 3), draw(1, 3), draw(1, 3)
    rows, columns = draw(1, 4), draw(1, 4)
    stride, dilation = (draw(1, 3), draw(1, 3)), (draw(1, 2), draw(1, 2))
    padding = (draw(0, 3), draw(0, 3))
    size = [(n - 1) * d + 1 + draw(0, 5) for n, d in zip((rows, columns), dilation, strict=True)]
    batch = draw(1, 3)
    batches = data.draw(st.sampled_from([(batch, batch), (1, batch), (batch, 1)]))
    x = torch.randn(batches[0], groups * each, *size, dtype=torch.float64)
    k = torch.randn(batches[1], groups * outputs, each, rows, columns, dtype=torch.float64)
    x.requires_grad_()
    k.requires_grad_()
    expected = torch.cat(
        [
            F.conv2d(x[i % len(x)][None], k[i % len(k)], None, stride, padding, dilation, groups)
            for i in range(batch)
        ]
    )
    backend = data.draw(st.sampled_from(BACKENDS))
    response = ops.batched_conv2d(x, k, None, stride, padding, dilation, groups, backend=backend)
    weights = torch.randn_like(expected)
    torch.testing.assert_close(response, expected)
    for got, want in zip(
        torch.autograd.grad((response * weights).sum(), (x, k)),
        torch.autograd.grad((expected * weights).sum(), (x, k)),
        strict=True,
    ):
        torch.testing.assert_close(got, want)
