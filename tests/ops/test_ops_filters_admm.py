"""constrained_correlation_filter: optimum, iterates, support, past, batches, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import torch
from filter_twins import admm_in_spectra, central, dense_constrained, draw, shift_matrix
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from siamcorr import ops
from siamcorr.ops.filters import checks

LENGTHS = st.integers(1, 6)
MANY = {"steps": 2000, "rho": 0.3, "rho_growth": 1.0}
"""Plain ADMM until it stands still, on windows of a few cells."""


def solve(*tensors: Tensor | float, **settings_: object) -> Tensor:
    x, y, penalty, previous, temporal = tensors
    return ops.constrained_correlation_filter(
        x, y, penalty, previous=previous, temporal=temporal, **settings_
    )


class TestOptimum:
    @settings(deadline=None, max_examples=15)
    @given(
        c=st.integers(1, 2),
        size=st.tuples(LENGTHS, LENGTHS),
        less=st.tuples(st.integers(0, 4), st.integers(0, 4)),
        temporal=st.sampled_from([0.0, 0.7]),
    )
    def test_many_steps_reach_the_dense_solution(
        self, c: int, size: tuple[int, int], less: tuple[int, int], temporal: float
    ) -> None:
        support = (max(size[0] - less[0], 1), max(size[1] - less[1], 1))
        template, response = draw(2, c, *size), draw(2, *size, seed=1)
        penalty, previous = 0.05 + draw(*support, seed=2).abs(), draw(2, c, *support, seed=3)
        penalty[0, 0] = torch.inf
        kernel = solve(template, response, penalty, previous, temporal, support=support, **MANY)
        for n in range(2):
            fields = (template[n], response[n], penalty, previous[n])
            expected = dense_constrained(*(field.numpy() for field in fields), temporal)
            np.testing.assert_allclose(kernel[n], expected, rtol=1e-6, atol=1e-8)

    def test_many_steps_reach_the_optimum_of_a_general_solver(self) -> None:
        """scipy minimises the objective over the whole window, cells outside fixed at 0."""
        template, response, previous = draw(1, 2, 6, 5), draw(6, 5), draw(1, 2, 3, 2, seed=3)
        kernel = solve(template, response, 0.1, previous, 0.4, support=(3, 2), **MANY)
        data, y = shift_matrix(template[0].numpy(), (6, 5)), response.numpy().reshape(-1)
        before, inside = np.zeros((2, 6, 5)), np.zeros((2, 6, 5), bool)
        central(before, (3, 2))[:] = previous[0]
        central(inside, (3, 2))[:] = True

        def objective(k: np.ndarray) -> tuple[float, np.ndarray]:
            error, change = data @ k - y, k - before.reshape(-1)
            value = error @ error / 60 + 0.05 * k @ k + 0.2 * change @ change
            return value, data.T @ error / 30 + 0.1 * k + 0.4 * change

        bounds = [(None, None) if free else (0, 0) for free in inside.reshape(-1)]
        best = scipy.optimize.minimize(
            objective, np.zeros(60), jac=True, bounds=bounds, tol=1e-14
        ).x.reshape(2, 6, 5)
        np.testing.assert_allclose(kernel[0], central(best, (3, 2)), atol=1e-6)

    def test_without_support_and_past_it_is_the_ridge(self) -> None:
        template, response = draw(2, 3, 5, 4), draw(2, 5, 4, seed=1)
        kernel = ops.constrained_correlation_filter(template, response, 0.3, **MANY)
        torch.testing.assert_close(kernel, ops.correlation_filter(template, response, 0.3))

    def test_two_steps_from_the_frame_before_are_near_the_optimum(self) -> None:
        """The default course of rho: nearer than two steps from nothing, or than standing still."""
        template, wanted = draw(1, 3, 12, 12), torch.zeros(12, 12).double()
        wanted[0, 0] = 1.0
        later = template + 0.1 * draw(1, 3, 12, 12, seed=9)
        first = ops.constrained_correlation_filter(template, wanted, 1e-3, support=4, steps=6)
        fields = (later[0].numpy(), wanted.numpy(), np.full((4, 4), 1e-3), first[0].numpy())
        best = torch.from_numpy(dense_constrained(*fields, 12.0))
        warm = solve(later, wanted, 1e-3, first, 12.0, support=4)
        cold = ops.constrained_correlation_filter(later, wanted, 1e-3, support=4)
        assert (warm - best).norm() < 0.3 * min((cold - best).norm(), (first - best).norm())


class TestIterates:
    @pytest.mark.parametrize("steps", [1, 2, 3, 6])
    @pytest.mark.parametrize("size", [(9, 12), (8, 7), (1, 4), (2, 1)])
    def test_each_step_is_the_published_one(self, size: tuple[int, int], steps: int) -> None:
        template, response, penalty = (
            draw(2, 3, *size),
            draw(2, *size, seed=1),
            draw(2, *size).abs(),
        )
        previous = draw(2, 3, *size, seed=3)
        kernel = solve(template, response, penalty, previous, 12.0, steps=steps)
        rhos = [1.0, 10.0, 100.0, 100.0, 100.0, 100.0, 100.0]
        for n in range(2):
            fields = (template[n], response[n], penalty[n], previous[n])
            twin = admm_in_spectra(*(f.numpy() for f in fields), 12.0, rhos[: steps + 1])
            np.testing.assert_allclose(kernel[n], twin, rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("support", [(4, 3), (1, 8), (9, 2)])
    def test_on_a_support_too_with_another_course_of_rho(self, support: tuple[int, int]) -> None:
        """The twin works on the whole window, with an infinite penalty outside the support."""
        template, response = draw(1, 2, 9, 8), draw(9, 8, seed=1)
        previous = draw(1, 2, *support, seed=3)
        course = {"steps": 4, "rho": 0.5, "rho_growth": 3.0, "rho_max": 4.0}
        kernel = solve(template, response, 0.2, previous, 0.9, support=support, **course)
        penalty, before = np.full((9, 8), np.inf), np.zeros((2, 9, 8))
        central(penalty, support)[:] = 0.2
        central(before, support)[:] = previous[0]
        fields = (template[0].numpy(), response.numpy(), penalty, before)
        twin = admm_in_spectra(*fields, 0.9, [0.5, 1.5, 4.0, 4.0, 4.0])
        assert np.count_nonzero(twin) == 2 * support[0] * support[1]
        np.testing.assert_allclose(kernel[0], central(twin, support), rtol=1e-9, atol=1e-11)


class TestSupport:
    def test_an_infinite_penalty_is_exactly_zero_in_the_kernel(self) -> None:
        penalty = torch.full((2, 7, 8), torch.inf).double()
        penalty[0, 2:4, 3:5] = penalty[1, 1:5, 2:4] = 1e-3
        kernel = ops.constrained_correlation_filter(draw(2, 3, 7, 8), draw(7, 8), penalty)
        assert torch.equal(kernel != 0, torch.isfinite(penalty)[:, None].expand(2, 3, 7, 8))

    def test_a_large_penalty_is_a_mask_in_effect(self) -> None:
        template, response = draw(1, 3, 8, 8), draw(8, 8)
        inside = torch.zeros(8, 8, dtype=torch.bool)
        inside[2:6, 3:5] = True
        hard, soft = (torch.where(inside, 1e-3, x).double() for x in (torch.inf, 1e5))
        masked = ops.constrained_correlation_filter(template, response, hard, **MANY)
        damped = ops.constrained_correlation_filter(template, response, soft, **MANY)
        torch.testing.assert_close(masked, damped, rtol=0, atol=1e-4 * float(masked.abs().max()))


class TestPast:
    def test_targets_with_and_without_a_past_in_one_batch(self) -> None:
        template, response = draw(3, 2, 8, 7), draw(3, 8, 7, seed=1)
        previous = draw(3, 2, 4, 3, seed=3)
        previous[1] = 0
        temporal = torch.tensor([12.0, 0.0, 0.5]).double()
        mixed = solve(template, response, 0.1, previous, temporal, support=(4, 3))
        new = ops.constrained_correlation_filter(template[1:2], response[1:2], 0.1, support=(4, 3))
        torch.testing.assert_close(mixed[1:2], new)
        for n in (0, 2):
            one = slice(n, n + 1)
            fields = (template[one], response[one], 0.1, previous[one], float(temporal[n]))
            torch.testing.assert_close(mixed[one], solve(*fields, support=(4, 3)))

    def test_a_strong_tie_keeps_the_kernel(self) -> None:
        previous = draw(1, 2, 4, 3, seed=3)
        held = solve(draw(1, 2, 8, 7), draw(8, 7), 0.0, previous, 1e8, support=(4, 3), **MANY)
        torch.testing.assert_close(held, previous, rtol=1e-5, atol=1e-6)


class TestBatches:
    @pytest.mark.parametrize("size", [(40, 40), (15, 18)])
    def test_a_target_is_the_same_alone_and_among_others(
        self, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Bit for bit, whole or in slices."""
        template, response = draw(5, 7, *size).float(), draw(5, *size, seed=1).float()
        previous, temporal = draw(5, 7, 8, 6, seed=3).float(), torch.linspace(0, 12, 5)
        fields = (template, response, torch.rand(5, 8, 6), previous, temporal)
        whole = solve(*fields, support=(8, 6))
        alone = [solve(*(f[n : n + 1] for f in fields), support=(8, 6)) for n in range(5)]
        assert torch.equal(whole, torch.cat(alone))
        monkeypatch.setattr(checks, "WORKSPACE_BYTES", 12 * 4 * template[0].numel() + 10**6)
        assert torch.equal(whole, solve(*fields, support=(8, 6)))

    def test_inputs_of_any_layout_stay_as_they_are(self) -> None:
        fields = (draw(2, 3, 6, 5), draw(2, 6, 5), draw(2, 4, 3).abs(), draw(2, 3, 4, 3))
        expected = solve(*fields, 0.5, support=(4, 3))
        turned = [field.mT.contiguous().mT for field in fields]
        kept = [field.clone() for field in turned]
        torch.testing.assert_close(solve(*turned, 0.5, support=(4, 3)), expected)
        assert all(map(torch.equal, turned, kept))


class TestDerivatives:
    def test_gradcheck_of_every_input(self) -> None:
        fields = (
            draw(1, 2, 4, 3),
            draw(1, 4, 3),
            draw(2, 2).exp(),
            draw(1, 2, 2, 2),
            draw(1).exp(),
        )
        inputs = [field.requires_grad_() for field in fields]

        def kernel(*tensors: Tensor) -> Tensor:
            return solve(*tensors, support=2, steps=3, rho=0.5)

        assert torch.autograd.gradcheck(kernel, inputs)
        assert torch.autograd.gradgradcheck(kernel, inputs)

    def test_an_infinite_penalty_has_a_gradient_of_zero(self) -> None:
        penalty = torch.tensor([[0.5, torch.inf], [1.0, 2.0]]).double().requires_grad_()
        kernel = ops.constrained_correlation_filter(
            draw(1, 2, 4, 4), draw(4, 4), penalty, support=2
        )
        (slope,) = torch.autograd.grad(kernel.square().sum(), penalty)
        assert slope[0, 1] == 0
        assert torch.equal(slope != 0, torch.isfinite(penalty))

    def test_gradients_after_a_call_in_inference_mode(self) -> None:
        """What is kept between calls must not be an inference tensor."""
        template, response = draw(1, 2, 11, 13), draw(11, 13)
        with torch.inference_mode():
            expected = ops.constrained_correlation_filter(template, response, 0.1)
        kernel = ops.constrained_correlation_filter(template.requires_grad_(), response, 0.1)
        torch.testing.assert_close(kernel, expected.clone())
        (slope,) = torch.autograd.grad(kernel.sum(), template)
        assert slope.abs().max() > 0


class TestDtypes:
    def test_float32_against_float64(self) -> None:
        fields = (draw(2, 31, 40, 40), draw(40, 40), draw(8, 10).abs(), draw(2, 31, 8, 10) / 10)
        double = solve(*fields, 12.0, support=(8, 10), steps=6)
        single = solve(*(f.float() for f in fields), 12.0, support=(8, 10), steps=6)
        assert single.dtype == torch.float32
        assert (single - double).abs().max() < 1e-5 * double.abs().max()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
    def test_half_precision_is_computed_in_float32(self, dtype: torch.dtype) -> None:
        template, response = draw(2, 3, 6, 5).to(dtype), draw(6, 5).to(dtype)
        kernel = ops.constrained_correlation_filter(template, response, 0.1, support=3)
        exact = ops.constrained_correlation_filter(
            template.float(), response.float(), 0.1, support=3
        )
        assert kernel.dtype == dtype
        assert torch.equal(kernel, exact.to(dtype))


class TestTransforms:
    def test_fullgraph_traces_values_and_gradients(self) -> None:
        fields = [draw(2, 3, 6, 5).requires_grad_(), draw(6, 5), draw(4, 3).abs(), draw(2, 3, 4, 3)]
        compiled = torch.compile(
            lambda *tensors: solve(*tensors, 0.5, support=(4, 3)),
            fullgraph=True,
            backend="aot_eager",
        )
        eager, kernel = solve(*fields, 0.5, support=(4, 3)), compiled(*fields)
        torch.testing.assert_close(kernel, eager)
        slopes = [torch.autograd.grad(k.square().sum(), fields[0])[0] for k in (kernel, eager)]
        torch.testing.assert_close(*slopes)

    def test_vmap(self) -> None:
        fields = (draw(3, 2, 2, 6, 5), draw(6, 5), draw(3, 4, 3).abs(), draw(3, 2, 2, 4, 3))
        mapped = torch.vmap(lambda *tensors: solve(*tensors, 0.5, support=(4, 3)), (0, None, 0, 0))
        rows = [
            solve(x, fields[1], w, p, 0.5, support=(4, 3))
            for x, w, p in zip(fields[0], fields[2], fields[3], strict=True)
        ]
        torch.testing.assert_close(mapped(*fields), torch.stack(rows))
