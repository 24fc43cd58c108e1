"""torchvision models as backbones: their own maps, its dilation, weights from its cache."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, UnknownName
from siamcorr.models import ModelSettings, build_model
from siamcorr.nn.backbones import TorchvisionFeatures
from siamcorr.nn.backbones.dilation import limit_stride
from siamcorr.nn.heads import BoxOutput

NODES = {"resnet18": ["layer2", "layer3"], "mobilenet_v3_small": ["features.3", "features.8"]}


def with_random_statistics(model: nn.Module) -> nn.Module:
    """Batch norms that do something in evaluation mode."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
            nn.init.uniform_(layer.running_var, 0.5, 2)  # type: ignore[arg-type]
    return model.eval()


def maps_by_hooks(model: nn.Module, nodes: list[str], image: Tensor) -> list[Tensor]:
    found: list[Tensor] = []
    for node in nodes:
        layer = model.get_submodule(node)
        layer.register_forward_hook(lambda _m, _i, output: found.append(output))
    with torch.inference_mode():
        model(image)
    return found


@pytest.mark.parametrize("name", NODES)
def test_pretrained_weights_come_from_torchvisions_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the cache stands for the download; the maps are those of the whole model."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    original = with_random_statistics(torchvision.models.get_model(name))
    entry = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.save(original.state_dict(), cache / entry.url.rsplit("/", 1)[1])

    stride = {"resnet18": 16, "mobilenet_v3_small": 16}[name]
    backbone = TorchvisionFeatures(name, NODES[name], stride, weights="IMAGENET1K_V1").eval()
    image = torch.rand(2, 3, 127, 127)
    expected = maps_by_hooks(original, NODES[name], image)
    with torch.inference_mode():
        maps = backbone(image)
    assert len(maps) == len(expected) == 2
    for level, wanted, channels in zip(maps, expected, backbone.out_channels, strict=True):
        torch.testing.assert_close(level, wanted)
        assert level.shape[1] == channels


def test_dilation_is_torchvisions_for_resnet50() -> None:
    original = torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True])
    with_random_statistics(original)
    nodes = ["layer2", "layer3", "layer4"]
    backbone = TorchvisionFeatures("resnet50", nodes, stride=8).eval()
    state = {k: v for k, v in original.state_dict().items() if not k.startswith("fc.")}
    backbone.body.load_state_dict(state)
    image = torch.rand(1, 3, 95, 95)
    with torch.inference_mode():
        maps = backbone(image)
    for level, wanted in zip(maps, maps_by_hooks(original, nodes, image), strict=True):
        torch.testing.assert_close(level, wanted)


@pytest.mark.parametrize(
    ("name", "node"), [("resnet18", "layer4"), ("mobilenet_v3_small", "features.11")]
)
def test_a_dilated_map_holds_the_strided_one(name: str, node: str) -> None:
    """Taking away strides changes where features are computed, not what they are.

    At every fourth cell the taps are those of the original; padding reaches as far.
    """
    strided = with_random_statistics(TorchvisionFeatures(name, [node], stride=32))
    dense = TorchvisionFeatures(name, [node], stride=8).eval()
    dense.load_state_dict(strided.state_dict())
    if name == "mobilenet_v3_small":  # global means differ between the two grids
        for network in (strided, dense):
            for part, _ in network.named_modules():
                if part.endswith("scale_activation"):
                    parent = network.get_submodule(part.rpartition(".")[0])
                    nn.init.zeros_(parent.fc2.weight)
    image = torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        few, many = strided(image), dense(image)
    assert few.shape[-1] == 4
    assert many.shape[-1] == 16
    torch.testing.assert_close(many[..., ::4, ::4], few)


def test_a_config_builds_and_trains_it() -> None:
    options = {"name": "resnet18", "nodes": ["layer2", "layer3"], "stride": 8}
    settings = ModelSettings(
        backbone="torchvision_features",
        backbone_options=options,
        neck="adjust",
        neck_options={"in_channels": [128, 256], "out_channels": 16, "template_cells": 7},
        head="point_depthwise",
        head_options={"channels": [16, 16]},
    )
    model = build_model(settings)
    assert model.training
    assert model.stride == 8
    output = model(torch.rand(2, 3, 255, 255), torch.rand(2, 3, 127, 127))
    assert isinstance(output, BoxOutput)
    assert output.cls.shape == (2, 2, 26, 26)
    (output.cls.square().mean() + output.loc.mean()).backward()
    gradient = model.backbone.get_submodule("body.conv1").weight.grad
    assert isinstance(gradient, Tensor)
    assert gradient.abs().sum() > 0


def test_own_weights_are_left_out_where_a_file_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_download(*_: object, **__: object) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_download)
    options = {"name": "resnet18", "nodes": ["layer2"], "stride": 8, "weights": "DEFAULT"}
    settings = ModelSettings(
        backbone="torchvision_features", backbone_options=options, head="siamfc"
    )
    build_model(settings, pretrained=False)


def test_tracing_and_probing_leave_no_trace() -> None:
    backbone = TorchvisionFeatures("resnet18", ["layer2"], stride=8)
    assert backbone.training
    assert backbone.body.training
    statistics = [v for k, v in backbone.state_dict().items() if k.endswith("num_batches_tracked")]
    assert statistics
    assert not any(statistics)
    assert not any(key.startswith(("body.layer3", "body.fc")) for key in backbone.state_dict())


def test_wrong_names_and_strides_are_refused() -> None:
    with pytest.raises(UnknownName, match=r"no model 'resnet19'; did you mean .*'resnet1"):
        TorchvisionFeatures("resnet19", ["layer2"])
    with pytest.raises(UnknownName, match=r"no weights 'IMAGENET1K_V9'; did you mean"):
        TorchvisionFeatures("resnet18", ["layer2"], weights="IMAGENET1K_V9")
    with pytest.raises(InvalidArgument, match=r"no node 'layer9'; did you mean"):
        TorchvisionFeatures("resnet18", ["layer9"])
    with pytest.raises(InvalidArgument, match="at least one layer"):
        TorchvisionFeatures("resnet18", [])
    with pytest.raises(InvalidArgument, match="stride 8 of resnet18 cannot be had at 'layer1'"):
        TorchvisionFeatures("resnet18", ["layer1"], stride=8)
    with pytest.raises(InvalidArgument, match=r"node 'flatten' of resnet18 gives no feature map"):
        TorchvisionFeatures("resnet18", ["flatten"], stride=32)


def test_networks_that_cannot_be_dilated_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"average pool, which cannot be dilated"):
        TorchvisionFeatures("densenet121", ["features.denseblock3"], stride=8)
    with pytest.raises(InvalidArgument, match=r"refuses images of 128 x 128: Wrong image height"):
        TorchvisionFeatures("vit_b_16", ["encoder"], stride=16)


class _PoolsInside(nn.Module):
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return {"out": torch.nn.functional.max_pool2d(image, 2)}


class _UsesTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, 2)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return {"out": self.conv(self.conv(image))}


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (_PoolsInside(), "max_pool2d resizes inside a function"),
        (_UsesTwice(), "conv stands in two places"),
    ],
)
def test_strides_that_cannot_be_told_are_refused(network: nn.Module, sentence: str) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        limit_stride(torch.fx.symbolic_trace(network), 8)
