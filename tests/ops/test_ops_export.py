"""Correlations in exported graphs: one graph for any batch, the same numbers, and the choice."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.errors import BackendUnavailable
from siamcorr.ops import dispatch, reference
from siamcorr.ops.backends import any_batch
from siamcorr.ops.exporting import is_exporting, onnx_export
from siamcorr.ops.problem import Problem, Window, describe

WINDOWS = [
    Window(stride, padding, dilation, groups)
    for stride, padding, dilation in [
        ((1, 1), (0, 0), (1, 1)),
        ((2, 3), (1, 2), (1, 1)),
        ((1, 2), (2, 0), (2, 3)),
    ]
    for groups in (1, 2, 4)
]


@pytest.mark.parametrize("kernel_size", [(1, 1), (3, 2)])
@pytest.mark.parametrize("outputs", [4, 8])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_formula_for_any_batch_equals_the_loops(
    window: Window, shared: bool, outputs: int, kernel_size: tuple[int, int]
) -> None:
    x = torch.randn(3, 4, 9, 10, dtype=torch.float64)
    k = torch.randn(1 if shared else 3, outputs, 4 // window.groups, *kernel_size).double()
    problem = describe(x, k, window, x.dtype)
    expected = reference.forward(x, k, problem)
    torch.testing.assert_close(any_batch.forward(x, k, problem), expected)


class _Op(nn.Module):
    def __init__(self, op, options: dict) -> None:
        super().__init__()
        self.op, self.options = op, options

    def forward(self, search: Tensor, template: Tensor) -> Tensor:
        return self.op(search, template, **self.options)


def exported(op, batch: int = 2, **options) -> nn.Module:
    """One graph from a batch of 2."""
    x, z = torch.randn(batch, 4, 9, 9), torch.randn(batch, 4, 3, 3)
    targets = torch.export.Dim("targets", min=1)
    shapes = {"search": {0: targets}, "template": {0: targets}}
    program = torch.export.export(_Op(op, options), (x, z), dynamic_shapes=shapes, strict=False)
    return program.module()


@pytest.mark.parametrize("for_onnx", [False, True])
@pytest.mark.parametrize("backend", [None, "matmul"])
@pytest.mark.parametrize(
    "op", [ops.xcorr, ops.xcorr_depthwise, ops.xcorr_upchannel, ops.xcorr_pixelwise]
)
def test_one_graph_serves_every_batch(op, backend: str | None, for_onnx: bool) -> None:
    if for_onnx:
        with onnx_export():
            graph = exported(op, backend=backend)
    else:
        graph = exported(op, backend=backend)
    for batch in (1, 2, 3, 5, 8, 16):
        x, z = torch.randn(batch, 4, 9, 9), torch.randn(batch, 4, 3, 3)
        torch.testing.assert_close(graph(x, z), op(x, z, backend="reference"))


def test_the_classic_formulation_has_no_place_in_onnx() -> None:
    """Outside ONNX the groups may be symbolic."""
    x, z = torch.randn(5, 4, 9, 9), torch.randn(5, 4, 3, 3)
    graph = exported(ops.xcorr_depthwise, backend="conv2d")
    torch.testing.assert_close(graph(x, z), ops.xcorr_depthwise(x, z, backend="reference"))
    with onnx_export(), pytest.raises(BackendUnavailable, match="as many groups as there are"):
        exported(ops.xcorr_depthwise, backend="conv2d")


def test_convention_a_graph_for_any_batch_takes_the_first_backend_that_can() -> None:
    """The choice must not compare the batch with anything, or the graph would hold for some."""
    seen: list[str] = []

    def op(x: Tensor, z: Tensor) -> Tensor:
        with dispatch.record_choices() as choices:
            y = ops.xcorr_depthwise(x, z)
        seen.append(choices["forward"])
        return y

    exported(op)
    with onnx_export():
        exported(op)
    assert seen == ["conv2d", "matmul"]


def test_a_known_batch_is_chosen_by_cost_in_onnx_too() -> None:
    window = Window((1, 1), (0, 0), (1, 1), 256)
    problem = Problem("forward", 1, False, 256, 256, (29, 29), (5, 5), window, torch.float32,
                      "cpu", exporting=True)  # fmt: skip
    assert dispatch.choose(problem) == "conv2d"
    assert dispatch.choose(problem._replace(exporting=False)) == "conv2d"


def test_the_mark_of_an_onnx_export_ends_with_its_block() -> None:
    assert not is_exporting()
    with onnx_export():
        assert is_exporting()
        with onnx_export():
            pass
        assert is_exporting()
    with pytest.raises(KeyError), onnx_export():
        raise KeyError
    assert not is_exporting()
