"""The Triton kernels: interpreted on CPU, compiled for GPUs, and run where there is one."""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from siamcorr import ops
from siamcorr.errors import BackendUnavailable
from siamcorr.ops.backends import triton as backend
from siamcorr.ops.problem import Problem, Window

HERE = Path(__file__).parent
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
interpreted_only = pytest.mark.skipif(
    not INTERPRETED, reason="runs under TRITON_INTERPRET=1, see test_in_the_interpreter"
)
gpu_only = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

WINDOWS = [
    {},
    {"stride": (2, 1), "padding": (1, 2)},
    {"dilation": (2, 1), "padding": 1},
    {"stride": 3, "dilation": 2, "padding": 4},
]


def conv2d_map(direction: str, problem: Problem, *operands: torch.Tensor) -> torch.Tensor:
    return getattr(importlib.import_module("siamcorr.ops.backends.conv2d"), direction)(
        *operands, problem
    )


def run_contract(*selection: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
    return subprocess.run(
        [*command, *selection],
        cwd=HERE.parents[1],
        env=os.environ | {"TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(INTERPRETED or torch.cuda.is_available(), reason="the backend can run here")
def test_without_a_gpu_the_backend_says_why_and_what_helps() -> None:
    info = {each.name: each for each in ops.list_backends()}["triton"]
    assert not info.usable
    with pytest.raises(BackendUnavailable, match="no CUDA device"):
        ops.xcorr(torch.ones(1, 2, 5, 5), torch.ones(1, 2, 3, 3), backend="triton")


@pytest.mark.skipif(INTERPRETED, reason="is what this test runs")
@pytest.mark.slow
@pytest.mark.parametrize(
    "selection",
    [
        (__file__,),
        ("tests/ops/test_ops_hand_worked.py", "-k", "triton"),
        # Derivatives by finite differences need hundreds of calls, which take minutes here; the
        # tests of this file compare first and second derivatives with the plain backend instead.
        (
            "tests/ops/test_ops_contract.py",
            "-k",
            "triton and not (test_gradients or vmap) or TestBatchedConv2d and triton and vmap",
        ),
    ],
    ids=["kernels", "hand-worked", "contract"],
)
def test_in_the_interpreter(selection: tuple[str, ...]) -> None:
    done = run_contract(*selection)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


@interpreted_only
@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("outputs", [2, 20], ids=["few", "many"])
def test_all_maps_equal_the_classic_formulation(name: str, outputs: int) -> None:
    dtype = getattr(torch, name)
    for shared, groups, window in zip((False, True), (1, 2), WINDOWS[:2], strict=True):
        torch.manual_seed(0)
        x = torch.randn(2, 36, 5, 6, requires_grad=True)
        k = torch.randn(1 if shared else 2, outputs, 36 // groups, 2, 2, requires_grad=True)
        settings = {**window, "groups": groups}
        exact = ops.batched_conv2d(x.double(), k.double(), backend="conv2d", **settings)
        found = ops.batched_conv2d(x.to(dtype), k.to(dtype), backend="triton", **settings)
        weights = torch.randn_like(exact)
        wanted = torch.autograd.grad((exact * weights).sum(), (x, k))
        given = torch.autograd.grad((found.double() * weights).sum(), (x, k))
        for a, b in zip((found, *given), (exact, *wanted), strict=True):
            error = (a.double() - b.double()).abs().max() / b.abs().max()
            assert error < {"float32": 1e-5, "float16": 4e-3, "bfloat16": 2e-2}[name]


@interpreted_only
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_first_and_second_derivatives(window: dict[str, object]) -> None:
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64, requires_grad=True)
    k = torch.randn(2, 4, 1, 2, 2, dtype=torch.float64, requires_grad=True)

    def derivatives(name: str) -> tuple[torch.Tensor, ...]:
        response = ops.batched_conv2d(x, k, groups=4, backend=name, **window)
        first = torch.autograd.grad(response.pow(3).sum(), (x, k), create_graph=True)
        return (*first, *torch.autograd.grad(sum(d.square().sum() for d in first), (x, k)))

    for ours, classic in zip(derivatives("triton"), derivatives("conv2d"), strict=True):
        torch.testing.assert_close(ours, classic)


@interpreted_only
def test_a_sum_in_parts_equals_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    x, k = torch.randn(1, 40, 9, 9), torch.randn(1, 40, 5, 5)
    exact = ops.xcorr(x.double(), k.double(), backend="reference")
    for programs in (1, 10_000):
        monkeypatch.setattr(backend, "_PROGRAMS", programs)
        response = ops.xcorr(x, k, backend="triton")
        torch.testing.assert_close(response.double(), exact, rtol=1e-5, atol=1e-4)


@interpreted_only
@pytest.mark.parametrize("shared", [False, True])
def test_the_operators_pass_opcheck(shared: bool) -> None:
    x = torch.randn(2, 4, 6, 5, requires_grad=True)
    k = torch.randn(1 if shared else 2, 2, 2, 3, 2, requires_grad=True)
    window = [1, 2, 1, 0, 1, 1, 2]
    y = backend.correlate(x.detach(), k.detach(), window)
    g = torch.randn_like(y).requires_grad_()
    for operator, arguments in [
        (backend.correlate, (x, k, window)),
        (backend.correlate_input_gradient, (g, k, [6, 5], window)),
        (backend.correlate_weight_gradient, (x, g, [3, 2], shared, window)),
    ]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own tracing warns
            torch.library.opcheck(operator, arguments)


@pytest.mark.slow
@pytest.mark.skipif(INTERPRETED, reason="interpreted functions are not compiled")
@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("name", ["fp32", "fp16", "bf16"])
def test_the_kernels_compile_to_machine_code(capability: int, name: str) -> None:
    triton = pytest.importorskip("triton", minversion="3.6")
    language = triton.language
    kernels = importlib.import_module("siamcorr.ops.backends.triton_kernels")
    target = importlib.import_module("triton.backends.compiler").GPUTarget("cuda", capability, 32)
    sliding = {"SY": 2, "SX": 1, "PY": 1, "PX": 2, "DY": 1, "DX": 2, "KY": 5, "KX": 3}
    sliding["ACC"] = language.float32
    factor = {"fp32": language.float32, "fp16": language.float16, "bf16": language.bfloat16}[name]
    dot = {"FACTOR": factor, "BLOCK_R": 64}
    tiles = {
        "gather": {"SPREAD": True, "BLOCK_Q": 8, "BLOCK_P": 128},
        "gather_dot": {"SPREAD": False, "BLOCK_Q": 32, "BLOCK_P": 64, **dot},
        "taps": {"BLOCK_T": 32, "BLOCK_P": 64},
        "taps_dot": {"BLOCK_T": 64, "BLOCK_P": 32, **dot},
    }
    for kernel, blocks in tiles.items():
        function = getattr(kernels, kernel)
        constants = {**sliding, **blocks}
        signature = {}
        for argument in function.arg_names:
            tensor = argument in ("source", "kernel", "gradient", "made")
            signature[argument] = f"*{name}" if tensor else "i32"
        signature |= dict.fromkeys(constants, "constexpr")
        places = {(function.arg_names.index(key),): value for key, value in constants.items()}
        source = triton.compiler.ASTSource(function, signature, places)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about defaults of coming versions
            assert triton.compile(source, target=target).asm["cubin"][:4] == b"\x7fELF"


@gpu_only
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_on_a_gpu_all_maps_equal_float64(dtype: torch.dtype, window: dict[str, object]) -> None:
    for outputs, groups, shared in itertools.product((1, 4, 40), (1, 4), (False, True)):
        torch.manual_seed(0)
        x = torch.randn(3, 40, 25, 23, device="cuda", requires_grad=True)
        shape = (1 if shared else 3, outputs * groups, 40 // groups, 4, 5)
        k = torch.randn(shape, device="cuda", requires_grad=True)
        settings = {**window, "groups": groups}
        exact = ops.batched_conv2d(x.double(), k.double(), backend="conv2d", **settings)
        found = ops.batched_conv2d(x.to(dtype), k.to(dtype), backend="triton", **settings)
        weights = torch.randn_like(exact)
        wanted = torch.autograd.grad((exact * weights).sum(), (x, k))
        given = torch.autograd.grad((found.double() * weights).sum(), (x, k))
        for a, b in zip((found, *given), (exact, *wanted), strict=True):
            error = (a.double() - b.double()).abs().max() / b.abs().max()
            assert error < {torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}[dtype]


def test_the_shapes_of_fakes_are_those_of_the_classic_formulation() -> None:
    for window in WINDOWS:
        for shared in (False, True):
            x = torch.randn(3, 4, 11, 12)
            k = torch.randn(1 if shared else 3, 6, 2, 3, 2)
            pairs = {
                name: (value, value) if isinstance(value, int) else value
                for name, value in {
                    "stride": 1, "padding": 0, "dilation": 1, **window,
                }.items()
            }  # fmt: skip
            problem = Problem(
                "forward", 3, shared, 4, 6, (11, 12), (3, 2), Window(**pairs, groups=2),
                torch.float32, "meta",
            )  # fmt: skip
            y = conv2d_map("forward", problem, x, k)
            g = torch.randn_like(y)
            for direction, operands in {
                "forward": (x, k),
                "input_gradient": (g, k),
                "weight_gradient": (x, g),
            }.items():
                wanted = conv2d_map(direction, problem._replace(direction=direction), *operands)
                fakes = (each.to("meta") for each in operands)
                assert getattr(backend, direction)(*fakes, problem).shape == wanted.shape
