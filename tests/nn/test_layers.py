"""Layers against nn.Conv2d, loops and OpenCV-free twins; settings, errors, parameters."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr import nn as snn
from siamcorr.errors import InvalidArgument, ShapeError, UnknownName


def per_sample(
    search: Tensor, kernels: Tensor, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    """One `F.conv2d` a sample; kernels are (B, O, C/G, h, w)."""
    rows = [
        F.conv2d(x[None], k, None, stride, padding, 1, groups)
        for x, k in zip(search, kernels, strict=True)
    ]
    return torch.cat(rows)


class TestSliding:
    """Every sliding layer equals a loop of `F.conv2d` and hands its settings on."""

    search = torch.randn(3, 4, 11, 9, generator=torch.Generator().manual_seed(1)).double()
    template = torch.randn(3, 4, 4, 3, generator=torch.Generator().manual_seed(2)).double()

    @pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
    @pytest.mark.parametrize("backend", [None, "conv2d", "matmul", "fft"])
    def test_equals_a_loop_of_conv2d(self, stride: int, padding: int, backend: str | None) -> None:
        x, z, window = self.search, self.template, (stride, padding)
        up = torch.cat((z, 2 * z), 1)  # K = 2
        cases = [
            (snn.XCorr, z, z[:, None], 1),
            (snn.XCorrDepthwise, z, z[:, :, None], 4),
            (snn.XCorrUpChannel, up, torch.stack((z, 2 * z), 1), 1),
        ]
        for layer, template, kernels, groups in cases:
            response = layer(*window, backend=backend)(x, template)
            expected = per_sample(x, kernels, *window, groups)
            torch.testing.assert_close(response, expected, rtol=1e-10, atol=1e-10)

    def test_convention_search_first_template_second(self) -> None:
        with pytest.raises(ShapeError, match="the search comes first, the template second"):
            snn.XCorr()(self.template, self.search)

    def test_convention_no_flip(self) -> None:
        search = torch.tensor([[[[0.0, 1.0, 0.0, 0.0]]]])
        template = torch.tensor([[[[5.0, 7.0]]]])
        assert snn.XCorr()(search, template).flatten().tolist() == [7.0, 5.0, 0.0]

    @pytest.mark.parametrize("layer", [snn.XCorr, snn.XCorrDepthwise, snn.XCorrUpChannel])
    def test_settings_are_checked_when_built(self, layer: type[nn.Module]) -> None:
        with pytest.raises(InvalidArgument, match=f"{layer.__name__}: stride must be an int >= 1"):
            layer(stride=0)
        with pytest.raises(InvalidArgument, match=f"{layer.__name__}: padding must be an int >= 0"):
            layer(padding=(0, -1))
        with pytest.raises(UnknownName, match=r"unknown backend 'matmull'; did you mean 'matmul'"):
            layer(backend="matmull")

    def test_repr_shows_what_is_not_the_default(self) -> None:
        assert repr(snn.XCorr()) == "XCorr()"
        layer = snn.XCorrDepthwise(2, (0, 1), backend="fft")
        assert repr(layer) == "XCorrDepthwise(stride=(2, 2), padding=(0, 1), backend='fft')"

    def test_has_nothing_to_train_or_to_store(self) -> None:
        for layer in (snn.XCorr(), snn.XCorrPixelwise(), snn.NCC()):
            assert not layer.state_dict()


class TestPixelwiseAndNcc:
    def test_pixelwise_hand_worked(self) -> None:
        search = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 2, 1, 2)  # cells (1, 3) and (2, 4)
        template = torch.tensor([1.0, 0.0, 10.0, 1.0]).view(1, 2, 2, 1)  # cells (1, 10) and (0, 1)
        response = snn.XCorrPixelwise()(search, template)
        assert response.flatten(2).tolist() == [[[31.0, 42.0], [3.0, 4.0]]]

    def test_pixelwise_repr_and_backend(self) -> None:
        assert repr(snn.XCorrPixelwise()) == "XCorrPixelwise()"
        assert repr(snn.XCorrPixelwise(backend="fft")) == "XCorrPixelwise(backend='fft')"
        with pytest.raises(UnknownName, match="XCorrPixelwise: unknown backend 'gpu'"):
            snn.XCorrPixelwise(backend="gpu")

    def test_ncc_is_the_pearson_correlation_of_each_window(self) -> None:
        search, template = torch.rand(1, 1, 6, 7).double(), torch.rand(1, 1, 3, 2).double()
        response = snn.NCC()(search, template)
        assert response.shape == (1, 1, 4, 6)
        for i in range(4):
            for j in range(6):
                window = search[0, 0, i : i + 3, j : j + 2].flatten()
                pair = torch.stack((window, template.flatten()))
                assert response[0, 0, i, j].item() == pytest.approx(
                    torch.corrcoef(pair)[0, 1].item(), abs=1e-9
                )

    def test_ncc_hands_eps_on(self) -> None:
        search = torch.tensor([[[[1.0, 1.0, 1.01, 1.0]]]]).double()
        template = torch.tensor([[[[0.0, 1.0]]]]).double()
        sharp, blunt = snn.NCC(1e-6)(search, template), snn.NCC(0.1)(search, template)
        torch.testing.assert_close(sharp, torch.tensor([[[[0.0, 1.0, -1.0]]]]).double())
        assert blunt.abs().max() == 0  # deviations of 0.005 count as flat now

    def test_ncc_settings(self) -> None:
        assert repr(snn.NCC()) == "NCC()"
        assert repr(snn.NCC(1e-3, backend="conv2d")) == "NCC(eps=0.001, backend='conv2d')"
        with pytest.raises(InvalidArgument, match=r"NCC: eps must be > 0, got 0"):
            snn.NCC(eps=0)


class TestChannelAffine:
    def test_equals_a_grouped_1x1_convolution(self) -> None:
        x = torch.randn(2, 5, 3, 4)
        layer, conv = snn.ChannelAffine(5), nn.Conv2d(5, 5, 1, groups=5)
        with torch.no_grad():
            layer.scale.copy_(conv.weight.flatten())
            assert layer.shift is not None
            layer.shift.copy_(conv.bias)
        torch.testing.assert_close(layer(x), conv(x))

    def test_is_the_adjust_layer_of_siamfc(self) -> None:
        layer = snn.ChannelAffine(1, scale=1e-3)
        layer.scale.requires_grad_(False)
        layer(torch.full((1, 1, 2, 3), 500.0)).sum().backward()
        assert layer.scale.grad is None
        assert layer.shift is not None
        assert layer.shift.grad is not None
        assert layer.shift.grad.tolist() == [6.0]

    def test_parameters_and_their_gradients_by_hand(self) -> None:
        layer = snn.ChannelAffine(2, scale=3.0, shift=1.0)
        y = layer(torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 2, 1, 2))
        assert y.flatten().tolist() == [4.0, 7.0, 10.0, 13.0]
        y.sum().backward()
        assert {name: p.grad.tolist() for name, p in layer.named_parameters()} == {
            "scale": [3.0, 7.0],
            "shift": [2.0, 2.0],
        }

    def test_without_a_shift(self) -> None:
        layer = snn.ChannelAffine(2, shift=None)
        assert list(layer.state_dict()) == ["scale"]
        assert repr(layer) == "ChannelAffine(2, shift=None)"
        assert repr(snn.ChannelAffine(2)) == "ChannelAffine(2)"

    @pytest.mark.parametrize("channels", [0, -1, 2.0])
    def test_refuses_a_count_that_is_none(self, channels: object) -> None:
        with pytest.raises(InvalidArgument, match="ChannelAffine: channels must be an int >= 1"):
            snn.ChannelAffine(channels)  # type: ignore[arg-type]

    def test_refuses_other_channels(self) -> None:
        with pytest.raises(ShapeError, match="input and scale disagree on C: 3 and 2"):
            snn.ChannelAffine(2)(torch.ones(1, 3, 2, 2))


SETTINGS = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
    {"groups": 2, "bias": False},
    {"groups": 4, "padding": 2, "dilation": 2},
]


class TestBatchedConv2d:
    @pytest.mark.parametrize("settings", SETTINGS)
    def test_convention_shared_kernel_equals_nn_conv2d(self, settings: dict) -> None:
        """nn.Conv2d and the functional form agree when they hold the same kernel."""
        conv = nn.Conv2d(4, 8, (3, 2), **settings).double()
        layer = snn.BatchedConv2d(4, 8, (3, 2), **settings)
        x = torch.randn(3, 4, 9, 8, dtype=torch.float64, requires_grad=True)
        for batch in (1, 3):  # a batch of 1 broadcasts
            weight = conv.weight.expand(batch, *conv.weight.shape)
            bias = None if conv.bias is None else conv.bias.expand(batch, -1)
            y, expected = layer(x, weight, bias), conv(x)
            torch.testing.assert_close(y, expected)
            wanted = (x, *conv.parameters())
            upstream = torch.randn_like(y)
            gradients = torch.autograd.grad(y, wanted, upstream)
            torch.testing.assert_close(gradients, torch.autograd.grad(expected, wanted, upstream))

    def test_every_sample_has_its_own_kernel_and_bias(self) -> None:
        layer = snn.BatchedConv2d(4, 6, 3, padding=1, groups=2)
        x, k, bias = torch.randn(3, 4, 7, 7), torch.randn(3, 6, 2, 3, 3), torch.randn(3, 6)
        expected = per_sample(x, k, padding=1, groups=2) + bias[:, :, None, None]
        torch.testing.assert_close(layer(x, k, bias), expected, rtol=1e-4, atol=1e-5)

    def test_a_generator_is_trained_through_it(self) -> None:
        """A hyper-network learns the kernel that a code names; the layer has no parameters."""
        layer = snn.BatchedConv2d(1, 1, 3, bias=False)
        assert not list(layer.parameters())
        generator = nn.Linear(2, 9, bias=False)
        codes, kernels = torch.eye(2), torch.randn(2, 1, 1, 3, 3)
        x = torch.randn(2, 1, 12, 12)
        target = per_sample(x, kernels)
        optimiser = torch.optim.LBFGS(generator.parameters(), max_iter=50)

        def loss() -> Tensor:
            optimiser.zero_grad()
            error = (layer(x, generator(codes).view(-1, *layer.weight_shape)) - target).square()
            error.mean().backward()
            return error.mean()

        optimiser.step(loss)
        learned = generator.weight.T.detach().view_as(kernels)
        torch.testing.assert_close(learned, kernels, rtol=1e-2, atol=1e-2)

    def test_repr_reads_like_nn_conv2d(self) -> None:
        assert repr(snn.BatchedConv2d(4, 6, 3)) == "BatchedConv2d(4, 6, kernel_size=(3, 3))"
        layer = snn.BatchedConv2d(
            4, 6, (3, 1), 2, 1, dilation=2, groups=2, bias=False, backend="conv2d"
        )
        assert repr(layer) == (
            "BatchedConv2d(4, 6, kernel_size=(3, 1), stride=(2, 2), padding=(1, 1), "
            "dilation=(2, 2), groups=2, bias=False, backend='conv2d')"
        )
        assert (layer.weight_shape, layer.bias_shape) == ((6, 2, 3, 1), None)

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"in_channels": 0}, "in_channels must be an int >= 1, got 0"),
            ({"out_channels": 2.0}, "out_channels must be an int >= 1, got 2.0"),
            ({"groups": 3}, "groups must divide in_channels = 4, got 3"),
            ({"groups": 4}, "groups must divide out_channels = 6, got 4"),
            ({"groups": 0}, "groups must be an int >= 1, got 0"),
            ({"kernel_size": 0}, "kernel_size must be an int >= 1"),
            ({"stride": (1, 0)}, "stride must be an int >= 1"),
            ({"padding": "same"}, "padding must be an int >= 0"),
            ({"dilation": 0}, "dilation must be an int >= 1"),
        ],
    )
    def test_settings_are_checked_when_built(self, settings: dict, sentence: str) -> None:
        arguments = {"in_channels": 4, "out_channels": 6, "kernel_size": 3, **settings}
        with pytest.raises(InvalidArgument, match=f"BatchedConv2d: {sentence}"):
            snn.BatchedConv2d(**arguments)

    def test_refuses_another_kernel_or_bias_than_it_was_built_for(self) -> None:
        layer = snn.BatchedConv2d(4, 6, 3)
        x, k, bias = torch.ones(2, 4, 7, 7), torch.ones(2, 6, 4, 3, 3), torch.ones(2, 6)
        with pytest.raises(
            ShapeError, match=r"(?s)weight must be \(B, 6, 4, 3, 3\).*\(2, 6, 4, 5, 5"
        ):
            layer(x, torch.ones(2, 6, 4, 5, 5), bias)
        with pytest.raises(ShapeError, match="weight must have 5 axes, got 4"):
            layer(x, k[0], bias)
        with pytest.raises(InvalidArgument, match=r"no bias; give one of \(B, 6\) with every call"):
            layer(x, k)
        with pytest.raises(ShapeError, match="weight and bias disagree on O: 6 and 5"):
            layer(x, k, torch.ones(2, 5))
        with pytest.raises(InvalidArgument, match="built with bias=False"):
            snn.BatchedConv2d(4, 6, 3, bias=False)(x, k, bias)


def test_layers_follow_autocast() -> None:
    """A backbone in bfloat16 in front, float32 parameters and kernels behind."""
    x, z = torch.rand(2, 4, 9, 9), torch.rand(2, 4, 3, 3)
    conv, affine = nn.Conv2d(4, 4, 1), snn.ChannelAffine(4)
    batched = snn.BatchedConv2d(4, 4, 3, bias=False)
    with torch.autocast("cpu", torch.bfloat16):
        response = snn.XCorrDepthwise()(conv(x), conv(z))
        adjusted = affine(response)
        filtered = batched(conv(x), conv.weight.expand(2, 4, 4, 1, 1).expand(-1, -1, -1, 3, 3))
    assert response.dtype == torch.bfloat16
    expected = per_sample(conv(x), conv(z)[:, :, None], groups=4)
    torch.testing.assert_close(adjusted.float(), expected, rtol=3e-2, atol=3e-2)
    box = per_sample(conv(x), conv.weight.expand(2, 4, 4, 3, 3))
    torch.testing.assert_close(filtered.float(), box, rtol=3e-2, atol=3e-2)
