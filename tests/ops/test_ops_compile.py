"""torch.compile(fullgraph=True): values, first gradients, and a change of backend."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import torch
from ops_contract import BACKENDS

from siamcorr import ops

OPS = [ops.xcorr, ops.xcorr_depthwise, ops.xcorr_upchannel, ops.xcorr_pixelwise, ops.ncc]


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    with warnings.catch_warnings():  # Inductor on complex numbers, deprecations inside torch
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("backend", [None, *BACKENDS])
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.__name__)
def test_fullgraph_traces_values_and_gradients(op, backend: str | None) -> None:
    """The graph is captured whole by dynamo and AOT autograd and run by eager kernels."""
    compiled = torch.compile(
        lambda x, z: op(x, z, backend=backend), fullgraph=True, backend="aot_eager"
    )
    x = torch.randn(2, 3, 9, 9, requires_grad=True)
    z = torch.randn(2, 3, 3, 3, requires_grad=True)
    response, eager = compiled(x, z), op(x, z, backend=backend)
    torch.testing.assert_close(response, eager)
    torch.testing.assert_close(
        torch.autograd.grad(response.square().sum(), (x, z)),
        torch.autograd.grad(eager.square().sum(), (x, z)),
    )


@pytest.mark.parametrize("batches", [(1, 3), (3, 1), (2, 2)])
@pytest.mark.parametrize("cast", [False, True])
def test_fullgraph_traces_broadcasting_and_autocast(batches: tuple[int, int], cast: bool) -> None:
    compiled = torch.compile(ops.xcorr_depthwise, fullgraph=True, backend="aot_eager")
    x = torch.randn(batches[0], 4, 9, 9, requires_grad=True)
    z = torch.randn(batches[1], 4, 3, 3, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=cast):
        response, eager = compiled(x, z), ops.xcorr_depthwise(x, z)
    assert response.dtype == eager.dtype == (torch.bfloat16 if cast else torch.float32)
    torch.testing.assert_close(response, eager)
    for traced, plain in zip(
        torch.autograd.grad(response.float().square().sum(), (x, z)),
        torch.autograd.grad(eager.float().square().sum(), (x, z)),
        strict=True,
    ):
        rounding = (2**-8 if cast else 1e-6) * plain.abs().max().item()
        torch.testing.assert_close(traced, plain, rtol=0, atol=2 * rounding)


@pytest.mark.slow
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.__name__)
def test_fullgraph_through_inductor(op) -> None:
    compiled = torch.compile(op, fullgraph=True)
    x, z = torch.randn(2, 3, 9, 9, requires_grad=True), torch.randn(2, 3, 3, 3)
    response = compiled(x, z)
    torch.testing.assert_close(response, op(x, z))
    (slope,) = torch.autograd.grad(response.square().sum(), x)
    torch.testing.assert_close(slope, torch.autograd.grad(op(x, z).square().sum(), x)[0])


def test_use_backend_around_a_compiled_function_is_heard() -> None:
    compiled = torch.compile(lambda x, z: ops.xcorr(x, z), fullgraph=True, backend="aot_eager")
    x, z = torch.randn(1, 64, 12, 12), torch.randn(1, 64, 5, 5)
    assert torch.equal(compiled(x, z), ops.xcorr(x, z))
    with ops.use_backend("fft"):
        inside = compiled(x, z)
        assert torch.equal(inside, ops.xcorr(x, z))
    assert not torch.equal(inside, compiled(x, z))  # another backend, other roundings
