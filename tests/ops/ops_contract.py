"""The contract every correlation op keeps on every backend; an op supplies itself and its loops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from siamcorr.ops import list_backends, use_backend

Array = npt.NDArray[np.float64]
BACKENDS = [backend.name for backend in list_backends() if backend.usable]
TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.bfloat16: 2**-7,
    torch.float16: 2**-10,
}
"""Largest error over largest value; half precision is rounded once, from float32."""


def channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last)


def transposed(tensor: Tensor) -> Tensor:
    return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)


def strided(tensor: Tensor) -> Tensor:
    wide = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), torch.nan, dtype=tensor.dtype)
    wide[..., ::2] = tensor
    return wide[..., ::2]


def offset(tensor: Tensor) -> Tensor:
    long = torch.full((tensor.numel() + 3,), torch.nan, dtype=tensor.dtype)
    long[3:] = tensor.reshape(-1)
    return long[3:].view(tensor.shape)


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": torch.Tensor.contiguous,
    "channels_last": channels_last,
    "transposed": transposed,
    "strided": strided,
    "offset": offset,
}


@dataclass(frozen=True)
class Case:
    """Shapes of one call; (B, C, H, W) each."""

    search: tuple[int, int, int, int]
    template: tuple[int, int, int, int]
    window: tuple[tuple[str, object], ...] = ()

    @property
    def keywords(self) -> dict[str, object]:
        return dict(self.window)


def relative_error(actual: Tensor, expected: Array) -> float:
    scale = np.abs(expected).max()
    return float(np.abs(actual.detach().double().numpy() - expected).max() / scale)


@pytest.mark.parametrize("backend", BACKENDS)
class OpContract(ABC):
    """Tests shared by all correlation ops. A new backend gets all of them by being listed."""

    cases: list[Case]

    @staticmethod
    @abstractmethod
    def op(search: Tensor, template: Tensor, **keywords: object) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array: ...

    def draw(
        self, case: Case, dtype: torch.dtype = torch.float64, *, grad: bool = False
    ) -> tuple[Tensor, Tensor]:
        search, template = torch.randn(case.search), torch.randn(case.template)
        return (
            search.to(dtype).requires_grad_(grad),
            template.to(dtype).requires_grad_(grad),
        )

    def expected(self, search: Tensor, template: Tensor, case: Case) -> Array:
        arrays = (tensor.detach().double().numpy() for tensor in (search, template))
        return self.loops(*arrays, **case.keywords)

    def test_equals_loops(self, backend: str) -> None:
        for case in self.cases:
            search, template = self.draw(case)
            response = self.op(search, template, backend=backend, **case.keywords)
            expected = self.expected(search, template, case)
            assert response.shape == expected.shape, case
            assert relative_error(response, expected) < 1e-12, case

    @pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
    def test_dtypes(self, backend: str, dtype: torch.dtype) -> None:
        search, template = self.draw(self.cases[0], dtype)
        response = self.op(search, template, backend=backend)
        assert response.dtype == dtype
        error = relative_error(response, self.expected(search, template, self.cases[0]))
        assert error < TOLERANCE[dtype]

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts(self, backend: str, layout: str) -> None:
        search, template = self.draw(self.cases[0])
        arranged = LAYOUTS[layout](search), LAYOUTS[layout](template)
        response = self.op(*arranged, backend=backend)
        assert relative_error(response, self.expected(search, template, self.cases[0])) < 1e-12

    @pytest.mark.parametrize("one", ["search", "template"])
    def test_convention_batch_of_one_broadcasts(self, backend: str, one: str) -> None:
        search, template = self.draw(self.cases[0])
        single = search[:1] if one == "search" else template[:1]
        pair = (single, template) if one == "search" else (search, single)
        repeated = single.expand(search.shape[0], -1, -1, -1)
        whole = (repeated, template) if one == "search" else (search, repeated)
        expected = self.expected(*whole, self.cases[0])
        assert relative_error(self.op(*pair, backend=backend), expected) < 1e-12
        assert relative_error(self.op(*whole, backend=backend), expected) < 1e-12  # expanded

    def test_gradients(self, backend: str) -> None:
        for case in self.cases:
            inputs = self.draw(case, grad=True)

            def call(search: Tensor, template: Tensor, case: Case = case) -> Tensor:
                return self.op(search, template, backend=backend, **case.keywords)

            assert torch.autograd.gradcheck(call, inputs, fast_mode=True), case
            assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True), case

    @pytest.mark.parametrize("one", ["search", "template"])
    def test_gradients_of_a_broadcast_operand(self, backend: str, one: str) -> None:
        search, template = self.draw(self.cases[0])
        single = (search if one == "search" else template)[:1].clone().requires_grad_()
        other = (template if one == "search" else search).requires_grad_()

        def call(single: Tensor, other: Tensor) -> Tensor:
            pair = (single, other) if one == "search" else (other, single)
            return self.op(*pair, backend=backend)

        assert torch.autograd.gradcheck(call, (single, other), fast_mode=True)
        assert torch.autograd.gradgradcheck(call, (single, other), fast_mode=True)

    def test_half_precision_gradients_keep_their_dtype(self, backend: str) -> None:
        search, template = self.draw(self.cases[0], torch.bfloat16, grad=True)
        self.op(search, template, backend=backend).sum().backward()
        assert search.grad is not None
        assert template.grad is not None
        assert search.grad.dtype == template.grad.dtype == torch.bfloat16

    def test_inputs_are_unchanged(self, backend: str) -> None:
        search, template = self.draw(self.cases[0])
        copies = search.clone(), template.clone()
        self.op(search, template, backend=backend)
        assert torch.equal(search, copies[0])
        assert torch.equal(template, copies[1])

    def test_a_sample_does_not_see_the_others(self, backend: str) -> None:
        search, template = self.draw(self.cases[0])
        together = self.op(search, template, backend=backend)
        for i in range(search.shape[0]):
            alone = self.op(search[i : i + 1], template[i : i + 1], backend=backend)
            torch.testing.assert_close(alone[0], together[i], rtol=1e-12, atol=1e-12)

    def test_autocast_chooses_the_dtype(self, backend: str) -> None:
        search, template = self.draw(self.cases[0], torch.float32)
        with torch.autocast("cpu", torch.bfloat16):
            response = self.op(search, template, backend=backend)
        assert response.dtype == torch.bfloat16
        rounded = (tensor.bfloat16().float() for tensor in (search, template))
        expected = self.expected(*rounded, self.cases[0])
        assert relative_error(response, expected) < TOLERANCE[torch.bfloat16]

    def test_autocast_leaves_float64_alone(self, backend: str) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            assert self.op(*self.draw(self.cases[0]), backend=backend).dtype == torch.float64

    def test_meta_tensors_give_the_shape(self, backend: str) -> None:
        for case in self.cases:
            search, template = self.draw(case)
            shape = self.op(search, template, backend=backend, **case.keywords).shape
            meta = self.op(search.to("meta"), template.to("meta"), backend=backend, **case.keywords)
            assert meta.shape == shape

    def test_vmap_and_func_grad(self, backend: str) -> None:
        pairs = [self.draw(self.cases[0]) for _ in range(3)]
        searches, templates = (torch.stack(tensors) for tensors in zip(*pairs, strict=True))

        def call(search: Tensor, template: Tensor) -> Tensor:
            return self.op(search, template, backend=backend)

        def energy(search: Tensor, template: Tensor) -> Tensor:
            return call(search, template).square().sum()

        slope = torch.func.grad(energy, argnums=(0, 1))
        for dims in [(0, 0), (0, None), (None, 0)]:
            entries = [
                (searches[i * d0], templates[i * d1])
                for i in range(3)
                for d0, d1 in [[int(dim is not None) for dim in dims]]
            ]
            inputs = (
                searches if dims[0] is not None else searches[0],
                templates if dims[1] is not None else templates[0],
            )
            mapped = torch.func.vmap(call, in_dims=dims)(*inputs)
            torch.testing.assert_close(mapped, torch.stack([call(*pair) for pair in entries]))
            slopes = torch.func.vmap(slope, in_dims=dims)(*inputs)
            for got, want in zip(
                slopes, zip(*[slope(*pair) for pair in entries], strict=True), strict=True
            ):
                torch.testing.assert_close(got, torch.stack(want))

    def test_use_backend_equals_the_argument(self, backend: str) -> None:
        search, template = self.draw(self.cases[0], torch.float32)
        with use_backend(backend):
            inside = self.op(search, template)
        assert torch.equal(inside, self.op(search, template, backend=backend))

    def test_a_single_tap_scales(self, backend: str) -> None:
        """Linearity: doubling the template of a homogeneous op doubles the response."""
        search, template = self.draw(self.cases[0])
        plain = self.op(search, template, backend=backend)
        self.check_homogeneous(plain, self.op(search, 2 * template, backend=backend))

    @staticmethod
    def check_homogeneous(plain: Tensor, doubled: Tensor) -> None:
        torch.testing.assert_close(doubled, 2 * plain, rtol=1e-12, atol=1e-12)

    def test_shifting_the_search_shifts_the_response(self, backend: str) -> None:
        search, template = self.draw(self.cases[0])
        here = self.op(search, template, backend=backend)
        moved = self.op(search[..., 1:, 2:].contiguous(), template, backend=backend)
        torch.testing.assert_close(moved, here[..., 1:, 2:], rtol=1e-12, atol=1e-12)
