"""The filter layers: equal to their ops, settings checked when built, a regularization to train."""

from __future__ import annotations

import math

import pytest
import torch

from siamcorr import nn as snn
from siamcorr import ops
from siamcorr.errors import InvalidArgument


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(
        *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + sum(shape))
    )


class TestCorrelationFilter:
    def test_solves_for_the_response(self) -> None:
        """White template: the kernel is the template, shrunk by the regularization."""
        template, wanted = torch.zeros(1, 1, 6, 5), torch.zeros(6, 5)
        template[0, 0, 2, 3], wanted[0, 0] = math.sqrt(30), 1.0  # energy 1 a cell
        kernel = snn.CorrelationFilter(0.25)(template, wanted)
        torch.testing.assert_close(kernel, template / 30 / 1.25)

    @pytest.mark.parametrize("shared", [False, True])
    def test_hands_its_settings_on(self, shared: bool) -> None:
        template, response = draw(2, 3, 2, 6, 5), draw(2, 3, 6, 5, seed=1)
        kernel = snn.CorrelationFilter(0.3, shared_denominator=shared)(template, response)
        expected = ops.correlation_filter(template, response, 0.3, shared_denominator=shared)
        other = ops.correlation_filter(template, response, 0.3, shared_denominator=not shared)
        assert torch.equal(kernel, expected)
        assert not torch.allclose(kernel, other)

    def test_a_learnable_regularization_is_trained_and_stored(self) -> None:
        layer = snn.CorrelationFilter(0.3, learnable=True)
        assert [name for name, _ in layer.named_parameters()] == ["log_regularization"]
        template, response = draw(1, 2, 6, 5).float(), draw(6, 5).float()
        kernel = layer(template, response)
        torch.testing.assert_close(kernel, ops.correlation_filter(template, response, 0.3))
        kernel.square().sum().backward()
        assert layer.log_regularization is not None
        assert layer.log_regularization.grad is not None
        assert layer.log_regularization.grad < 0  # a stronger ridge, a smaller kernel
        other = snn.CorrelationFilter(5.0, learnable=True)
        other.load_state_dict(layer.state_dict())
        assert torch.equal(other(template, response), kernel)

    def test_a_fixed_one_has_nothing_to_train_or_to_store(self) -> None:
        layer = snn.CorrelationFilter(0.3)
        assert layer.regularization == 0.3
        assert not layer.state_dict()

    @pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan, "0.1", True])
    def test_settings_are_checked_when_built(self, value: object) -> None:
        with pytest.raises(InvalidArgument, match="CorrelationFilter: regularization must be fin"):
            snn.CorrelationFilter(value)

    def test_repr(self) -> None:
        assert repr(snn.CorrelationFilter(0.01)) == "CorrelationFilter(0.01)"
        layer = snn.CorrelationFilter(0.5, learnable=True, shared_denominator=True)
        assert repr(layer) == "CorrelationFilter(0.5, learnable=True, shared_denominator=True)"


class TestConstrainedCorrelationFilter:
    def test_hands_its_settings_on(self) -> None:
        template, response, previous = draw(2, 3, 9, 8), draw(9, 8), draw(2, 3, 4, 3)
        course = {"steps": 3, "rho": 0.5, "rho_growth": 4.0, "rho_max": 3.0}
        layer = snn.ConstrainedCorrelationFilter((4, 3), **course)
        usual = snn.ConstrainedCorrelationFilter((4, 3), steps=3)
        kernel = layer(template, response, 0.1, previous, 2.0)
        expected = ops.constrained_correlation_filter(
            template, response, 0.1, support=(4, 3), previous=previous, temporal=2.0, **course
        )
        assert torch.equal(kernel, expected)
        assert not torch.allclose(kernel, usual(template, response, 0.1, previous, 2.0))

    def test_keeps_no_past(self) -> None:
        template, response = draw(1, 2, 8, 8), draw(8, 8)
        layer = snn.ConstrainedCorrelationFilter(4)
        first = layer(template, response, 0.1)
        layer(template, response, 0.1, first, 12.0)
        assert torch.equal(layer(template, response, 0.1), first)
        assert not layer.state_dict()

    def test_settings_are_checked_when_built(self) -> None:
        who = "ConstrainedCorrelationFilter"
        with pytest.raises(InvalidArgument, match=f"{who}: support must be an int >= 1"):
            snn.ConstrainedCorrelationFilter(0)
        with pytest.raises(InvalidArgument, match=f"{who}: steps must be an int >= 1, got 1.5"):
            snn.ConstrainedCorrelationFilter(steps=1.5)
        with pytest.raises(InvalidArgument, match=f"{who}: rho_max must be finite and > 0"):
            snn.ConstrainedCorrelationFilter(rho_max=math.inf)
        with pytest.raises(InvalidArgument, match=f"{who}: needs rho <= rho_max"):
            snn.ConstrainedCorrelationFilter(rho_growth=0.9)

    def test_repr(self) -> None:
        assert repr(snn.ConstrainedCorrelationFilter(8)) == (
            "ConstrainedCorrelationFilter((8, 8), steps=2, rho=1.0, rho_growth=10.0, rho_max=100.0)"
        )
