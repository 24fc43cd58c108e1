"""Windows of masks against loops: which pixels, in which order, and what stands outside."""

from __future__ import annotations

import pytest
import torch

from siamcorr.errors import ShapeError
from siamcorr.training.targets import mask_windows


def twin_windows(masks: torch.Tensor, cells: torch.Tensor, padding: int) -> list[torch.Tensor]:
    windows = []
    for b, y, x in cells.nonzero().tolist():
        window = torch.zeros(127, 127)
        for i in range(127):
            for j in range(127):
                row, column = 8 * y - padding + i, 8 * x - padding + j
                if 0 <= row < masks.shape[1] and 0 <= column < masks.shape[2]:
                    window[i, j] = 1 if masks[b, row, column] else -1
        windows.append(window)
    return windows


@pytest.mark.parametrize(
    ("crop", "size", "padding", "chosen"),
    [
        (255, 25, 32, [(0, 0, 0), (0, 12, 12), (1, 24, 24), (1, 3, 20)]),
        (143, 3, 0, [(0, 0, 0), (1, 2, 1)]),
    ],
)
def test_convention_windows_lie_32_pixels_out_of_255_and_none_out_of_143(
    crop: int, size: int, padding: int, chosen: list[tuple[int, int, int]]
) -> None:
    masks = torch.rand(2, crop, crop, generator=torch.Generator().manual_seed(0)) < 0.5
    cells = torch.zeros(2, size, size, dtype=torch.bool)
    for place in chosen:
        cells[place] = True
    found = mask_windows(masks, cells, 127, 8)
    assert found.dtype == torch.float32
    assert torch.equal(found, torch.stack(twin_windows(masks, cells, padding)))


def test_no_cell_is_no_window() -> None:
    masks, cells = torch.zeros(2, 255, 255).bool(), torch.zeros(2, 25, 25).bool()
    assert mask_windows(masks, cells, 127, 8).shape == (0, 127, 127)


@pytest.mark.parametrize(("crop", "size", "pairs"), [(254, 25, 2), (255, 5, 2), (255, 25, 1)])
def test_sizes_that_do_not_fit_are_refused(crop: int, size: int, pairs: int) -> None:
    masks, cells = torch.zeros(2, crop, crop).bool(), torch.zeros(pairs, size, size).bool()
    with pytest.raises(ShapeError, match="mask_windows: masks and cells do not fit"):
        mask_windows(masks, cells, 127, 8)
