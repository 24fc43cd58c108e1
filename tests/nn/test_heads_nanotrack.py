"""NanoTrack's heads equal twins written from their description, correlation by correlation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from twin_layers import State, conv, depthwise, norm, pixelwise, randomised

from siamcorr.nn.heads import BoxOutput, NanoTrackV1Head, NanoTrackV2Head, NanoTrackV3Head

CHANNELS = 6


def project(x: Tensor, state: State, name: str) -> Tensor:
    return norm(conv(x, state, f"{name}.0"), state, f"{name}.1")


def attend(x: Tensor, state: State, name: str) -> Tensor:
    mean = F.adaptive_avg_pool2d(x, 1)
    hidden = F.relu(conv(mean, state, f"{name}.fc1"))
    return x * torch.sigmoid(conv(hidden, state, f"{name}.fc2"))


def tower_with_activation(x: Tensor, state: State, name: str, sizes: list[int]) -> Tensor:
    """Depth-wise and 1x1 with nothing between, BN, ReLU6."""
    for unit, size in enumerate(sizes):
        x = conv(x, state, f"{name}.{4 * unit}", padding=size // 2, groups=x.shape[1])
        x = norm(conv(x, state, f"{name}.{4 * unit + 1}"), state, f"{name}.{4 * unit + 2}")
        x = x.clamp(0, 6)
    return x


def pixelwise_part(x: Tensor, z: Tensor, state: State, name: str) -> Tensor:
    search = project(x, state, f"{name}.search")
    template = project(z, state, f"{name}.template")
    return attend(pixelwise(search, template), state, f"{name}.attention")


def twin_v1(x: Tensor, z: Tensor, state: State) -> BoxOutput:
    response = attend(pixelwise(x, z), state, "attention")
    cls = tower_with_activation(response, state, "cls.tower", [5, 5, 3])
    loc = tower_with_activation(response, state, "loc.tower", [3, 3, 5, 5])
    return BoxOutput(conv(cls, state, "cls.predict"), torch.exp(conv(loc, state, "loc.predict")))


def branch_v2(x: Tensor, z: Tensor, state: State, name: str) -> Tensor:
    response = pixelwise_part(x, z, state, f"{name}.pixelwise")
    tower = tower_with_activation(response, state, f"{name}.tower", [3] * 6)
    return conv(tower, state, f"{name}.predict")


def branch_v3(x: Tensor, z: Tensor, state: State, name: str) -> Tensor:
    pixels = pixelwise_part(x, z, state, f"{name}.pixelwise")
    pixels = conv(pixels, state, f"{name}.shrink.0", groups=64)
    pixels = norm(pixels, state, f"{name}.shrink.1").clamp(0, 6)
    pixels = norm(conv(pixels, state, f"{name}.shrink.3"), state, f"{name}.shrink.4")
    search = project(x, state, f"{name}.depthwise.search")
    template = project(z[:, :, 2:6, 2:6], state, f"{name}.depthwise.template")
    both = torch.cat((pixels, depthwise(search, template, padding=1)), dim=1)
    y = conv(both, state, f"{name}.merge")
    for unit in range(6):
        first = 5 * unit
        y = conv(y, state, f"{name}.tower.{first}", padding=1, groups=96)
        y = norm(y, state, f"{name}.tower.{first + 1}").clamp(0, 6)
        y = conv(y, state, f"{name}.tower.{first + 3}")
        y = norm(y, state, f"{name}.tower.{first + 4}")
    return conv(y, state, f"{name}.predict")


def twin_v2(x: Tensor, z: Tensor, state: State) -> BoxOutput:
    return BoxOutput(branch_v2(x, z, state, "cls"), branch_v2(x, z, state, "loc").exp())


def twin_v3(x: Tensor, z: Tensor, state: State) -> BoxOutput:
    return BoxOutput(branch_v3(x, z, state, "cls"), branch_v3(x, z, state, "loc").exp())


@pytest.mark.parametrize("backend", [None, "reference", "matmul"])
@pytest.mark.parametrize(
    ("head", "twin", "cells"),
    [
        (NanoTrackV1Head, twin_v1, 16),
        (NanoTrackV2Head, twin_v2, 16),
        (NanoTrackV3Head, twin_v3, 15),
    ],
)
def test_heads_equal_their_twins(
    head: type[nn.Module], twin: object, cells: int, backend: str | None
) -> None:
    channels = {} if head is NanoTrackV1Head else {"channels": CHANNELS}
    network = randomised(head(backend=backend, **channels))
    x, z = torch.randn(2, CHANNELS, 16, 16), torch.randn(2, CHANNELS, 8, 8)
    with torch.inference_mode():
        found = network(x, z)
        expected = twin(x, z, network.state_dict())  # type: ignore[operator]
    assert found.cls.shape == (2, 2, cells, cells)
    assert found.loc.shape == (2, 4, cells, cells)
    assert found.cls.std() > 1e-3
    torch.testing.assert_close(found.cls, expected.cls, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.loc, expected.loc, rtol=1e-4, atol=1e-5)
    assert found.loc.min() > 0


@pytest.mark.parametrize("head", [NanoTrackV1Head, NanoTrackV2Head, NanoTrackV3Head])
def test_a_sample_does_not_depend_on_its_batch(head: type[nn.Module]) -> None:
    channels = {} if head is NanoTrackV1Head else {"channels": CHANNELS}
    network = randomised(head(backend="conv2d", **channels))
    x, z = torch.randn(3, CHANNELS, 16, 16), torch.randn(3, CHANNELS, 8, 8)
    with torch.inference_mode():
        together = network(x, z)
        alone = network(x[1:2], z[1:2])
    torch.testing.assert_close(together.cls[1:2], alone.cls, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.loc[1:2], alone.loc, rtol=1e-4, atol=1e-5)


def test_fresh_towers_are_drawn_by_their_fan_out() -> None:
    network = NanoTrackV1Head()
    depthwise_weight = network.cls.tower[0].weight  # 64 channels of 5 x 5
    pointwise_weight = network.cls.tower[5].weight  # 128 channels of 1 x 1
    assert depthwise_weight.std().item() == pytest.approx((2 / (25 * 64)) ** 0.5, rel=0.1)
    assert pointwise_weight.std().item() == pytest.approx((2 / 128) ** 0.5, rel=0.05)
    assert not network.cls.predict.bias.any()
