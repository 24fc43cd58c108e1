"""The moving average against the formula in a loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from siamcorr.training.ema import AverageSettings, WeightAverage


@pytest.mark.parametrize("warm_up", [False, True])
def test_average_follows_the_formula(warm_up: bool) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = WeightAverage(model, AverageSettings(decay=0.9, warm_up=warm_up))
    expected = model[0].weight.detach().double().numpy()
    for n in range(30):
        with torch.no_grad():
            model[0].weight.add_(torch.randn(3, 2))
            model[1].running_mean.add_(1)
        average.update(model)
        decay = min(0.9, (1 + n) / (10 + n)) if warm_up else 0.9
        expected = decay * expected + (1 - decay) * model[0].weight.detach().double().numpy()
    np.testing.assert_allclose(average.model[0].weight.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(average.model[1].running_mean, model[1].running_mean)
    assert average.updates == 30
    assert not average.model.training


def test_the_copy_is_apart_from_the_model() -> None:
    model = nn.Linear(2, 2)
    average = WeightAverage(model, AverageSettings())
    before = average.model.weight.clone()
    with torch.no_grad():
        model.weight.add_(1)
    assert torch.equal(average.model.weight, before)
    assert not average.model.weight.requires_grad
    assert model.weight.requires_grad


def test_it_goes_on_from_its_state() -> None:
    model = nn.Linear(2, 2)
    first = WeightAverage(model, AverageSettings())
    for _ in range(3):
        first.update(model)
    other = WeightAverage(nn.Linear(2, 2), AverageSettings())
    other.load_state_dict(first.state_dict())
    assert other.updates == 3
    assert torch.equal(other.model.weight, first.model.weight)
