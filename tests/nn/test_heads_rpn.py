"""Anchor and point heads equal twins: depth-wise, multi-level, up-channel, with centreness."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from twin_layers import State, conv, depthwise, norm, randomised

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.heads import (
    HEADS,
    DepthwisePointHead,
    DepthwiseRPNHead,
    MultiLevelRPNHead,
    UpChannelRPNHead,
)

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def unit(x: Tensor, state: State, name: str) -> Tensor:
    return F.relu(norm(conv(x, state, f"{name}.0"), state, f"{name}.1"))


def branch(x: Tensor, z: Tensor, state: State, name: str) -> Tensor:
    """3x3 convolutions on both, correlation, 1x1 prediction."""
    correlation = depthwise(unit(x, state, f"{name}.search"), unit(z, state, f"{name}.template"))
    return conv(unit(correlation, state, f"{name}.predict"), state, f"{name}.predict.3")


def maps(channels: list[int], side: int) -> tuple[Tensor, ...]:
    return tuple(torch.randn(2, count, side, side) for count in channels)


@pytest.mark.parametrize("backend", [None, "reference", "fft"])
def test_one_level_equals_its_twin(backend: str | None) -> None:
    head = randomised(DepthwiseRPNHead(4, anchors=3, backend=backend))
    (x,), (z,) = maps([4], 12), maps([4], 6)
    with torch.inference_mode():
        found = head(x, z)
        state = head.state_dict()
        assert found.cls.shape == (2, 6, 7, 7)
        assert found.loc.shape == (2, 12, 7, 7)
        torch.testing.assert_close(found.cls, branch(x, z, state, "cls"), **CLOSE)
        torch.testing.assert_close(found.loc, branch(x, z, state, "loc"), **CLOSE)


@pytest.mark.parametrize("fusion", ["weighted", "mean"])
def test_levels_are_fused_as_logits_and_deltas(fusion: str) -> None:
    channels = [3, 4, 5]
    head = randomised(MultiLevelRPNHead(channels, fusion=fusion))  # type: ignore[arg-type]
    xs, zs = maps(channels, 13), maps(channels, 7)
    state = head.state_dict()
    assert ("cls_fusion.weight" in state) == (fusion == "weighted")
    with torch.inference_mode():
        found = head(xs, zs)
    for name, values in (("cls", found.cls), ("loc", found.loc)):
        weights = torch.full((3,), 1 / 3)
        if fusion == "weighted":
            raw = state[f"{name}_fusion.weight"]
            weights = raw.exp() / raw.exp().sum()
            assert weights.std() > 0.01, "the weights are to differ"
        expected = sum(
            weights[i] * branch(xs[i], zs[i], state, f"levels.{i}.{name}") for i in range(3)
        )
        torch.testing.assert_close(values, expected, **CLOSE)


def test_fresh_levels_have_equal_shares() -> None:
    head = MultiLevelRPNHead([3, 4, 5])
    assert head.cls_fusion.weight.tolist() == [1, 1, 1]
    assert head.loc_fusion.weight.tolist() == [1, 1, 1]


def test_up_channel_equals_its_twin() -> None:
    channels, anchors = 4, 3
    head = randomised(UpChannelRPNHead(channels, anchors))
    (x,), (z,) = maps([channels], 12), maps([channels], 6)
    state = head.state_dict()
    with torch.inference_mode():
        found = head(x, z)
    for name, outputs, values in (("cls", 2 * anchors, found.cls), ("loc", 4 * anchors, found.loc)):
        kernels = conv(z, state, f"{name}_template").view(2, outputs, channels, 4, 4)
        search = conv(x, state, f"{name}_search")  # 10 x 10
        expected = torch.zeros(2, outputs, 7, 7)
        for b in range(2):
            for k in range(outputs):
                for i in range(7):
                    for j in range(7):
                        window = search[b, :, i : i + 4, j : j + 4]
                        expected[b, k, i, j] = (window * kernels[b, k]).sum()
        if name == "loc":
            expected = conv(expected, state, "adjust")
        torch.testing.assert_close(values, expected, **CLOSE)


@pytest.mark.parametrize("centreness", [False, True])
def test_points_equal_their_twin(centreness: bool) -> None:
    channels = [3, 4]
    head = randomised(DepthwisePointHead(channels, stride=16, centreness=centreness))
    xs, zs = maps(channels, 13), maps(channels, 7)
    state = head.state_dict()

    def fused(name: str) -> Tensor:
        weights = state[f"{name}.fusion.weight"].softmax(0)
        levels = [branch(xs[i], zs[i], state, f"{name}.levels.{i}") for i in range(2)]
        return weights[0] * levels[0] + weights[1] * levels[1]

    with torch.inference_mode():
        found = head(xs, zs)
        torch.testing.assert_close(found.cls, fused("cls"), **CLOSE)
        torch.testing.assert_close(found.loc, 16 * fused("loc").exp(), **CLOSE)
        assert (found.centreness is not None) == centreness
        if centreness:
            torch.testing.assert_close(found.centreness, fused("centreness"), **CLOSE)


@pytest.mark.parametrize("name", ["rpn_multilevel", "point_depthwise"])
def test_wrong_levels_are_refused(name: str) -> None:
    for channels in ([], 256):
        with pytest.raises(InvalidArgument, match="channels must be a list, one number a level"):
            HEADS[name](channels=channels)
    with pytest.raises(InvalidArgument, match="fusion must be weighted or mean, got 'max'"):
        HEADS[name](channels=[4], fusion="max")
    with pytest.raises(
        InvalidArgument, match=r"every number of channels must be an int >= 1, got 0"
    ):
        HEADS[name](channels=[4, 0])
    head = HEADS[name](channels=[4, 4])
    with pytest.raises(
        ShapeError, match=f"{name}: search features must have 2 feature maps, got 1"
    ):
        head(torch.zeros(1, 4, 13, 13), maps([4, 4], 7))
    with pytest.raises(ShapeError, match=f"{name}: template features must have 2 .*, got 3"):
        head(maps([4, 4], 13), maps([4, 4, 4], 7))


def test_single_level_heads_refuse_several_levels() -> None:
    for name in ("rpn_depthwise", "rpn_upchannel"):
        with pytest.raises(ShapeError, match=f"{name}: search features must have 1 .*, got 2"):
            HEADS[name](channels=4)(maps([4, 4], 13), torch.zeros(2, 4, 7, 7))


@pytest.mark.parametrize(
    "head",
    [
        DepthwiseRPNHead(4),
        UpChannelRPNHead(4),
        MultiLevelRPNHead([4]),
        DepthwisePointHead([4], centreness=True),
    ],
)
def test_every_weight_learns(head: torch.nn.Module) -> None:
    head.train()
    output = head(torch.randn(2, 4, 13, 13), torch.randn(2, 4, 7, 7))
    loss = sum(values.square().mean() for values in output if values is not None)
    loss.backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        still = "fusion" in name  # one level always has the whole share
        assert still or name.endswith("bias") or parameter.grad.abs().sum() > 0, name
