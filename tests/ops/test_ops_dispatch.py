"""Naming, overriding and choosing backends; the workspace bound; what the choice may depend on."""

from __future__ import annotations

import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from siamcorr import ops
from siamcorr.errors import BackendUnavailable, UnknownName
from siamcorr.ops import dispatch
from siamcorr.ops.backends import fft, matmul
from siamcorr.ops.cost import predicted_seconds
from siamcorr.ops.problem import Problem, Window


def problem(**changes: object) -> Problem:
    base = Problem(
        "forward", 2, False, 8, 1, (9, 9), (3, 3), Window((1, 1), (0, 0), (1, 1), 1),
        torch.float32, "cpu",
    )  # fmt: skip
    return base._replace(**changes)


def test_every_backend_is_listed_with_a_summary() -> None:
    infos = ops.list_backends()
    assert [info.name for info in infos] == ["conv2d", "matmul", "fft", "triton", "reference"]
    assert all(len(info.summary) > 10 for info in infos)
    assert all(info.usable for info in infos if info.name != "triton")


def test_an_argument_goes_before_use_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    for name, module in dispatch._BACKENDS.items():
        original = module.forward

        def spy(*args: object, name: str = name, original=original) -> torch.Tensor:
            used.append(name)
            return original(*args)

        monkeypatch.setattr(module, "forward", spy)
    x, z = torch.randn(2, 3, 6, 6), torch.randn(2, 3, 2, 2)
    with ops.use_backend("fft"):
        ops.xcorr(x, z)
        ops.xcorr(x, z, backend="matmul")
        with ops.use_backend("conv2d"):
            ops.xcorr(x, z)
        ops.xcorr(x, z)
    assert used == ["fft", "matmul", "conv2d", "fft"]


def test_use_backend_ends_with_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), ops.use_backend("fft"):
        raise ZeroDivisionError
    assert dispatch.check_backend("test", None) is None


def test_use_backend_stays_in_its_thread() -> None:
    seen: list[str | None] = []
    with ops.use_backend("fft"):
        thread = threading.Thread(target=lambda: seen.append(dispatch.check_backend("t", None)))
        thread.start()
        thread.join()
    assert seen == [None]


@pytest.mark.parametrize("call", [
    lambda: ops.xcorr(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 1, 1), backend="matmull"),
    lambda: ops.use_backend("matmull").__enter__(),
])  # fmt: skip
def test_an_unknown_backend_lists_the_closest(call) -> None:
    with pytest.raises(UnknownName, match=r"unknown backend 'matmull'; did you mean 'matmul'"):
        call()


def test_a_backend_that_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    x, z = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2)
    with pytest.raises(BackendUnavailable, match="complex numbers, which ONNX cannot hold"):
        ops.xcorr(x, z, backend="fft")
    large = problem(in_channels=256, input_size=(255, 255), kernel_size=(127, 127))
    assert dispatch.choose(large) == "fft"
    assert dispatch.choose(large._replace(exporting=True)) != "fft"
    assert ops.xcorr(x, z).shape == (1, 1, 3, 3)


def test_the_choice_is_a_pure_function_of_the_problem() -> None:
    assert dispatch.choose(problem()) == dispatch.choose(problem())
    siamfc = problem(batch=8, in_channels=256, input_size=(22, 22), kernel_size=(6, 6))
    assert dispatch.choose(siamfc) == "matmul"
    huge = problem(in_channels=256, input_size=(255, 255), kernel_size=(127, 127), batch=1)
    assert dispatch.choose(huge) == "fft"
    depthwise = problem(batch=8, in_channels=256, out_channels=256, input_size=(29, 29),
                        kernel_size=(5, 5), window=Window((1, 1), (0, 0), (1, 1), 256))  # fmt: skip
    assert dispatch.choose(depthwise) == "conv2d"
    assert dispatch.choose(siamfc._replace(device="cuda")) == "conv2d"


@pytest.mark.parametrize("backend", [matmul, fft])
@pytest.mark.parametrize("shared", [False, True])
def test_a_small_workspace_gives_the_same_numbers(
    backend, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way of cutting the work: samples, groups, channels, kernel rows and columns."""
    window = Window((2, 1), (1, 2), (1, 2), 2)
    x = torch.randn(3, 4, 9, 8, dtype=torch.float64)
    k = torch.randn(1 if shared else 3, 6, 2, 4, 3, dtype=torch.float64)
    case = problem(batch=3, shared=shared, in_channels=4, out_channels=6, input_size=(9, 8),
                   kernel_size=(4, 3), window=window, dtype=torch.float64)  # fmt: skip
    whole = backend.forward(x, k, case)
    g = torch.randn_like(whole)
    back = case._replace(direction="input_gradient"), case._replace(direction="weight_gradient")
    whole_x, whole_k = backend.input_gradient(g, k, back[0]), backend.weight_gradient(x, g, back[1])
    for workspace in (1, 20_000, 60_000, 200_000):
        monkeypatch.setattr(backend, "WORKSPACE_BYTES", workspace)
        torch.testing.assert_close(backend.forward(x, k, case), whole)
        torch.testing.assert_close(backend.input_gradient(g, k, back[0]), whole_x)
        torch.testing.assert_close(backend.weight_gradient(x, g, back[1]), whole_k)


@pytest.mark.parametrize("backend", ["matmul", "fft"])
def test_the_workspace_is_bounded(backend: str) -> None:
    """Unbounded, 64x64 taps on 128x128 at batch 4 would hold 1 GiB of products."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            result = func(*args, **(kwargs or {}))
            for tensor in result if isinstance(result, tuple | list) else (result,):
                if isinstance(tensor, torch.Tensor):
                    largest = max(largest, tensor.untyped_storage().nbytes())
            return result

    x, z = torch.randn(4, 8, 128, 128), torch.randn(4, 8, 64, 64)
    with Watch():
        ops.xcorr(x, z, backend=backend)
    assert 0 < largest <= 40 * 2**20


@pytest.mark.parametrize("backend", ["conv2d", "matmul", "fft", None])
def test_gradients_are_dispatched_too(backend: str | None) -> None:
    x = torch.randn(2, 4, 9, 9, dtype=torch.float64, requires_grad=True)
    z = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    classic = F.conv2d(x.reshape(1, -1, 9, 9), z.reshape(8, 1, 3, 3), groups=8).view(2, 4, 7, 7)
    expected = torch.autograd.grad(classic.square().sum(), (x, z))
    got = torch.autograd.grad(ops.xcorr_depthwise(x, z, backend=backend).square().sum(), (x, z))
    torch.testing.assert_close(got, expected)


@given(
    batch=st.integers(1, 9), shared=st.booleans(), groups=st.sampled_from([1, 2, 4]),
    channels=st.integers(1, 20), outputs=st.integers(1, 20), taps=st.integers(1, 40),
    margin=st.integers(0, 30), stride=st.integers(1, 2),
    direction=st.sampled_from(["forward", "input_gradient", "weight_gradient"]),
)  # fmt: skip
def test_every_problem_has_a_predicted_time_on_every_backend(
    batch, shared, groups, channels, outputs, taps, margin, stride, direction
) -> None:
    """No regime of the cost model is without coefficients, and none predicts that work is free."""
    case = Problem(
        direction, batch, shared and batch > 1, groups * channels, groups * outputs,
        (taps + margin,) * 2, (taps,) * 2, Window((stride,) * 2, (0, 0), (1, 1), groups),
        torch.float32, "cpu",
    )  # fmt: skip
    for name in dispatch.AUTOMATIC:
        assert 0 < predicted_seconds(name, case) < 1e4
