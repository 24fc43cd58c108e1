"""The compact backbone against its table and a twin of plain function calls."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument
from siamcorr.nn.backbones import BACKBONES, Compact


@pytest.mark.parametrize(("size", "cells"), [(64, 5), (128, 13), (127, 13), (255, 29)])
def test_sizes_of_the_table(size: int, cells: int) -> None:
    backbone = Compact().eval()
    assert backbone(torch.zeros(1, 3, size, size)).shape == (1, 64, cells, cells)
    assert (backbone.stride, backbone.out_channels) == (8, 64)


def test_equals_its_layers_written_out() -> None:
    backbone = BACKBONES["compact"](channels=[4, 6, 8, 5]).eval()
    state = backbone.state_dict()
    for name in state:
        if name.endswith("running_var"):
            state[name].uniform_(0.5, 2)
        elif name.endswith("running_mean"):
            state[name].normal_()
    x = image = torch.randn(2, 3, 40, 36)
    for i, stride in enumerate((2, 2, 2, 1), start=1):
        x = F.conv2d(x, state[f"conv{i}.0.weight"], stride=stride)
        scale = state[f"conv{i}.1.weight"] / (state[f"conv{i}.1.running_var"] + 1e-5).sqrt()
        shift = state[f"conv{i}.1.bias"] - state[f"conv{i}.1.running_mean"] * scale
        x = x * scale[:, None, None] + shift[:, None, None]
        x = x.clamp(min=0) if i < 4 else x
    torch.testing.assert_close(backbone(image), x, rtol=1e-4, atol=1e-5)


def test_shifting_the_image_by_the_stride_shifts_the_map() -> None:
    """Without padding no cell knows where the border is."""
    backbone = Compact([4, 6, 8, 5]).eval()
    image = torch.randn(1, 3, 80, 80)
    whole, part = backbone(image), backbone(image[..., 8:, 16:])
    torch.testing.assert_close(part, whole[..., 1:, 2:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [[], [8, 8], [8, 8, 0], 8])
def test_channels_that_make_no_network_are_refused(channels) -> None:
    with pytest.raises(InvalidArgument, match=r"Compact: .*channels"):
        Compact(channels)
