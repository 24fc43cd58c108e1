"""Steps that trackers share: picking entries, running means, response maps."""

from __future__ import annotations

import pytest
import torch

from siamcorr.tracking import common_steps as steps
from siamcorr.tracking.response_maps import response_maps


def test_running_mean_starts_with_its_first_value_and_forgets_later() -> None:
    before, value = torch.tensor([torch.nan, 2.0, 2.0]), torch.tensor([5.0, 4.0, 4.0])
    mean = steps.running_mean(before, value, 0.25, torch.tensor([0, 1, 9]))
    assert mean.tolist() == [5.0, 3.0, 2.5]  # the first, the mean of two, a quarter of the new


def test_take_picks_one_entry_of_each_target() -> None:
    values = torch.arange(12).reshape(2, 3, 2)
    assert steps.take(values, torch.tensor([2, 0])).tolist() == [[4, 5], [6, 7]]


@pytest.mark.parametrize(("cells", "middle"), [(8, 4), (5, 2), (4, 1.5)])
def test_convention_middle_cell_of_a_response_map_is_no_displacement(
    cells: int, middle: float
) -> None:
    centre = torch.tensor([[30.0, 12.0]], dtype=torch.float64)
    cell = torch.tensor([2.5], dtype=torch.float64)
    values = torch.zeros(1, cells, cells, dtype=torch.float64)
    (found,) = response_maps(values, centre, cell, middle=middle, kind="windowed")
    still = found.crop_to_frame @ torch.tensor([middle, middle, 1.0], dtype=torch.float64)
    right = found.crop_to_frame @ torch.tensor([middle + 1, middle, 1.0], dtype=torch.float64)
    assert still.tolist() == [30.0, 12.0]
    assert right.tolist() == [32.5, 12.0]
    assert (found.values.dtype, found.kind) == (torch.float32, "windowed")
