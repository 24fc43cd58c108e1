"""What every objective keeps: gradients, batches, precision, device, and errors that say why."""

from __future__ import annotations

import pytest
import torch
from objective_cases import (
    ANCHORS,
    WITH_ANCHORS,
    batch_of,
    case,
    mapped,
    objective,
    tensors,
)
from torch import Tensor

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.errors import ConfigError, InvalidArgument, ShapeError
from siamcorr.training.objectives import OBJECTIVES, BaseObjective


@pytest.mark.parametrize("kind", list(OBJECTIVES))
class TestEveryObjective:
    def test_gradients_reach_every_map_and_parts_are_detached(self, kind: str) -> None:
        output = case(kind, 2)
        for each in tensors(output):
            each.requires_grad_()
        losses = objective(kind)(output, batch_of([(0, 0), (9, 4)]))
        losses.total.backward()
        assert losses.total.shape == ()
        assert all(each.grad is not None and each.grad.any() for each in tensors(output))
        assert all(not part.requires_grad and part.shape == () for part in losses.parts.values())

    def test_convention_pair_balance_averages_over_processes_as_one_joined_batch(
        self, kind: str
    ) -> None:
        content = {} if kind == "filter" else {"balance": "pair"}
        centres = [(0.0, 0.0), (30.0, 5.0), (-7.0, 22.0), (50.0, 50.0)]
        batch = batch_of(centres, positive=[True, True, True, False])
        output, run = case(kind, 4), objective(kind, **content)
        halves = [
            run(
                mapped(output, lambda each, rows=rows: each[rows]),
                PairBatch(*(each[rows] for each in batch)),
            ).total
            for rows in (slice(2), slice(2, 4))
        ]
        torch.testing.assert_close(run(output, batch).total, (halves[0] + halves[1]) / 2)

    def test_another_kind_of_output_is_refused(self, kind: str) -> None:
        response = kind in ("siamfc", "filter")
        wrong = case("rpn" if response else "siamfc", 1)
        message = "one response, got BoxOutput" if response else "answer boxes, got Tensor"
        with pytest.raises(InvalidArgument, match=f"{kind}: .*{message}"):
            objective(kind)(wrong, batch_of([(0, 0)]))
        with pytest.raises(ShapeError, match=rf"{kind}: expected (response|cls) \(3, "):
            objective(kind)(case(kind, 2), batch_of([(0, 0)] * 3))
        if not response:
            output = case(kind, 1)
            output = output._replace(loc=output.loc[..., :17, :17])
            with pytest.raises(ShapeError, match=rf"{kind}: expected loc \(1, \d+, 25, 25\), got"):
                objective(kind)(output, batch_of([(0, 0)]))

    def test_bfloat16_is_close(self, kind: str) -> None:
        output, batch = case(kind, 2), batch_of([(0, 0), (9, 4)])
        lower = mapped(output, Tensor.bfloat16)
        found = objective(kind)(lower, batch)
        assert found.total.dtype == torch.float32
        rounded = objective(kind)(mapped(lower, Tensor.float), batch)
        torch.testing.assert_close(found.total, rounded.total)

    def test_anchors_are_asked_for_or_refused(self, kind: str) -> None:
        entry: type[BaseObjective] = OBJECTIVES[kind]
        given = {} if kind in WITH_ANCHORS else ANCHORS
        what = "needs anchor_ratios" if kind in WITH_ANCHORS else "has no anchors"
        with pytest.raises(InvalidArgument, match=f"{kind}: this objective {what}"):
            entry.from_settings(entry.settings_type(), shape=PairShape(), stride=8, **given)

    def test_autocast_does_not_lower_it(self, kind: str) -> None:
        output, batch = case(kind, 2), batch_of([(0, 0), (9, 4)])
        expected = objective(kind)(output, batch).total
        with torch.autocast("cpu", torch.bfloat16):
            found = objective(kind)(output, batch).total
        torch.testing.assert_close(found, expected, rtol=0, atol=0)

    def test_misspelt_settings_are_refused(self, kind: str) -> None:
        with pytest.raises(ConfigError, match="unknown key 'kindd'; did you mean 'kind'"):
            objective(kind, kindd=1)


@pytest.mark.parametrize("kind", ["filter", "point", "rpn", "siamfc"])
def test_it_stays_on_the_device_and_does_not_wait_for_it(kind: str) -> None:
    """Meta tensors have no values to wait for, and do not mix with those of the CPU."""
    output, batch = case(kind, 2), batch_of([(0, 0), (9, 4)])
    output = mapped(output, lambda each: each.to("meta").requires_grad_())
    losses = objective(kind)(output, batch.to("meta"))
    losses.total.backward()
    assert losses.total.device.type == "meta"
    assert all(part.device.type == "meta" for part in losses.parts.values())


def test_the_table_has_the_five() -> None:
    assert sorted(OBJECTIVES) == ["filter", "mask", "point", "rpn", "siamfc"]
    assert all(OBJECTIVES[kind].settings_type().kind == kind for kind in OBJECTIVES)
