"""A call like an earlier one skips checks and description, and nothing else changes."""

from __future__ import annotations

import pytest
import torch

from siamcorr import ops
from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.ops import functional, plan
from siamcorr.ops.dispatch import record_choices


@pytest.fixture(autouse=True)
def _no_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_plans", {})


@pytest.fixture
def operands() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 9, 9, generator=generator), torch.randn(
        2, 3, 4, 4, generator=generator
    )


def test_the_second_call_is_not_checked_and_gives_the_same(
    operands, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ops.xcorr_depthwise(*operands)
    monkeypatch.setattr(functional, "check_operands", None)  # a call would fail
    assert torch.equal(ops.xcorr_depthwise(*operands), first)


@pytest.mark.parametrize("change", ["shape", "dtype", "stride", "padding", "backend", "op"])
def test_every_static_property_makes_a_plan_of_its_own(operands, change: str) -> None:
    x, z = operands
    ops.xcorr(x, z)
    again = {
        "shape": lambda: ops.xcorr(x[..., :8], z),
        "dtype": lambda: ops.xcorr(x.double(), z.double()),
        "stride": lambda: ops.xcorr(x, z, stride=2),
        "padding": lambda: ops.xcorr(x, z, padding=1),
        "backend": lambda: ops.xcorr(x, z, backend="fft"),
        "op": lambda: ops.xcorr_upchannel(x, z),
    }[change]
    again()
    assert len(plan._plans) == 2


@pytest.mark.parametrize("stride", [1.0, (1.0, 1), 1 + 0j])
def test_a_number_that_equals_a_good_one_is_refused_all_the_same(operands, stride) -> None:
    ops.xcorr(*operands, stride=1)
    ops.xcorr(*operands, stride=(1, 1))
    with pytest.raises(InvalidArgument, match="stride must be an int"):
        ops.xcorr(*operands, stride=stride)


def test_settings_without_a_hash_work_and_are_not_remembered(operands) -> None:
    assert torch.equal(ops.xcorr(*operands, stride=[2, 1]), ops.xcorr(*operands)[:, :, ::2])
    assert len(plan._plans) == 1


def test_operands_in_the_wrong_order_are_refused_each_time(operands) -> None:
    ops.xcorr(*operands)
    for _ in range(2):
        with pytest.raises(ShapeError, match="the search comes first"):
            ops.xcorr(*reversed(operands))


def test_blocks_are_heard_after_a_plan_was_made(operands) -> None:
    x, z = (torch.randn(1, 64, n, n) for n in (12, 5))
    before = ops.xcorr(x, z)
    with ops.use_backend("fft"):
        inside = ops.xcorr(x, z)
    assert torch.equal(inside, ops.xcorr(x, z, backend="fft"))
    assert not torch.equal(inside, before)  # another backend, other roundings
    with record_choices() as choices:
        ops.xcorr(x, z)
    assert list(choices) == ["forward"]
    assert torch.equal(ops.xcorr(x, z), before)


def test_autocast_is_heard_after_a_plan_was_made(operands) -> None:
    x, z = operands
    assert ops.xcorr(x, z).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert ops.xcorr(x, z).dtype == torch.bfloat16
        assert ops.xcorr(x, z).dtype == torch.bfloat16
    assert ops.xcorr(x, z).dtype == torch.float32


def test_gradients_and_vmap_follow_a_plan_made_without_them(operands) -> None:
    x, z = operands
    response = ops.xcorr(x, z)
    x.requires_grad_()
    (slope,) = torch.autograd.grad(ops.xcorr(x, z).sum(), x)
    expected = torch.nn.grad.conv2d_input(x[:1].shape, z[:1], torch.ones_like(response[:1]))
    torch.testing.assert_close(slope[:1], expected)
    mapped = torch.func.vmap(lambda a: ops.xcorr(a, z.detach()))(
        x.detach().expand(5, -1, -1, -1, -1)
    )
    torch.testing.assert_close(mapped[3], response)


def test_the_store_is_bounded(operands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_MOST", 3)
    x, z = operands
    for size in range(4, 10):
        ops.xcorr(x[..., :size], z)
        assert len(plan._plans) <= 3
