"""Losses that are infinite or NaN stop a run, with all parts in the message."""

from __future__ import annotations

import math

import pytest
import torch

from siamcorr.errors import TrainingError
from siamcorr.training.objectives import Losses, check_finite


def test_finite_losses_pass() -> None:
    check_finite(Losses(torch.tensor(2.0), {"cls": torch.tensor(1.0)}), "step 1")


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_others_stop_with_all_parts(bad: float) -> None:
    parts = {"cls": torch.tensor(0.25), "loc": torch.tensor(bad)}
    with pytest.raises(TrainingError) as caught:
        check_finite(Losses(torch.tensor(bad), parts), "epoch 3, step 120")
    assert f"epoch 3, step 120: the loss is {bad}" in str(caught.value)
    assert "\n  cls : 0.25" in str(caught.value)
    assert f"\n  loc : {bad}" in str(caught.value)


def test_a_part_of_weight_zero_counts() -> None:
    with pytest.raises(TrainingError, match="mask : nan"):
        check_finite(Losses(torch.tensor(1.0), {"mask": torch.tensor(math.nan)}), "step 1")
