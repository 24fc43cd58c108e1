"""correlation_filter against the dense system of all shifts; samples, gradients, dtypes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from filter_twins import dense_ridge, draw, shift_matrix
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from siamcorr import ops
from siamcorr.ops.filters import checks

LENGTHS = st.integers(1, 6)


class TestAgainstTheDenseSystem:
    @settings(deadline=None, max_examples=40)
    @given(c=st.integers(1, 3), h=LENGTHS, w=LENGTHS, strength=st.floats(1e-3, 10))
    def test_one_sample(self, c: int, h: int, w: int, strength: float) -> None:
        template, response = draw(2, c, h, w), draw(2, h, w, seed=1)
        kernel = ops.correlation_filter(template, response, strength)
        for k, x, y in zip(kernel, template.numpy(), response.numpy(), strict=True):
            expected = dense_ridge(x[None], y[None], strength)
            np.testing.assert_allclose(k, expected, rtol=1e-8, atol=1e-10)

    @settings(deadline=None, max_examples=25)
    @given(s=st.integers(2, 4), c=st.integers(1, 3), h=LENGTHS, w=LENGTHS)
    def test_several_samples(self, s: int, c: int, h: int, w: int) -> None:
        template, response = draw(2, s, c, h, w), draw(2, s, h, w, seed=1)
        kernel = ops.correlation_filter(template, response, 0.3)
        for k, x, y in zip(kernel, template.numpy(), response.numpy(), strict=True):
            np.testing.assert_allclose(k, dense_ridge(x, y, 0.3), rtol=1e-8, atol=1e-10)

    def test_weighted_samples_are_scaled_ones(self) -> None:
        """The documented way to weigh: both sides of a sample times the root of its weight."""
        template, response = draw(1, 2, 2, 4, 3), draw(1, 2, 4, 3, seed=1)
        root = torch.tensor([0.5, 3.0]).double().sqrt()
        kernel = ops.correlation_filter(
            template * root[:, None, None, None], response * root[:, None, None], 0.2
        )
        blocks = [shift_matrix(x, (4, 3)) for x in template[0].numpy()]
        gram = (0.5 * blocks[0].T @ blocks[0] + 3 * blocks[1].T @ blocks[1]) / 24
        right = sum(
            weight * block.T @ y.reshape(-1) / 24
            for weight, block, y in zip([0.5, 3], blocks, response[0].numpy(), strict=True)
        )
        expected = np.linalg.solve(gram + 0.2 * np.eye(24), right).reshape(2, 4, 3)
        np.testing.assert_allclose(kernel[0], expected, rtol=1e-8, atol=1e-10)

    def test_a_weak_ridge_gives_the_wanted_response(self) -> None:
        template, response = draw(1, 2, 5, 4), draw(5, 4, seed=1)
        kernel = ops.correlation_filter(template, response, 1e-12)
        reached = shift_matrix(template[0].numpy(), (5, 4)) @ kernel.numpy().reshape(-1)
        np.testing.assert_allclose(reached.reshape(5, 4), response, rtol=1e-6, atol=1e-6)


class TestSharedDenominator:
    @pytest.mark.parametrize(("samples", "channels"), [(1, 3), (3, 1)])
    def test_is_the_solution_for_one_sample_or_one_channel(
        self, samples: int, channels: int
    ) -> None:
        template, response = draw(2, samples, channels, 5, 4), draw(2, samples, 5, 4, seed=1)
        shared = ops.correlation_filter(template, response, 0.1, shared_denominator=True)
        for k, x, y in zip(shared, template.numpy(), response.numpy(), strict=True):
            np.testing.assert_allclose(k, dense_ridge(x, y, 0.1), rtol=1e-8, atol=1e-10)

    def test_is_the_sum_of_numerators_over_the_sum_of_energies(self) -> None:
        template, response = draw(1, 3, 2, 5, 4), draw(1, 3, 5, 4, seed=1)
        shared = ops.correlation_filter(template, response, 0.1, shared_denominator=True)
        x = np.fft.fft2(template[0].numpy(), norm="ortho")
        y = np.fft.fft2(response[0].numpy(), norm="ortho")
        spectrum = (x * y.conj()[:, None]).sum(0) / (3 * 0.1 + (np.abs(x) ** 2).sum((0, 1)))
        np.testing.assert_allclose(shared[0], np.fft.ifft2(spectrum).real, rtol=1e-9, atol=1e-12)
        exact = dense_ridge(template[0].numpy(), response[0].numpy(), 0.1)
        assert np.abs(shared[0].numpy() - exact).max() > 0.1 * np.abs(exact).max()


class TestConventions:
    def test_convention_a_solved_kernel_lies_as_its_template(self) -> None:
        """A target at (3, 5) is at (3, 5) of the kernel, and no displacement at (0, 0)."""
        template = torch.zeros(1, 1, 7, 9)
        template[0, 0, 3, 5] = 2.0
        wanted = torch.zeros(7, 9)
        wanted[0, 0] = 1.0
        kernel = ops.correlation_filter(template, wanted, 1e-6)
        assert divmod(int(kernel.argmax()), 9) == (3, 5)
        rolled = ops.correlation_filter(template, wanted.roll((1, 2), (0, 1)), 1e-6)
        assert divmod(int(rolled.argmax()), 9) == (2, 3)

    def test_convention_xcorr_takes_a_solved_kernel(self) -> None:
        """On the template continued over its edges `xcorr` gives the wanted response."""
        template, response = draw(2, 3, 6, 5), draw(2, 6, 5, seed=1)
        kernel = ops.correlation_filter(template, response, 1e-12)
        around = F.pad(template, (0, 4, 0, 5), mode="circular")
        torch.testing.assert_close(ops.xcorr(around, kernel)[:, 0], response, rtol=1e-6, atol=1e-6)

    def test_regularization_is_in_units_of_the_energy_per_cell(self) -> None:
        """Constant white energy: the response shrinks by e/(e + regularization), at any size."""
        for size in (4, 11):
            template = torch.zeros(1, 1, size, size).double()
            template[0, 0, 0, 0] = size  # energy 1 a cell, at every frequency
            wanted = draw(size, size)
            kernel = ops.correlation_filter(template, wanted, 0.25)
            reached = shift_matrix(template[0].numpy(), (size, size)) @ kernel.numpy().reshape(-1)
            np.testing.assert_allclose(reached.reshape(size, size), wanted / 1.25, rtol=1e-9)


class TestBatches:
    def test_each_target_has_its_response_and_strength(self) -> None:
        template, response = draw(3, 2, 5, 6), draw(3, 5, 6, seed=1)
        strength = torch.tensor([0.1, 1.0, 10.0]).double()
        kernel = ops.correlation_filter(template, response, strength)
        for n in range(3):
            r = float(strength[n])
            expected = dense_ridge(template[n].numpy()[None], response[n].numpy(), r)
            np.testing.assert_allclose(kernel[n], expected, rtol=1e-8, atol=1e-10)

    @pytest.mark.parametrize("samples", [1, 2])
    def test_targets_are_independent_and_slices_change_nothing(
        self, samples: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        template, response = draw(5, samples, 4, 12, 10).float(), draw(12, 10).float()
        strength = torch.linspace(0.1, 1, 5)
        whole = ops.correlation_filter(template, response, strength)
        alone = [
            ops.correlation_filter(template[n : n + 1], response, strength[n]) for n in range(5)
        ]
        assert torch.equal(whole, torch.cat(alone))
        monkeypatch.setattr(checks, "WORKSPACE_BYTES", 2 * 3 * 4 * template[0].numel())
        assert torch.equal(whole, ops.correlation_filter(template, response, strength))

    def test_inputs_of_any_layout_stay_as_they_are(self) -> None:
        template, response = draw(2, 3, 6, 5), draw(6, 5, seed=1)
        expected = ops.correlation_filter(template, response, 0.1)
        odd = template.contiguous(memory_format=torch.channels_last)
        turned = response.mT.contiguous().mT
        kept = odd.clone(), turned.clone()
        torch.testing.assert_close(ops.correlation_filter(odd, turned, 0.1), expected)
        assert torch.equal(odd, kept[0])
        assert torch.equal(turned, kept[1])


class TestDerivatives:
    @pytest.mark.parametrize("shared", [False, True])
    @pytest.mark.parametrize("shape", [(2, 2, 4, 3), (1, 2, 2, 3, 4)])
    def test_gradcheck_of_every_input(self, shape: tuple[int, ...], shared: bool) -> None:
        template, response = draw(*shape), draw(shape[0], *shape[-2:], seed=1)
        strength = torch.full((shape[0],), 0.5, dtype=torch.float64)
        inputs = [x.requires_grad_() for x in (template, response, strength)]

        def solve(x: Tensor, y: Tensor, r: Tensor) -> Tensor:
            return ops.correlation_filter(x, y, r, shared_denominator=shared)

        assert torch.autograd.gradcheck(solve, inputs)
        assert torch.autograd.gradgradcheck(solve, inputs)

    def test_training_through_crop_and_xcorr_lowers_the_loss(self) -> None:
        """CFNet in small: a step along the gradient of the features improves the response."""
        features = draw(1, 2, 9, 9).requires_grad_()
        search, wanted = draw(1, 2, 13, 13, seed=1), torch.zeros(9, 9).double()
        wanted[0, 0] = 1.0

        def loss(z: Tensor) -> Tensor:
            kernel = ops.crop_kernel(ops.correlation_filter(z, wanted, 0.1), 5)
            response = ops.xcorr(search, kernel)
            return (response[..., 4, 4] - 1).square().sum() + response.square().mean()

        (slope,) = torch.autograd.grad(loss(features), features)
        assert loss(features - 1e-3 * slope) < loss(features) - 0.5e-3 * slope.square().sum()


class TestDtypes:
    def test_float32_against_float64(self) -> None:
        template, response = draw(2, 16, 24, 20), draw(24, 20)
        double = ops.correlation_filter(template, response, 1e-2)
        single = ops.correlation_filter(template.float(), response.float(), 1e-2)
        assert single.dtype == torch.float32
        assert (single - double).abs().max() < 1e-5 * double.abs().max()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
    def test_half_precision_is_computed_in_float32(self, dtype: torch.dtype) -> None:
        template, response = draw(2, 3, 6, 5).to(dtype), draw(6, 5).to(dtype)
        kernel = ops.correlation_filter(template, response, 0.1)
        exact = ops.correlation_filter(template.float(), response.float(), 0.1)
        assert kernel.dtype == dtype
        assert torch.equal(kernel, exact.to(dtype))

    def test_convention_solvers_give_float32_under_autocast(self) -> None:
        template, response = draw(2, 3, 6, 5).bfloat16(), draw(6, 5).float()
        with torch.autocast("cpu", torch.bfloat16):
            kernel = ops.correlation_filter(template, response, 0.1)
            constrained = ops.constrained_correlation_filter(template, response, 0.1)
        exact = ops.correlation_filter(template.float(), response, 0.1)
        assert kernel.dtype == constrained.dtype == torch.float32
        assert torch.equal(kernel, exact)
        expected = ops.constrained_correlation_filter(template.float(), response, 0.1)
        assert torch.equal(constrained, expected)


class TestTransforms:
    @pytest.mark.parametrize("shape", [(2, 3, 6, 5), (2, 2, 3, 6, 5)])
    def test_fullgraph_traces_values_and_gradients(self, shape: tuple[int, ...]) -> None:
        template, response = draw(*shape).requires_grad_(), draw(6, 5)
        compiled = torch.compile(
            lambda x, y: ops.correlation_filter(x, y, 0.1), fullgraph=True, backend="aot_eager"
        )
        eager = ops.correlation_filter(template, response, 0.1)
        kernel = compiled(template, response)
        torch.testing.assert_close(kernel, eager)
        slopes = [torch.autograd.grad(k.square().sum(), template)[0] for k in (kernel, eager)]
        torch.testing.assert_close(*slopes)

    @pytest.mark.parametrize("shape", [(3, 2, 3, 6, 5), (3, 2, 2, 3, 6, 5)])
    def test_vmap(self, shape: tuple[int, ...]) -> None:
        template, response, strength = draw(*shape), draw(6, 5), draw(3).exp()
        mapped = torch.vmap(ops.correlation_filter, (0, None, 0))(template, response, strength)
        rows = [
            ops.correlation_filter(x, response, r) for x, r in zip(template, strength, strict=True)
        ]
        torch.testing.assert_close(mapped, torch.stack(rows))

    def test_meta_tensors_give_the_shape(self) -> None:
        template, response = (torch.empty(s, device="meta") for s in ((2, 3, 6, 5), (6, 5)))
        assert ops.correlation_filter(template, response, 0.1).shape == (2, 3, 6, 5)
        kernel = ops.constrained_correlation_filter(template, response, 0.1, support=(4, 3))
        assert kernel.shape == (2, 3, 4, 3)
        assert ops.filter_response(template, kernel).shape == (2, 1, 6, 5)
