"""Fixed filters: what each channel answers to, on images where the answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from siamcorr.nn.backbones import FixedFilters
from siamcorr.nn.backbones.fixed_filters import oriented_derivatives, triangular_kernel


def ramp(angle: float, rise: float = 1.0, size: int = 64) -> torch.Tensor:
    """A grey image that rises by `rise` per pixel along a direction."""
    ys, xs = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    image = 100 + rise * (math.cos(angle) * xs + math.sin(angle) * ys)
    return image.expand(1, 3, size, size).float()


def test_nothing_is_trained_and_nothing_is_stored() -> None:
    network = FixedFilters()
    assert list(network.parameters()) == []
    assert network.state_dict() == {}
    assert network(torch.rand(2, 3, 128, 64)).shape == (2, network.out_channels, 32, 16)


@pytest.mark.parametrize("direction", range(8))
def test_strongest_channel_is_the_direction_of_the_edge(direction: int) -> None:
    features = FixedFilters()(ramp(2 * math.pi * direction / 8))[0, :, 4:-4, 4:-4]
    orientations = features[:8].mean((1, 2))
    assert orientations.argmax() == direction
    assert orientations[(direction + 4) % 8] == 0  # the opposite sign is rectified away
    assert orientations[(direction + 1) % 8] == pytest.approx(
        orientations[direction].item() * math.cos(math.pi / 4), rel=1e-4
    )


def test_oriented_derivatives_measure_the_slope() -> None:
    response = torch.nn.functional.conv2d(ramp(math.pi / 4, 3.0)[:, :1], oriented_derivatives(8))
    assert response[0, 1, 5, 5].item() == pytest.approx(3.0, rel=1e-4)
    assert response[0, 5, 5, 5].item() == pytest.approx(-3.0, rel=1e-4)


def test_orientation_channels_do_not_depend_on_contrast() -> None:
    texture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)) * 200
    network = FixedFilters(energy_floor=1e-6)
    bright, dark = network(texture)[:, :8], network(texture / 2)[:, :8]
    torch.testing.assert_close(bright, dark, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("rgb", "red_green", "blue_yellow"),
    [((90, 90, 90), 0.0, 0.0), ((255, 0, 0), 0.5, -0.25), ((0, 0, 255), 0.0, 0.5)],
)
def test_colour_channels(rgb: tuple[int, int, int], red_green: float, blue_yellow: float) -> None:
    image = torch.tensor(rgb).float()[None, :, None, None].expand(1, 3, 32, 32)
    features = FixedFilters(colour_gain=2.0)(image)[0]
    torch.testing.assert_close(features[8], torch.full((8, 8), 2 * red_green), atol=1e-6, rtol=0)
    torch.testing.assert_close(features[9], torch.full((8, 8), 2 * blue_yellow), atol=1e-6, rtol=0)
    assert features[:8].abs().max() < 1e-4  # a flat image has no edges


def test_cells_average_symmetrically() -> None:
    kernel = triangular_kernel(8)[0, 0]
    assert kernel.sum().item() == pytest.approx(1)
    assert (kernel[0] / kernel[0, 0]).tolist() == pytest.approx([1, 2, 3, 4, 4, 3, 2, 1])


def test_stride_is_the_shift_that_moves_the_features_by_one_cell() -> None:
    image = torch.rand(1, 3, 64, 64) * 255
    network = FixedFilters()
    whole, shifted = network(image), network(image[:, :, :, network.stride :])
    torch.testing.assert_close(whole[..., 4:-4], shifted[..., 3:-4], rtol=1e-4, atol=1e-5)
