"""Fresh weights: the range of Xavier's draw, and biases of zero."""

from __future__ import annotations

import math

import torch
from torch import nn

from siamcorr.nn.initialise import xavier_uniform_


def test_xavier_fills_its_range_and_clears_biases() -> None:
    model = nn.Sequential(nn.Conv2d(8, 16, 3, groups=2), nn.BatchNorm2d(16), nn.Linear(300, 50))
    xavier_uniform_(model)
    conv, norm, linear = model
    for weight, fans in ((conv.weight, 9 * (4 + 16)), (linear.weight, 350)):
        limit = math.sqrt(6 / fans)
        largest = weight.detach().abs().max().item()
        assert 0.95 * limit < largest <= limit
        assert abs(weight.detach().mean().item()) < 0.1 * limit
    assert not conv.bias.any()
    assert not linear.bias.any()
    assert torch.equal(norm.weight, torch.ones(16)), "norms stay as they are"
