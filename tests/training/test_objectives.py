"""Objectives: parts against twins that read maps channel by channel, totals, what settings do."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from anchor_twin import RATIOS, SCALES
from objective_cases import batch_of, normal, objective, output_of
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.errors import ConfigError, InvalidArgument
from siamcorr.geometry.anchors import anchor_sizes
from siamcorr.models.siamese import SiameseModel
from siamcorr.nn.heads import BoxOutput, SiamMaskHead
from siamcorr.training.objectives import OBJECTIVES
from siamcorr.training.targets import anchor_targets, places_of, point_targets


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def halves(cls: Tensor, labels: Tensor) -> float:
    """PySOT's loss, read channel by channel."""
    anchors = labels.shape[1]
    costs: dict[int, list[float]] = {0: [], 1: []}
    for b, k, y, x in (labels >= 0).nonzero().tolist():
        pair = cls[b, [k, anchors + k], y, x].double().log_softmax(0)
        label = int(labels[b, k, y, x])
        costs[label].append(-pair[label].item())
    return 0.5 * mean(costs[0]) + 0.5 * mean(costs[1])


class TestSiamFC:
    def test_hand_worked(self) -> None:
        """Logit 0 costs ln 2; ln 3 in the 13 positives costs ln(4/3)."""
        batch = batch_of([(0, 0), (0, 0)], search_size=239)
        response = torch.zeros(2, 1, 15, 15)
        run = objective("siamfc", search_size=239)
        assert run(response, batch).total.item() == pytest.approx(math.log(2))
        y, x = torch.meshgrid(torch.arange(15) - 7, torch.arange(15) - 7, indexing="ij")
        response[:, :, y.abs() + x.abs() <= 2] = math.log(3)
        losses = run(response, batch)
        assert losses.total.item() == pytest.approx(0.5 * math.log(4 / 3) + 0.5 * math.log(2))
        assert losses.parts["cls"].item() == pytest.approx(losses.total.item())

    def test_labels_follow_the_target_or_stay(self) -> None:
        batch = batch_of([(16, -8)])
        response = torch.full((1, 1, 17, 17), -9.0)
        response[0, 0, 7, 10] = 9.0  # the target's cell alone
        at_target = objective("siamfc", radius=1)(response, batch).total
        in_middle = objective("siamfc", radius=1, labels_at="centre")(response, batch).total
        assert at_target.item() == pytest.approx(math.log(1 + math.exp(-9)), rel=1e-2)
        assert in_middle.item() > 4

    def test_negative_pairs_have_no_positives(self) -> None:
        batch = batch_of([(0, 0)], positive=[False])
        losses = objective("siamfc")(torch.full((1, 1, 17, 17), 2.0), batch)
        assert losses.total.item() == pytest.approx(0.5 * math.log(1 + math.exp(2)))

    def test_radius_and_distance_are_used(self) -> None:
        response, batch = normal(1, 1, 17, 17), batch_of([(0, 0)])
        contents = [{}, {"radius": 24.0}, {"radius": 24.0, "distance": "euclidean"}]
        totals = {
            objective("siamfc", **content)(response, batch).total.item() for content in contents
        }
        assert len(totals) == 3


def test_filter_is_the_squared_difference_from_a_bell() -> None:
    """0.1 of a side of 80 pixels is a deviation of one cell."""
    batch = batch_of([(0, 0), (8, 0), (0, 0)], side=80.0, positive=[True, True, False])
    response = normal(3, 1, 5, 5)
    total = 0.0
    for b, place in enumerate([2, 3, None]):
        for i in range(5):
            for j in range(5):
                far = (i - 2) ** 2 + (j - (place or 0)) ** 2
                bell = math.exp(-far / 2) if place is not None else 0.0
                total += (response[b, 0, i, j].item() - bell) ** 2
    losses = objective("filter")(response, batch)
    assert losses.total.item() == pytest.approx(total / 3, rel=1e-5)
    assert losses.parts["response"].item() == pytest.approx(total / 3, rel=1e-5)
    wider = objective("filter", sigma=0.2)(response, batch)
    assert wider.total.item() != pytest.approx(total / 3, rel=1e-3)


class TestRPN:
    BATCH = batch_of([(0, 0), (20, -12), (30, 5)], positive=[True, True, False])

    def test_parts_equal_their_twins(self) -> None:
        run, output = objective("rpn"), output_of(3, 5)
        losses = run(output, self.BATCH)
        sizes = anchor_sizes(8, RATIOS, SCALES)
        targets = anchor_targets(places_of(self.BATCH), sizes, 25, 8, run.settings.labels)
        loc = 0.0
        for b in range(3):
            places = (targets.labels[b] == 1).nonzero().tolist()
            for k, y, x in places:
                channels = [coordinate * 5 + k for coordinate in range(4)]
                told = targets.deltas[b, :, k, y, x]
                difference = (output.loc[b, channels, y, x] - told).abs().sum().item()
                loc += difference / (len(places) + 1e-6) / 3
        assert losses.parts["cls"].item() == pytest.approx(halves(output.cls, targets.labels))
        assert losses.parts["loc"].item() == pytest.approx(loc, rel=1e-5)
        expected = losses.parts["cls"] + 1.2 * losses.parts["loc"]
        torch.testing.assert_close(losses.total, expected)

    def test_a_perfect_answer_costs_next_to_nothing(self) -> None:
        run = objective("rpn")
        sizes = anchor_sizes(8, RATIOS, SCALES)
        targets = anchor_targets(places_of(self.BATCH), sizes, 25, 8, run.settings.labels)
        foreground = 20.0 * (targets.labels == 1) - 10
        output = BoxOutput(torch.cat((-foreground, foreground), 1), targets.deltas.flatten(1, 2))
        assert run(output, self.BATCH).total.item() < 1e-6

    def test_convention_the_papers_weights(self) -> None:
        weights = {
            kind: (settings.cls_weight, settings.loc_weight)
            for kind in ("rpn", "mask", "point")
            for settings in [objective(kind).settings]
        }
        assert weights == {"rpn": (1.0, 1.2), "mask": (1.0, 1.2), "point": (1.0, 1.0)}
        assert objective("mask").settings.mask_weight == 36
        assert objective("mask").settings.labels.convention == "foolwood"
        assert objective("rpn").settings.labels.convention == "pysot"

    @pytest.mark.parametrize(
        "content",
        [
            {"cls_weight": 2.0},
            {"loc_weight": 2.0},
            {"loc_beta": 0.5},
            {"balance": "pair"},
            {"labels": {"convention": "foolwood"}},
        ],
    )
    def test_every_setting_changes_the_loss(self, content: dict[str, Any]) -> None:
        output = output_of(3, 5)
        changed = objective("rpn", **content)(output, self.BATCH).total
        assert changed.item() != pytest.approx(objective("rpn")(output, self.BATCH).total.item())

    def test_a_single_label_may_be_dropped(self) -> None:
        few = {"max_positive": 1, "max_labels": 49}
        batch, output = batch_of([(0, 0)]), output_of(1, 5)
        kept = objective("rpn", labels=few)(output, batch).parts["cls"]
        dropped = objective("rpn", labels=few, drop_single=True)(output, batch).parts["cls"]
        assert 0 < dropped < kept

    def test_dropping_single_labels_goes_with_means_over_the_batch(self) -> None:
        with pytest.raises(ConfigError, match="drop_single counts labels of the batch"):
            objective("rpn", drop_single=True, balance="pair")


class TestPoint:
    BATCH = batch_of([(0, 0), (20, -12), (30, 5)], side=100.0, positive=[True, True, False])

    @pytest.mark.parametrize("weigh", [False, True])
    def test_parts_equal_their_twins(self, weigh: bool) -> None:
        run = objective("point", weigh_by_centreness=weigh)
        output = output_of(3, 1, centreness=normal(3, 1, 25, 25, seed=2))
        losses = run(output, self.BATCH)
        targets = point_targets(places_of(self.BATCH), 25, 8, run.settings.labels)
        boxes, weights, central = [], [], []
        for b, _, y, x in (targets.labels == 1).nonzero().tolist():
            left, top, right, bottom = output.loc[b, :, y, x].tolist()
            l0, t0, r0, b0 = targets.distances[b, :, y, x].tolist()
            inner = (min(left, l0) + min(right, r0)) * (min(top, t0) + min(bottom, b0))
            union = (left + right) * (top + bottom) + (l0 + r0) * (t0 + b0) - inner
            boxes.append(1 - (inner + 1) / (union + 1))
            wanted = targets.centreness[b, 0, y, x].item()
            weights.append(wanted if weigh else 1.0)
            chance = 1 / (1 + math.exp(-output.centreness[b, 0, y, x].item()))
            central.append(-wanted * math.log(chance) - (1 - wanted) * math.log(1 - chance))
        loc = sum(w * v for w, v in zip(weights, boxes, strict=True)) / sum(weights)
        assert losses.parts["cls"].item() == pytest.approx(halves(output.cls, targets.labels))
        assert losses.parts["loc"].item() == pytest.approx(loc, rel=1e-5)
        assert losses.parts["centreness"].item() == pytest.approx(mean(central), rel=1e-5)
        torch.testing.assert_close(losses.total, sum(losses.parts.values()))

    def test_a_perfect_answer_costs_next_to_nothing(self) -> None:
        run = objective("point")
        targets = point_targets(places_of(self.BATCH), 25, 8, run.settings.labels)
        foreground = 20.0 * (targets.labels == 1) - 10
        output = BoxOutput(torch.cat((-foreground, foreground), 1), targets.distances)
        assert run(output, self.BATCH).total.item() < 1e-6

    def test_quality_focal_teaches_the_overlap_of_the_predicted_boxes(self) -> None:
        run, output = objective("point", cls_loss="quality_focal"), output_of(3, 1)
        output.loc.requires_grad_()
        targets = point_targets(places_of(self.BATCH), 25, 8, run.settings.labels)
        total = 0.0
        for b, _, y, x in (targets.labels >= 0).nonzero().tolist():
            wanted = 0.0
            if targets.labels[b, 0, y, x] == 1:
                left, top, right, bottom = output.loc[b, :, y, x].tolist()
                l0, t0, r0, b0 = targets.distances[b, :, y, x].tolist()
                inner = (min(left, l0) + min(right, r0)) * (min(top, t0) + min(bottom, b0))
                union = (left + right) * (top + bottom) + (l0 + r0) * (t0 + b0) - inner
                wanted = inner / union
            background, foreground = output.cls[b, :, y, x].double().softmax(0).tolist()
            cost = -wanted * math.log(foreground) - (1 - wanted) * math.log(background)
            total += (wanted - foreground) ** 2 * cost
        cls = run(output, self.BATCH).parts["cls"]
        assert cls.item() == pytest.approx(total / int((targets.labels == 1).sum()), rel=1e-5)
        only_classes = objective("point", cls_loss="quality_focal", loc_weight=0)
        only_classes(output, self.BATCH).total.backward()
        assert output.loc.grad is not None
        assert not output.loc.grad.any()  # boxes learn from their own loss alone

    def test_without_positives_boxes_cost_nothing_and_keep_the_graph(self) -> None:
        output = output_of(1, 1, centreness=torch.zeros(1, 1, 25, 25, requires_grad=True))
        output.loc.requires_grad_()
        batch = batch_of([(4, 4)], side=2.0)
        for content in ({}, {"weigh_by_centreness": True, "balance": "pair"}):
            losses = objective("point", **content)(output, batch)
            losses.total.backward()
            assert losses.parts["loc"] == 0
            assert losses.parts["centreness"] == 0
            assert output.loc.grad is not None
            assert not output.loc.grad.any()

    @pytest.mark.parametrize(
        "content",
        [
            {"cls_loss": "focal"},
            {"cls_loss": "quality_focal"},
            {"box_loss": "giou"},
            {"cls_weight": 2.0},
            {"loc_weight": 2.0},
            {"centreness_weight": 2.0},
            {"balance": "pair"},
            {"labels": {"rule": "inside"}},
            {"labels": {"max_negative": None}},
        ],
    )
    def test_every_setting_changes_the_loss(self, content: dict[str, Any]) -> None:
        output = output_of(3, 1, centreness=normal(3, 1, 25, 25, seed=2))
        changed = objective("point", **content)(output, self.BATCH).total
        assert changed.item() != pytest.approx(objective("point")(output, self.BATCH).total.item())


class TestMask:
    BATCH = batch_of([(0, 0), (16, -8), (0, 0)], positive=[True, True, False])

    def test_the_mask_part_equals_its_twin(self) -> None:
        run = objective("mask")
        output = output_of(3, 5, masks=0.5 * normal(3, 63 * 63, 25, 25, seed=2))
        losses = run(output, self.BATCH)
        targets = run.targets(output, self.BATCH)
        costs = []
        for b, y, x in (targets.labels == 1).any(1).nonzero().tolist():
            logits = output.masks[b, :, y, x].view(1, 1, 63, 63)
            logits = F.interpolate(logits, size=(127, 127), mode="bilinear", align_corners=True)
            padded = F.pad(2.0 * self.BATCH.masks[b] - 1, (32,) * 4)
            window = padded[8 * y : 8 * y + 127, 8 * x : 8 * x + 127]
            costs.append(F.soft_margin_loss(logits[0, 0], window).item())
        assert len(costs) > 6
        assert losses.parts["mask"].item() == pytest.approx(mean(costs), rel=1e-5)
        parts = losses.parts
        expected = parts["cls"] + 1.2 * parts["loc"] + 36 * parts["mask"]
        torch.testing.assert_close(losses.total, expected)

    def test_what_it_does_not_teach_is_named(self) -> None:
        head = SiamMaskHead(8)
        model = SiameseModel(nn.Identity(), head)
        search = tuple(normal(3, channels, 31, 31) for channels in (64, 256, 512, 8))
        objective("mask")(model.compare(search, normal(3, 8, 7, 7)), self.BATCH).total.backward()
        without = {name for name, weight in model.named_parameters() if weight.grad is None}
        (untaught,) = OBJECTIVES["mask"].untaught
        assert without == {name for name, _ in model.named_parameters() if untaught in name}

    def test_only_pairs_with_a_mask_count(self) -> None:
        masks = normal(3, 63 * 63, 25, 25).requires_grad_()
        output = output_of(3, 5, masks=masks)
        batch = self.BATCH._replace(has_mask=torch.tensor([True, False, False]))
        objective("mask")(output, batch).total.backward()
        assert masks.grad is not None
        touched = masks.grad.abs().sum((1, 2, 3)) > 0
        assert touched.tolist() == [True, False, False]
        none = self.BATCH._replace(has_mask=torch.tensor([False] * 3))
        losses = objective("mask")(output, none)
        losses.total.backward()
        assert losses.parts["mask"] == 0

    def test_the_weight_is_used(self) -> None:
        output = output_of(3, 5, masks=normal(3, 63 * 63, 25, 25))
        losses = objective("mask", mask_weight=0.0)(output, self.BATCH)
        assert losses.parts["mask"] > 0
        expected = losses.parts["cls"] + 1.2 * losses.parts["loc"]
        torch.testing.assert_close(losses.total, expected)

    def test_a_head_or_a_source_without_masks_is_refused(self) -> None:
        with pytest.raises(InvalidArgument, match="the head answers no masks; use 'siammask'"):
            objective("mask")(output_of(3, 5), self.BATCH)
        output = output_of(3, 5, masks=torch.zeros(3, 63 * 63, 25, 25))
        with pytest.raises(InvalidArgument, match="no pair of this source has a mask"):
            objective("mask")(output, self.BATCH._replace(masks=None, has_mask=None))
