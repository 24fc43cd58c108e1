"""Backbones of the published trackers: map sizes, channels and parameters of their tables."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from siamcorr.errors import InvalidArgument
from siamcorr.nn.backbones import AlexNet, DilatedMobileNetV2, DilatedResNet50, NanoMobileNetV3

ALL_RESNET = ["conv1", "layer1", "layer2", "layer3", "layer4"]
ALL_MOBILENET = [f"layer{i}" for i in range(3, 8)]


def shapes(build: type[nn.Module], side: int, **options: object) -> list[tuple[int, int]]:
    """Channels and side of each map; nothing is computed."""
    with torch.device("meta"):
        maps = build(**options).eval()(torch.empty(1, 3, side, side))
    return [(m.shape[1], m.shape[3]) for m in ([maps] if isinstance(maps, torch.Tensor) else maps)]


@pytest.mark.parametrize(("side", "cells"), [(127, 6), (255, 22), (287, 26)])
def test_alexnet(side: int, cells: int) -> None:
    assert shapes(AlexNet, side) == [(256, cells)]


@pytest.mark.parametrize(
    ("side", "cells"),
    [(127, [61, 31, 15, 15, 15]), (255, [125, 63, 31, 31, 31]), (831, [413, 207, 103, 103, 103])],
)
def test_resnet50(side: int, cells: list[int]) -> None:
    channels = [64, 256, 512, 1024, 2048]
    found = shapes(DilatedResNet50, side, outputs=ALL_RESNET)
    assert found == list(zip(channels, cells, strict=True))


@pytest.mark.parametrize(("side", "cells"), [(127, 15), (255, 31)])
def test_mobilenet_v2(side: int, cells: int) -> None:
    found = shapes(DilatedMobileNetV2, side, outputs=ALL_MOBILENET)
    assert found == [(channels, cells) for channels in (44, 89, 134, 224, 448)]


@pytest.mark.parametrize(("num_blocks", "channels"), [(4, 40), (8, 48), (9, 96)])
def test_nano_mobilenet_v3(num_blocks: int, channels: int) -> None:
    for side, cells in ((127, 8), (255, 16)):
        assert shapes(NanoMobileNetV3, side, num_blocks=num_blocks) == [(channels, cells)]


def test_out_channels_and_stride_are_what_comes_out() -> None:
    for build, options in (
        (AlexNet, {}),
        (DilatedResNet50, {"outputs": ["layer1", "layer2"]}),
        (DilatedMobileNetV2, {"width": 1.0}),
        (NanoMobileNetV3, {"num_blocks": 9}),
    ):
        with torch.device("meta"):
            backbone = build(**options)
        small, large = (shapes(build, side, **options) for side in (127, 127 + 8 * backbone.stride))
        channels = backbone.out_channels
        assert [c for c, _ in small] == ([channels] if isinstance(channels, int) else [*channels])
        assert large[-1][1] - small[-1][1] == 8


def test_what_no_output_needs_is_not_built() -> None:
    with torch.device("meta"):
        names = {key.split(".")[0] for key in DilatedResNet50(["conv1", "layer2"]).state_dict()}
        assert names == {"conv1", "bn1", "layer1", "layer2"}
        names = {key.split(".")[0] for key in DilatedMobileNetV2(outputs=["layer4"]).state_dict()}
        assert names == {f"layer{i}" for i in range(5)}


def test_the_shallowest_resnet_map_is_not_changed_by_what_follows() -> None:
    """The map before the pool is handed on, so nothing may write into it."""
    torch.manual_seed(3)
    deep = DilatedResNet50(["conv1", "layer1"]).eval()
    image = torch.rand(1, 3, 63, 63)
    with torch.inference_mode():
        first = deep(image)[0]
        expected = deep.bn1(deep.conv1(image)).clamp_min(0)
    assert torch.equal(first, expected)


@pytest.mark.parametrize(
    ("build", "options", "sentence"),
    [
        (DilatedResNet50, {"outputs": ["layer5"]}, "outputs must be some of conv1, layer1"),
        (DilatedResNet50, {"outputs": ["layer3", "layer2"]}, "in this order"),
        (DilatedResNet50, {"outputs": []}, "outputs must be some of"),
        (DilatedMobileNetV2, {"outputs": ["layer2"]}, "some of layer3, layer4"),
        (DilatedMobileNetV2, {"width": 0.0}, "width must be at least 0.1"),
        (NanoMobileNetV3, {"num_blocks": 10}, r"int in 4 \.\.\. 9, got 10"),
        (NanoMobileNetV3, {"num_blocks": 3}, "got 3"),
    ],
)
def test_wrong_options_are_refused(
    build: type[nn.Module], options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        build(**options)
