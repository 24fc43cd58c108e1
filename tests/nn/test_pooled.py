"""Dense layers on pooled channels: equal to PyTorch's, and exactly alike in every batch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from siamcorr.nn.pooled import PooledLinear


@pytest.mark.parametrize(("channels", "outputs"), [(16, 8), (240, 64), (7, 3)])
def test_values_are_those_of_linear(channels: int, outputs: int) -> None:
    own, reference = PooledLinear(channels, outputs), nn.Linear(channels, outputs)
    own.load_state_dict(reference.state_dict())
    x = torch.randn(9, channels)
    torch.testing.assert_close(own(x), reference(x))


def test_convention_a_sample_does_not_depend_on_the_batch() -> None:
    layer = PooledLinear(240, 64)
    x = torch.randn(16, 240)
    with torch.inference_mode():
        for count in (1, 2, 3, 8, 16):
            assert torch.equal(layer(x[:count]), layer(x)[:count])
