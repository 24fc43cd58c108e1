"""Dynamic region-aware convolution against a loop twin; its gradients; learning by region."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.errors import InvalidArgument, ShapeError, UnknownName
from siamcorr.nn import DynamicRegionAwareConv2d
from siamcorr.nn.dynamic import FilterGenerator, hard_regions, region_aware_conv2d


def loop_twin(
    x: Tensor, weight: Tensor, logits: Tensor, stride: int, padding: int, groups: int
) -> Tensor:
    """Every position on its own: find its region, cut its window, multiply with that kernel."""
    batch, _, outputs, per_group, h, w = weight.shape
    padded = F.pad(x, (padding,) * 4)
    rows, columns = logits.shape[-2:]
    y = torch.zeros(batch, outputs, rows, columns, dtype=x.dtype)
    for b in range(batch):
        for i in range(rows):
            for j in range(columns):
                kernel = weight[b, int(logits[b, :, i, j].argmax())]
                top, left = i * stride, j * stride
                for o in range(outputs):
                    first = o // (outputs // groups) * per_group
                    window = padded[b, first : first + per_group, top : top + h, left : left + w]
                    y[b, o, i, j] = (window * kernel[o]).sum()
    return y


SETTINGS = [(1, 0, 1), (2, 1, 1), (1, 1, 2), (2, 2, 4)]


class TestHardRegions:
    def test_one_hot_of_the_largest_and_the_first_of_a_tie(self) -> None:
        logits = torch.tensor([[1.0, 3.0, 2.0], [5.0, 5.0, -1.0]]).T.reshape(1, 3, 1, 2)
        assert hard_regions(logits)[0, :, 0].tolist() == [[0, 1], [1, 0], [0, 0]]

    def test_is_exactly_zero_or_one_for_any_logits(self) -> None:
        mask = hard_regions(torch.randn(4, 7, 9, 9) * 30)
        assert set(mask.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(mask.sum(1), torch.ones(4, 9, 9))

    def test_backward_is_the_softmax_jacobian_by_hand(self) -> None:
        logits = torch.tensor([0.5, -0.2, 0.1], dtype=torch.float64).view(1, 3, 1, 1)
        logits.requires_grad_()
        upstream = torch.tensor([2.0, -1.0, 3.0], dtype=torch.float64)
        hard_regions(logits).backward(upstream.view(1, 3, 1, 1))
        p = logits.detach().flatten().exp() / logits.detach().exp().sum()
        by_hand = [p[r] * (upstream[r] - (p * upstream).sum()) for r in range(3)]
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad.flatten(), torch.stack(by_hand))


class TestRegionAwareConv2d:
    @pytest.mark.parametrize(("stride", "padding", "groups"), SETTINGS)
    def test_equals_the_loop_twin(self, stride: int, padding: int, groups: int) -> None:
        x = torch.randn(2, 4, 8, 7, dtype=torch.float64)
        weight = torch.randn(2, 3, 8, 4 // groups, 3, 3, dtype=torch.float64)
        size = [(n + 2 * padding - 3) // stride + 1 for n in (8, 7)]
        logits = torch.randn(2, 3, *size, dtype=torch.float64)
        assert len(logits.argmax(1).unique()) == 3
        y = region_aware_conv2d(x, weight, logits, stride=stride, padding=padding, groups=groups)
        torch.testing.assert_close(y, loop_twin(x, weight, logits, stride, padding, groups))

    @pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 2)])
    def test_gradients_of_input_and_kernels(self, stride: int, padding: int, groups: int) -> None:
        x = torch.randn(2, 2, 5, 5, dtype=torch.float64, requires_grad=True)
        shape = (2, 2, 2, 2 // groups, 3, 3)
        weight = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        logits = torch.randn(2, 2, 3, 3, dtype=torch.float64)

        def run(x: Tensor, weight: Tensor) -> Tensor:
            return region_aware_conv2d(
                x, weight, logits, stride=stride, padding=padding, groups=groups
            )

        assert torch.autograd.gradcheck(run, (x, weight))
        assert torch.autograd.gradgradcheck(run, (x, weight))

    def test_gradient_of_the_logits_is_that_of_a_soft_mixture_at_the_hard_choice(self) -> None:
        x, weight = torch.randn(1, 2, 6, 6), torch.randn(1, 3, 4, 2, 3, 3)
        logits = torch.randn(1, 3, 4, 4, requires_grad=True)
        upstream = torch.randn(1, 4, 4, 4)
        region_aware_conv2d(x, weight, logits).backward(upstream)
        every = torch.stack([F.conv2d(x, kernel)[0] for kernel in weight[0]])  # (R, O, 4, 4)
        p = logits.detach()[0].softmax(0)
        gain = (every * upstream).sum(1)  # d loss / d mask, (R, 4, 4)
        expected = p * (gain - (p * gain).sum(0))
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad[0], expected, rtol=1e-4, atol=1e-4)

    def test_one_region_is_a_convolution_a_sample(self) -> None:
        x, weight = torch.randn(2, 2, 6, 6), torch.randn(2, 1, 3, 2, 3, 3)
        y = region_aware_conv2d(x, weight, torch.randn(2, 1, 4, 4))
        expected = torch.cat([F.conv2d(x[b : b + 1], weight[b, 0]) for b in range(2)])
        torch.testing.assert_close(y, expected)

    @pytest.mark.parametrize(
        ("weight", "logits", "sentence"),
        [
            ((1, 2, 3, 2, 3, 3), (1, 3, 4, 4), "weight and logits do not fit together"),
            ((1, 3, 2, 3, 3), (1, 3, 4, 4), "weight and logits do not fit together"),
            ((1, 2, 3, 2, 3, 3), (1, 2, 6, 6), "the response is 4x4, the logits are of another"),
            ((1, 2, 3, 5, 3, 3), (1, 2, 4, 4), "weight has 5 channels per group"),
        ],
    )
    def test_refuses_what_does_not_fit(
        self, weight: tuple[int, ...], logits: tuple[int, ...], sentence: str
    ) -> None:
        with pytest.raises(ShapeError, match=sentence):
            region_aware_conv2d(torch.ones(1, 2, 6, 6), torch.ones(weight), torch.ones(logits))

    def test_refuses_groups_that_do_not_divide(self) -> None:
        weight, logits = torch.ones(1, 2, 3, 2, 3, 3), torch.ones(1, 2, 4, 4)
        with pytest.raises(InvalidArgument, match="groups must divide out_channels = 3, got 2"):
            region_aware_conv2d(torch.ones(1, 4, 6, 6), weight, logits, groups=2)


class TestFilterGenerator:
    def test_equals_the_steps_written_out(self) -> None:
        generator = FilterGenerator(4, 3, (6, 2, 3, 2))
        x = torch.randn(2, 4, 9, 8)
        kernels = generator(x)
        assert kernels.shape == (2, 3, 6, 2, 3, 2)
        pooled = x.reshape(2, 4, 3, 3, 2, 4).mean((3, 5))  # 9x8 in 3x2 equal blocks
        reduce, expand = generator.reduce, generator.expand
        hidden = torch.einsum("hc,bcuv->bhuv", reduce.weight[..., 0, 0], pooled)
        hidden = torch.sigmoid(hidden + reduce.bias[:, None, None])
        for r in range(3):  # hidden channels 3r ... 3r + 2 make the kernel of region r
            rows = slice(12 * r, 12 * r + 12)
            taps = torch.einsum(
                "oh,bhuv->bouv", expand.weight[rows, :, 0, 0], hidden[:, 3 * r : 3 * r + 3]
            )
            expected = (taps + expand.bias[rows, None, None]).reshape(2, 6, 2, 3, 2)
            torch.testing.assert_close(kernels[:, r], expected, rtol=1e-4, atol=1e-5)

    def test_kernels_start_with_the_spread_of_nn_conv2d(self) -> None:
        kernels = FilterGenerator(16, 8, (32, 16, 3, 3))(torch.randn(4, 16, 12, 12))
        usual = nn.Conv2d(16, 32, 3).weight
        assert 0.8 < (kernels.std() / usual.std()).item() < 1.5


def regional_task(size: int, samples: int = 4, side: int = 14) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs whose last channel says by its sign which of two channel mixtures made the target.

    A mixture is the mean over size x size cells of its own combination of four channels.
    """
    generator = torch.Generator().manual_seed(11)
    texture = torch.randn(samples, 4, side, side, generator=generator) * size  # mean keeps spread
    coarse = torch.randn(samples, 1, 3, 3, generator=generator)
    sign = F.interpolate(coarse, (side, side), mode="bilinear", align_corners=True).sign()
    mixtures = torch.randn(2, 2, 4, 1, 1, generator=generator)
    blurred = F.avg_pool2d(texture, size, 1, size // 2)
    first, second = (F.conv2d(blurred, mixture) for mixture in mixtures)
    return torch.cat((texture, sign), 1), torch.where(sign > 0, first, second), sign > 0


def best_single_kernel_loss(x: Tensor, target: Tensor, size: int) -> float:
    """Mean square left by the best convolution of each sample of its own, by least squares."""
    left = []
    for sample, wanted in zip(x, target, strict=True):
        windows = F.unfold(sample[None], size, padding=size // 2)[0].T.double()
        wanted = wanted.flatten(1).T.double()
        solution = torch.linalg.lstsq(windows, wanted).solution
        left.append((windows @ solution - wanted).square().mean().item())
    return sum(left) / len(left)


class TestLayer:
    @pytest.mark.parametrize(("stride", "padding", "groups"), SETTINGS)
    def test_equals_the_loop_twin(self, stride: int, padding: int, groups: int) -> None:
        layer = DynamicRegionAwareConv2d(
            4, 8, 3, stride, padding, groups=groups, regions=3
        ).double()
        x = torch.randn(2, 4, 8, 7, dtype=torch.float64)
        expected = loop_twin(x, layer.generator(x), layer.guide(x), stride, padding, groups)
        torch.testing.assert_close(layer(x), expected)

    def test_gradients_reach_guide_generator_and_input(self) -> None:
        layer = DynamicRegionAwareConv2d(3, 4, 3, padding=1, regions=2)
        x = torch.randn(2, 3, 8, 8, requires_grad=True)
        layer(x).square().sum().backward()
        gradients = {name: p.grad for name, p in layer.named_parameters()} | {"input": x.grad}
        assert len(gradients) == 7
        assert all(g is not None and g.abs().max() > 0 for g in gradients.values()), gradients

    def test_gradient_of_the_generator_is_exact(self) -> None:
        layer = DynamicRegionAwareConv2d(2, 2, 3, regions=2).double()
        x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
        names = [f"generator.{name}" for name, _ in layer.generator.named_parameters()]

        def run(*values: Tensor) -> Tensor:
            return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

        values = tuple(p.detach().clone().requires_grad_() for p in layer.generator.parameters())
        assert torch.autograd.gradcheck(run, values)

    @pytest.mark.parametrize("size", [1, 3])
    def test_learns_what_no_single_kernel_can(self, size: int) -> None:
        x, target, positive = regional_task(size)
        floor = best_single_kernel_loss(x, target, size)
        layer = DynamicRegionAwareConv2d(5, 2, size, padding=size // 2, regions=4)
        optimiser = torch.optim.Adam(layer.parameters(), lr=0.02)
        for _ in range(300):
            optimiser.zero_grad()
            loss = F.mse_loss(layer(x), target)
            loss.backward()
            optimiser.step()
        assert loss.item() < floor / 10, (loss.item(), floor)
        found = layer.guide(x).argmax(1, keepdim=True)
        sides = [positive[found == region].float() for region in range(4)]
        pure = sum(max(side.sum(), (1 - side).sum()) for side in sides if len(side))
        assert pure / found.numel() > 0.95  # hardly a region lies on both sides of the border

    def test_a_sample_does_not_depend_on_its_batch(self) -> None:
        layer = DynamicRegionAwareConv2d(3, 4, 3, regions=4)
        x = torch.randn(3, 3, 9, 9)
        torch.testing.assert_close(layer(x)[1:2], layer(x[1:2]), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("backend", ["conv2d", "matmul", "fft", "reference"])
    def test_backend_is_handed_on(self, backend: str) -> None:
        torch.manual_seed(3)
        named = DynamicRegionAwareConv2d(2, 2, 3, regions=2, backend=backend)
        auto = DynamicRegionAwareConv2d(2, 2, 3, regions=2)
        auto.load_state_dict(named.state_dict())
        x = torch.randn(1, 2, 6, 6)
        torch.testing.assert_close(named(x), auto(x), rtol=1e-4, atol=1e-5)
        assert f"backend='{backend}'" in repr(named)

    def test_a_named_backend_is_the_one_that_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from siamcorr import ops

        seen: list[str | None] = []
        original = ops.batched_conv2d

        def spy(*args: object, backend: str | None = None, **kwargs: object) -> Tensor:
            seen.append(backend)
            return original(*args, backend=backend, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(ops, "batched_conv2d", spy)
        layer = DynamicRegionAwareConv2d(2, 2, 3, regions=2, backend="fft")
        layer(torch.randn(1, 2, 6, 6))
        assert seen == ["fft"]  # one call for all regions

    def test_follows_autocast(self) -> None:
        layer = DynamicRegionAwareConv2d(3, 4, 3, regions=4)
        x = torch.randn(2, 3, 9, 9)
        with torch.autocast("cpu", torch.bfloat16):
            y, logits, weight = layer(x), layer.guide(x), layer.generator(x)
        y.float().sum().backward()
        assert y.dtype == torch.bfloat16
        assert layer.guide.weight.grad is not None
        assert layer.guide.weight.grad.dtype == torch.float32
        expected = loop_twin(x, weight.float(), logits.float(), 1, 0, 1)
        torch.testing.assert_close(y.float(), expected, rtol=3e-2, atol=3e-2)

    def test_compiles_in_one_graph(self) -> None:
        layer = DynamicRegionAwareConv2d(2, 2, 3, regions=2)
        x = torch.randn(2, 2, 6, 6)
        compiled = torch.compile(layer, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x), layer(x))

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"regions": 0}, "regions must be an int >= 1, got 0"),
            ({"groups": 3}, "groups must divide in_channels = 4, got 3"),
            ({"in_channels": -4}, "in_channels must be an int >= 1, got -4"),
            ({"kernel_size": (3, 0)}, "kernel_size must be an int >= 1"),
        ],
    )
    def test_settings_are_checked_when_built(self, settings: dict, sentence: str) -> None:
        arguments = {"in_channels": 4, "out_channels": 6, "kernel_size": 3, **settings}
        with pytest.raises(InvalidArgument, match=f"DynamicRegionAwareConv2d: {sentence}"):
            DynamicRegionAwareConv2d(**arguments)

    def test_unknown_backend(self) -> None:
        with pytest.raises(UnknownName, match="unknown backend 'ftf'"):
            DynamicRegionAwareConv2d(4, 6, 3, backend="ftf")
