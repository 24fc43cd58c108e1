"""SiamFC's AlexNet: names, shapes and sizes as published, values against a functional twin."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from siamcorr.models import ModelSettings, build_model
from siamcorr.nn.backbones import AlexNetV1

CONVOLUTIONS = {
    "conv1": (96, 3, 11, 11),
    "conv2": (256, 48, 5, 5),
    "conv3": (384, 256, 3, 3),
    "conv4": (384, 192, 3, 3),
    "conv5": (256, 192, 3, 3),
}


def published_layout() -> dict[str, tuple[int, ...]]:
    """The 30 names and shapes of a siamfc-pytorch checkpoint."""
    layout: dict[str, tuple[int, ...]] = {}
    for name, shape in CONVOLUTIONS.items():
        layout[f"backbone.{name}.0.weight"] = shape
        layout[f"backbone.{name}.0.bias"] = shape[:1]
        if name != "conv5":
            for statistic in ("weight", "bias", "running_mean", "running_var"):
                layout[f"backbone.{name}.1.{statistic}"] = shape[:1]
            layout[f"backbone.{name}.1.num_batches_tracked"] = ()
    return layout


def test_names_shapes_and_number_of_parameters() -> None:
    model = build_model(ModelSettings(backbone="alexnet_v1", head="siamfc"))
    layout = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert len(layout) == 30
    assert layout == published_layout()
    assert sum(p.numel() for p in model.parameters()) == 2_336_320


@pytest.mark.parametrize(("size", "cells"), [(127, 6), (239, 20), (255, 22)])
def test_sizes(size: int, cells: int) -> None:
    with torch.inference_mode():
        features = AlexNetV1().eval()(torch.zeros(1, 3, size, size))
    assert features.shape == (1, AlexNetV1.out_channels, cells, cells)


def test_stride_is_the_shift_that_moves_the_features_by_one_cell() -> None:
    torch.manual_seed(1)
    network, image = AlexNetV1().eval(), torch.rand(1, 3, 127 + AlexNetV1.stride, 127) * 255
    with torch.inference_mode():
        whole, shifted = network(image), network(image[:, :, AlexNetV1.stride :])
    torch.testing.assert_close(whole[:, :, 1:], shifted, rtol=1e-4, atol=1e-4)


def test_values_equal_a_functional_twin() -> None:
    """Order of the layers, groups, strides and the unusual eps, from a state dict alone."""
    torch.manual_seed(2)
    network = AlexNetV1().eval()
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_var", "1.weight")):
            tensor.uniform_(1e-6, 2e-6) if "running_var" in name else tensor.uniform_(0.5, 1.5)
    weights = network.state_dict()
    x = image = torch.rand(2, 3, 127, 127)
    groups = {"conv2": 2, "conv4": 2, "conv5": 2}
    for name in CONVOLUTIONS:
        kernel, bias = weights[f"{name}.0.weight"], weights[f"{name}.0.bias"]
        stride = 2 if name == "conv1" else 1
        x = F.conv2d(x, kernel, bias, stride=stride, groups=groups.get(name, 1))
        if name != "conv5":
            mean, var, gain, shift = (
                weights[f"{name}.1.{part}"][:, None, None]
                for part in ("running_mean", "running_var", "weight", "bias")
            )
            x = F.relu((x - mean) / torch.sqrt(var + 1e-6) * gain + shift)
        if name in ("conv1", "conv2"):
            x = F.max_pool2d(x, kernel_size=3, stride=2)
    with torch.inference_mode():
        features = network(image)
    torch.testing.assert_close(features, x.detach(), rtol=1e-4, atol=1e-4 * x.abs().max().item())


def test_momentum_of_the_running_statistics() -> None:
    norms = [m for m in AlexNetV1().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [(norm.eps, norm.momentum) for norm in norms] == [(1e-6, 0.05)] * 4
