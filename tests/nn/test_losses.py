"""Losses against plain loops, numbers worked by hand and finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.losses import (
    balanced_logistic_loss,
    box_losses,
    focal_loss,
    foreground_logits,
    mask_losses,
    quality_focal_loss,
    weighted_l1_loss,
    weighted_mean,
)

KINDS = ["iou", "iou_plus_one", "log_iou", "giou", "diou"]


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def some_labels(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(-1, 2, shape, generator=torch.Generator().manual_seed(seed))


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def logistic(logit: float, label: int) -> float:
    return math.log(1 + math.exp(-logit if label == 1 else logit))


class TestWeightedMean:
    def test_hand_worked(self) -> None:
        values = torch.tensor([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]])
        weights = torch.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 2.0]])
        # batch: (1 + 6 + 80) / 6; pairs: 7 / 4 and 40
        assert weighted_mean(values, weights).item() == pytest.approx(14.5)
        assert weighted_mean(values, weights, balance="pair").item() == pytest.approx(20.875)

    @pytest.mark.parametrize("balance", ["batch", "pair"])
    def test_no_weight_is_zero_with_a_gradient_of_zero(self, balance: str) -> None:
        values = torch.tensor([[math.inf, math.nan]], requires_grad=True)
        average = weighted_mean(values, torch.zeros(1, 2), balance=balance)
        average.backward()
        assert average.item() == 0
        assert values.grad is not None
        assert values.grad.tolist() == [[0, 0]]

    @settings(deadline=None)
    @given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
    def test_convention_pair_balance_is_the_mean_over_parts_of_the_batch(
        self, pairs: int, cells: int, seed: int
    ) -> None:
        """Two processes of B pairs each average to one of 2 B."""
        values, weights = normal(2 * pairs, cells, seed=seed), some_labels(2 * pairs, cells) == 1
        whole = weighted_mean(values, weights, balance="pair")
        halves = [
            weighted_mean(values[part], weights[part], balance="pair")
            for part in (slice(pairs), slice(pairs, None))
        ]
        torch.testing.assert_close(whole, (halves[0] + halves[1]) / 2)

    def test_bad_input(self) -> None:
        with pytest.raises(ShapeError, match=r"differ in shape: \(2, 3\) and \(2, 4\)"):
            weighted_mean(torch.zeros(2, 3), torch.zeros(2, 4))
        with pytest.raises(InvalidArgument, match="balance must be batch or pair, got 'image'"):
            weighted_mean(torch.zeros(2, 3), torch.zeros(2, 3), balance="image")  # type: ignore[arg-type]


class TestBalancedLogistic:
    @settings(deadline=None)
    @given(st.integers(0, 999))
    def test_equals_loops(self, seed: int) -> None:
        logits, labels = 3 * normal(3, 2, 4, seed=seed), some_labels(3, 2, 4, seed=seed)
        cells = list(zip(logits.flatten().tolist(), labels.flatten().tolist(), strict=True))
        expected = sum(
            0.5 * mean([logistic(logit, label) for logit, label in cells if label == half])
            for half in (0, 1)
        )
        assert balanced_logistic_loss(logits, labels).item() == pytest.approx(expected)

    def test_pairs_apart_equal_loops(self) -> None:
        logits, labels = normal(4, 9), some_labels(4, 9, seed=3)
        labels[2] = 0  # a negative pair has no positive half
        expected = mean(
            [balanced_logistic_loss(logits[i : i + 1], labels[i : i + 1]).item() for i in range(4)]
        )
        found = balanced_logistic_loss(logits, labels, balance="pair").item()
        assert found == pytest.approx(expected)
        assert found != pytest.approx(balanced_logistic_loss(logits, labels).item())

    def test_hand_worked(self) -> None:
        logits, labels = torch.tensor([[0.0, math.log(3), -9.0]]), torch.tensor([[1, 0, -1]])
        # positive ln 2, negative ln(1 + 3)
        assert balanced_logistic_loss(logits, labels).item() == pytest.approx(1.5 * math.log(2))

    def test_is_pysots_log_likelihood_of_two_logits(self) -> None:
        """Half the mean of -log softmax at each class, (B, 2K, S, S) read as (B, 2, K, S, S)."""
        cls, labels = normal(2, 6, 4, 4), some_labels(2, 3, 4, 4)
        chances = cls.view(2, 2, 3, 4, 4).log_softmax(1)
        halves = [mean((-chances[:, k][labels == k]).tolist()) for k in (0, 1)]
        found = balanced_logistic_loss(foreground_logits(cls), labels)
        assert found.item() == pytest.approx(0.5 * sum(halves))

    def test_is_siamfcs_weighted_sum(self) -> None:
        """Weights 1/2 over the positives and 1/2 over the negatives of the batch, summed."""
        logits, labels = normal(8, 1, 15, 15), torch.zeros(8, 1, 15, 15)
        labels[..., 6:9, 7] = 1
        weights = torch.where(labels == 1, 0.5 / (8 * 3), 0.5 / (8 * 222)).double()
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, labels.double(), weights, reduction="sum"
        )
        torch.testing.assert_close(balanced_logistic_loss(logits, labels), expected)

    def test_convention_a_half_without_labels_is_zero(self) -> None:
        logits = torch.zeros(1, 3, requires_grad=True)
        all_negative = balanced_logistic_loss(logits, torch.tensor([[0, 0, -1]]))
        assert all_negative.item() == pytest.approx(math.log(2) / 2)
        nothing = balanced_logistic_loss(logits, torch.full((1, 3), -1))
        nothing.backward()
        assert nothing.item() == 0
        assert logits.grad is not None
        assert logits.grad.tolist() == [[0, 0, 0]]

    def test_convention_pysot_drops_a_half_of_one_label(self) -> None:
        logits, labels = torch.zeros(1, 4), torch.tensor([[1, 0, 0, -1]])
        assert balanced_logistic_loss(logits, labels).item() == pytest.approx(math.log(2))
        dropped = balanced_logistic_loss(logits, labels, drop_single=True)
        assert dropped.item() == pytest.approx(math.log(2) / 2)
        two = torch.tensor([[1, 0, 0, 1]])
        kept = balanced_logistic_loss(logits, two, drop_single=True)
        assert kept.item() == pytest.approx(math.log(2))
        with pytest.raises(InvalidArgument, match="drop_single counts labels of the batch"):
            balanced_logistic_loss(logits, labels, drop_single=True, balance="pair")

    @pytest.mark.parametrize("balance", ["batch", "pair"])
    def test_gradient(self, balance: str) -> None:
        labels = some_labels(2, 5, seed=1)
        logits = normal(2, 5).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda x: balanced_logistic_loss(x, labels, balance=balance), (logits,)
        )

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_is_computed_in_float32(self, dtype: torch.dtype) -> None:
        logits, labels = normal(2, 50).to(dtype), some_labels(2, 50)
        found = balanced_logistic_loss(logits, labels)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, balanced_logistic_loss(logits.float(), labels))

    def test_large_logits_stay_finite(self) -> None:
        logits, labels = torch.tensor([[1e4, -1e4]]), torch.tensor([[0, 1]])
        assert balanced_logistic_loss(logits, labels).item() == pytest.approx(1e4)

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(ShapeError, match=r"balanced_logistic_loss: .* \(2, 3\) and \(3,\)"):
            balanced_logistic_loss(torch.zeros(2, 3), torch.zeros(3))


class TestFocal:
    @settings(deadline=None)
    @given(st.integers(0, 99), st.floats(0, 1), st.floats(0, 4), st.sampled_from(["batch", "pair"]))
    def test_equals_loops(self, seed: int, alpha: float, gamma: float, balance: str) -> None:
        logits, labels = normal(3, 6, seed=seed), some_labels(3, 6, seed=seed)

        def loss(rows: slice) -> float:
            total = 0.0
            pairs = zip(logits[rows].flatten(), labels[rows].flatten(), strict=True)
            for logit, label in pairs:
                right = 1 / (1 + math.exp(-logit.item() if label == 1 else logit.item()))
                weight = {1: alpha, 0: 1 - alpha, -1: 0.0}[int(label)]
                total += weight * (1 - right) ** gamma * -math.log(right)
            return total / max(1, int((labels[rows] == 1).sum()))

        rows = [slice(i, i + 1) for i in range(3)] if balance == "pair" else [slice(None)]
        found = focal_loss(logits, labels, alpha=alpha, gamma=gamma, balance=balance)
        assert found.item() == pytest.approx(mean([loss(row) for row in rows]))

    def test_gradient(self) -> None:
        labels = some_labels(2, 5)
        logits = normal(2, 5).requires_grad_()
        assert torch.autograd.gradcheck(lambda x: focal_loss(x, labels), (logits,))

    def test_bad_input(self) -> None:
        with pytest.raises(ShapeError, match="focal_loss: logits and labels"):
            focal_loss(torch.zeros(2, 3), torch.zeros(3))
        with pytest.raises(InvalidArgument, match="focal_loss: balance"):
            focal_loss(torch.zeros(2), torch.zeros(2), balance="cell")  # type: ignore[arg-type]


class TestQualityFocal:
    @settings(deadline=None)
    @given(st.integers(0, 99), st.floats(1, 3), st.sampled_from(["batch", "pair"]))
    def test_equals_loops(self, seed: int, beta: float, balance: str) -> None:
        logits, labels = normal(3, 6, seed=seed), some_labels(3, 6, seed=seed)
        quality = normal(3, 6, seed=seed + 100).sigmoid()

        def loss(rows: slice) -> float:
            total = 0.0
            cells = (part[rows].flatten().tolist() for part in (logits, labels, quality))
            for logit, label, overlap in zip(*cells, strict=True):
                wanted, chance = (overlap if label == 1 else 0.0), 1 / (1 + math.exp(-logit))
                cost = -wanted * math.log(chance) - (1 - wanted) * math.log(1 - chance)
                total += (label >= 0) * abs(wanted - chance) ** beta * cost
            return total / max(1, int((labels[rows] == 1).sum()))

        rows = [slice(i, i + 1) for i in range(3)] if balance == "pair" else [slice(None)]
        found = quality_focal_loss(logits, labels, quality, beta=beta, balance=balance)
        assert found.item() == pytest.approx(mean([loss(row) for row in rows]))

    def test_full_quality_is_the_focal_loss_without_alpha(self) -> None:
        """alpha 1/2 weighs both labels by a half."""
        logits, labels = normal(3, 6), some_labels(3, 6)
        found = quality_focal_loss(logits, labels, torch.ones(3, 6))
        torch.testing.assert_close(found, 2 * focal_loss(logits, labels, alpha=0.5))

    def test_gradient(self) -> None:
        labels, quality = some_labels(2, 5), normal(2, 5, seed=1).sigmoid()
        logits = normal(2, 5).requires_grad_()
        assert torch.autograd.gradcheck(lambda x: quality_focal_loss(x, labels, quality), (logits,))

    def test_bad_input(self) -> None:
        with pytest.raises(ShapeError, match="quality_focal_loss: logits and labels"):
            quality_focal_loss(torch.zeros(2, 3), torch.zeros(3), torch.zeros(2, 3))
        with pytest.raises(ShapeError, match="quality_focal_loss: logits and quality"):
            quality_focal_loss(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(3))
        with pytest.raises(InvalidArgument, match="quality_focal_loss: balance"):
            quality_focal_loss(torch.zeros(2), torch.zeros(2), torch.zeros(2), balance="cell")  # type: ignore[arg-type]


class TestWeightedL1:
    @pytest.mark.parametrize("beta", [0.0, 0.7])
    def test_equals_loops(self, beta: float) -> None:
        predicted, target, weights = normal(2, 4, 3, 2), normal(2, 4, 3, 2, seed=1), normal(2, 3, 2)
        total = 0.0
        for b, d, i, j in torch.cartesian_prod(*map(torch.arange, (2, 4, 3, 2))).tolist():
            difference = abs(float(predicted[b, d, i, j] - target[b, d, i, j]))
            smooth = difference**2 / (2 * beta) if difference < beta else difference - beta / 2
            total += float(weights[b, i, j]) * smooth
        found = weighted_l1_loss(predicted, target, weights, beta=beta)
        assert found.item() == pytest.approx(total / 2)

    def test_gradient(self) -> None:
        predicted, target = normal(2, 4, 3).requires_grad_(), normal(2, 4, 3, seed=1)
        weights = torch.rand(2, 3, dtype=torch.float64)
        for beta in (0.0, 0.5):
            assert torch.autograd.gradcheck(
                lambda x, beta=beta: weighted_l1_loss(x, target, weights, beta=beta), (predicted,)
            )

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(ShapeError, match="weighted_l1_loss: expected"):
            weighted_l1_loss(torch.zeros(2, 3, 5), torch.zeros(2, 3, 5), torch.zeros(2, 5))
        with pytest.raises(ShapeError, match=r"weights   : \(2, 4\)"):
            weighted_l1_loss(torch.zeros(2, 4, 5), torch.zeros(2, 4, 5), torch.zeros(2, 4))


def twin_box_loss(a: list[float], b: list[float], kind: str) -> float:
    def area(box: list[float]) -> float:
        return (box[2] - box[0]) * (box[3] - box[1])

    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inner = wide * high
    union = area(a) + area(b) - inner
    around = [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
    diagonal = (around[2] - around[0]) ** 2 + (around[3] - around[1]) ** 2
    centres = [((p[0] + p[2]) / 2, (p[1] + p[3]) / 2) for p in (a, b)]
    apart = sum((p - q) ** 2 for p, q in zip(*centres, strict=True))
    return {
        "iou": 1 - inner / union,
        "iou_plus_one": 1 - (inner + 1) / (union + 1),
        "log_iou": -math.log((inner + 1) / (union + 1)),
        "giou": 1 - inner / union + (area(around) - union) / area(around),
        "diou": 1 - inner / union + apart / diagonal,
    }[kind]


def boxes_xyxy(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, dtype=torch.float64, generator=generator) * 50
    size = torch.rand(count, 2, dtype=torch.float64, generator=generator) * 60 + 0.5
    return torch.cat((corner, corner + size), 1)


@pytest.mark.parametrize("kind", KINDS)
class TestBoxLosses:
    def test_equals_its_twin(self, kind: str) -> None:
        a, b = boxes_xyxy(200, 0), boxes_xyxy(200, 1)
        expected = [twin_box_loss(*row, kind) for row in zip(a.tolist(), b.tolist(), strict=True)]
        expected = torch.tensor(expected, dtype=torch.float64)
        torch.testing.assert_close(box_losses(a, b, kind), expected, rtol=1e-6, atol=1e-7)

    def test_a_perfect_box_costs_nothing(self, kind: str) -> None:
        boxes = boxes_xyxy(20, 2)
        assert box_losses(boxes, boxes, kind).abs().max() < 1e-5

    def test_gradient(self, kind: str) -> None:
        a, b = boxes_xyxy(6, 0).requires_grad_(), boxes_xyxy(6, 1)
        assert torch.autograd.gradcheck(lambda x: box_losses(x, b, kind), (a,))

    def test_no_box_is_no_loss_but_keeps_the_graph(self, kind: str) -> None:
        boxes = torch.zeros(0, 4, requires_grad=True)
        losses = box_losses(boxes, torch.zeros(0, 4), kind)
        losses.sum().backward()
        assert losses.shape == (0,)
        assert boxes.grad is not None


def test_box_losses_hand_worked() -> None:
    """2 x 2 boxes that share half: I 2, U 6, E 6; centres 1 apart, diagonal^2 13."""
    a, b = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2]])
    found = {kind: box_losses(a, b, kind).item() for kind in KINDS}  # type: ignore[arg-type]
    expected = {
        "iou": 2 / 3,
        "iou_plus_one": 4 / 7,
        "log_iou": math.log(7 / 3),
        "giou": 2 / 3,
        "diou": 2 / 3 + 1 / 13,
    }
    assert found == pytest.approx(expected, abs=1e-6)


def test_box_losses_check_their_input() -> None:
    with pytest.raises(InvalidArgument, match="unknown kind 'ciou'; known: "):
        box_losses(torch.zeros(1, 4), torch.zeros(1, 4), "ciou")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"boxes \(N, 4\), got \(1, 4\) and \(2, 4\)"):
        box_losses(torch.zeros(1, 4), torch.zeros(2, 4), "iou")


class TestMaskLosses:
    def test_equals_loops_with_ends_on_ends(self) -> None:
        """3 x 3 logits to 5 x 5: the even pixels are the logits, the odd ones their means."""
        logits = normal(2, 3, 3)
        target = some_labels(2, 5, 5).double()
        losses = []
        for n in range(2):
            pixels = []
            for i in range(5):
                for j in range(5):
                    rows, columns = {i // 2, (i + 1) // 2}, {j // 2, (j + 1) // 2}
                    value = mean([logits[n, r, c].item() for r in rows for c in columns])
                    pixels.append(math.log(1 + math.exp(-target[n, i, j].item() * value)))
            losses.append(mean(pixels))
        assert mask_losses(logits, target).tolist() == pytest.approx(losses)

    def test_convention_pixels_outside_the_crop_cost_ln_2_and_have_no_gradient(self) -> None:
        logits = normal(1, 4, 4).requires_grad_()
        loss = mask_losses(logits, torch.zeros(1, 9, 9))
        loss.sum().backward()
        assert loss.item() == pytest.approx(math.log(2))
        assert logits.grad is not None
        assert logits.grad.abs().max() == 0

    def test_gradient(self) -> None:
        target = some_labels(2, 7, 7).double()
        logits = normal(2, 3, 3).requires_grad_()
        assert torch.autograd.gradcheck(lambda x: mask_losses(x, target), (logits,))

    def test_no_mask_is_no_loss_but_keeps_the_graph(self) -> None:
        logits = torch.zeros(0, 63, 63, requires_grad=True)
        mask_losses(logits, torch.zeros(0, 127, 127)).sum().backward()
        assert logits.grad is not None

    def test_large_logits_stay_finite(self) -> None:
        loss = mask_losses(torch.full((1, 2, 2), -1e4), torch.ones(1, 3, 3))
        assert loss.item() == pytest.approx(1e4)

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(ShapeError, match=r"got \(2, 63, 63\) and \(1, 127, 127\)"):
            mask_losses(torch.zeros(2, 63, 63), torch.zeros(1, 127, 127))
