"""Overlap against hand-worked numbers, rasters and torchvision."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_iou

from siamcorr.errors import ShapeError
from siamcorr.geometry import box_overlap, xywh_to_xyxy

small = st.integers(0, 9)
side = st.integers(1, 9)
pixel_box = st.tuples(small, small, side, side)


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 2, 2), 2 / 6),
        ((0, 0, 4, 4), (1, 1, 2, 2), 4 / 16),
        ((0, 0, 2, 2), (2, 0, 2, 2), 0.0),  # they touch
        ((0, 0, 1, 1), (-0.5, -0.5, 1, 1), 0.25 / 1.75),
        ((0, 0, 2, 2), (0, 0, 0, 2), 0.0),  # one is empty
        ((3, 3, 0, 0), (3, 3, 0, 0), 0.0),  # both are empty
        ((0, 0, 2, 2), (2, 2, -2, -2), 0.0),  # a negative size is empty, not mirrored
    ],
)
def test_hand_worked(a: tuple[float, ...], b: tuple[float, ...], overlap: float) -> None:
    result = box_overlap(torch.tensor(a), torch.tensor(b))
    assert result.dtype == torch.float64
    assert result.item() == pytest.approx(overlap, abs=1e-12)


@given(pixel_box, pixel_box)
def test_equals_counting_pixels(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Boxes with whole numbers cover exactly their pixels: index i lies in x <= i < x + w."""

    def pixels(box: tuple[int, ...]) -> set[tuple[int, int]]:
        x, y, w, h = box
        return {(i, j) for i in range(x, x + w) for j in range(y, y + h)}

    expected = len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))
    assert box_overlap(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(expected)


def test_equals_torchvision_for_all_pairs() -> None:
    a, b = torch.rand(7, 4).double() * 10, torch.rand(5, 4).double() * 10
    expected = box_iou(xywh_to_xyxy(a), xywh_to_xyxy(b))
    torch.testing.assert_close(box_overlap(a[:, None], b[None]), expected)
    torch.testing.assert_close(box_overlap(a[:5], b), expected[:5].diagonal())


def test_nan_stays_nan_and_inputs_stay_as_they_are() -> None:
    a = torch.tensor([[0.0, 0, 2, 2], [float("nan")] * 4])
    b = torch.tensor([[0.0, 0, 2, 2], [0.0, 0, 2, 2]])
    kept = a.clone(), b.clone()
    result = box_overlap(a, b)
    assert result[0] == 1
    assert result[1].isnan()
    torch.testing.assert_close((a, b), kept, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(("shape_a", "shape_b"), [((4, 3), (4, 3)), ((3, 4), (2, 4)), ((), (4,))])
def test_bad_shapes(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"expected two arrays of boxes \(\.\.\., 4\)"):
        box_overlap(torch.zeros(shape_a), torch.zeros(shape_b))
