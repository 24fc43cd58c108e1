"""Box formats against hand-worked numbers and torchvision; the sentence for every bad box."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_convert

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.geometry import (
    as_boxes_xywh,
    cxcywh_to_xywh,
    xywh_to_cxcywh,
    xywh_to_xyxy,
    xyxy_to_xywh,
)

coordinate = st.floats(-1e4, 1e4)
length = st.floats(1e-2, 1e4)
boxes = st.lists(st.tuples(coordinate, coordinate, length, length), min_size=1, max_size=5)


@pytest.mark.parametrize(
    "given_boxes",
    [
        [1, 2, 3, 4],
        (1.0, 2.0, 3.0, 4.0),
        [[1, 2, 3, 4]],
        np.array([1, 2, 3, 4], np.int32),
        np.array([[1, 2, 3, 4]], np.float32),
        torch.tensor([1, 2, 3, 4]),
        torch.tensor([[1, 2, 3, 4]], dtype=torch.bfloat16, requires_grad=True),
    ],
)
def test_every_form_becomes_one_form(given_boxes: Any) -> None:
    result = as_boxes_xywh(given_boxes)
    assert result.dtype == torch.float64
    assert not result.requires_grad
    assert result.tolist() == [[1.0, 2.0, 3.0, 4.0]]


def test_result_shares_no_memory_with_the_input() -> None:
    array = np.array([[1.0, 2.0, 3.0, 4.0]])
    tensor = torch.from_numpy(array)
    for result in (as_boxes_xywh(array), as_boxes_xywh(tensor)):
        result[0, 0] = 99
    assert array[0, 0] == 1


def test_boxes_outside_the_frame_are_boxes() -> None:
    assert as_boxes_xywh([-50, -50, 10, 10]).tolist() == [[-50, -50, 10, 10]]


def test_convention_boxes_are_zero_based_continuous_xywh() -> None:
    """The box of a whole 640 x 480 frame is (0, 0, 640, 480): area, corners and centre agree."""
    frame_box = as_boxes_xywh([0, 0, 640, 480])
    assert xywh_to_xyxy(frame_box).tolist() == [[0, 0, 640, 480]]
    assert xywh_to_cxcywh(frame_box).tolist() == [[320, 240, 640, 480]]


@given(boxes)
def test_conversions_equal_torchvision(values: list[tuple[float, ...]]) -> None:
    xywh = torch.tensor(values, dtype=torch.float64)
    xyxy, cxcywh = xywh_to_xyxy(xywh), xywh_to_cxcywh(xywh)
    torch.testing.assert_close(xyxy, box_convert(xywh, "xywh", "xyxy"), rtol=0, atol=1e-9)
    torch.testing.assert_close(cxcywh, box_convert(xywh, "xywh", "cxcywh"), rtol=0, atol=1e-9)
    torch.testing.assert_close(xyxy_to_xywh(xyxy), xywh, rtol=0, atol=1e-9)
    torch.testing.assert_close(cxcywh_to_xywh(cxcywh), xywh, rtol=0, atol=1e-9)


def test_conversions_keep_leading_axes_and_dtype() -> None:
    many = torch.rand(2, 3, 4)
    for convert in (xywh_to_xyxy, xyxy_to_xywh, xywh_to_cxcywh, cxcywh_to_xywh):
        assert convert(many).shape == (2, 3, 4)
        assert convert(many).dtype == torch.float32


BAD_BOXES = [
    ([], ShapeError, r"boxes_xywh: expected one box of 4 numbers .* got shape \(0,\)"),
    ([1, 2, 3], ShapeError, r"one box of 4 numbers \(x, y, w, h\).* got shape \(3,\)"),
    ([[1, 2, 3, 4, 5]], ShapeError, r"N >= 1 boxes as \(N, 4\), got shape \(1, 5\)"),
    (np.zeros((0, 4)), ShapeError, r"got shape \(0, 4\)"),
    (torch.ones(2, 2, 4), ShapeError, r"got shape \(2, 2, 4\)"),
    (5.0, ShapeError, r"got shape \(\)"),
    ([[1, 2, 3, 4], [1, 2, 3]], ShapeError, r"the boxes are not all of 4 numbers"),
    (["1", "2", "3", "4"], InvalidArgument, r"expected real numbers x, y, w, h, got list"),
    ("1,2,3,4", InvalidArgument, r"expected real numbers x, y, w, h, got str"),
    (None, InvalidArgument, r"expected real numbers x, y, w, h, got NoneType"),
    ([True, True, True, True], InvalidArgument, r"of dtype bool"),
    (torch.ones(4, dtype=torch.bool), InvalidArgument, r"of dtype bool"),
    (np.ones(4, complex), InvalidArgument, r"of dtype complex128"),
    ([0, 0, float("nan"), 5], InvalidArgument, r"box 0 has a number that is not finite"),
    ([0, float("inf"), 5, 5], InvalidArgument, r"box 0 has a number that is not finite"),
    ([[0, 0, 5, 5], [0, 0, 0, 5]], InvalidArgument, r"box 1 needs width > 0 and height > 0"),
    ([0, 0, 5, 0], InvalidArgument, r"width > 0 and height > 0, got \[0.0, 0.0, 5.0, 0.0\]"),
    ([90, 90, -40, -40], InvalidArgument, r"boxes are x, y, width, height; not two corners"),
]


@pytest.mark.parametrize(("bad", "error", "sentence"), BAD_BOXES)
def test_bad_boxes(bad: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        as_boxes_xywh(bad)


def test_error_calls_the_argument_by_its_name() -> None:
    with pytest.raises(ShapeError, match=r"^--box: expected one box"):
        as_boxes_xywh([1, 2], "--box")
