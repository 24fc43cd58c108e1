"""Levels are fused under autocast, too, where the shares alone are float32."""

from __future__ import annotations

import pytest
import torch

from siamcorr.nn.heads.fusion import LevelFusion


def test_weighted_levels_of_half_precision() -> None:
    fusion = LevelFusion(2)
    with torch.no_grad():
        fusion.weight.copy_(torch.tensor([0.0, 1.0986123]))  # shares 1/4 and 3/4
    maps = [torch.full((1, 1, 2, 2), value, dtype=torch.bfloat16) for value in (4.0, 8.0)]
    with torch.autocast("cpu", torch.bfloat16):
        fused = fusion(maps)
    torch.testing.assert_close(fused.float(), torch.full((1, 1, 2, 2), 7.0), rtol=1e-2, atol=0)
    fused.sum().backward()
    expected = 4 * 0.25 * 0.75 * (8 - 4)  # d/dw1 of the sum of four cells
    assert fusion.weight.grad[1].item() == pytest.approx(expected, rel=2e-2)
