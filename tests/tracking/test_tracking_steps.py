"""Steps of the scale-pyramid trackers against OpenCV, NumPy and hand-worked numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.geometry import hann_window_2d
from siamcorr.tracking import steps


def test_index_centre_by_hand() -> None:
    """Pixels 10 ... 14 and 20 ... 22: the middle pixels are 12 and 21."""
    centres_yx, sizes_hw = steps.index_centres(torch.tensor([[10.0, 20.0, 5.0, 3.0]]))
    assert centres_yx.tolist() == [[21, 12]]
    assert sizes_hw.tolist() == [[3, 5]]


@given(st.lists(st.tuples(*[st.floats(-500, 500)] * 2, *[st.floats(0.1, 500)] * 2), min_size=1))
def test_index_centres_lead_back_to_the_boxes(values: list[tuple[float, ...]]) -> None:
    boxes = torch.tensor(values, dtype=torch.float64)
    there_and_back = steps.boxes_from_index_centres(*steps.index_centres(boxes))
    torch.testing.assert_close(there_and_back, boxes, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("centre", "side", "corner"),
    [
        (10.0, 5.0, 8),
        (10.0, 4.0, 8),
        (11.0, 4.0, 10),
        (10.25, 4.0, 9),
        (10.0, 4.5, 8),
        (10, 5.5, 8),
    ],
)
def test_squares_are_rounded_half_to_even(centre: float, side: float, corner: int) -> None:
    """10 - 1.5 = 8.5 -> 8, 11 - 1.5 = 9.5 -> 10; sides 4.5 -> 4 and 5.5 -> 6 (10 - 2.5 -> 8)."""
    frame = np.arange(40, dtype=np.uint8)[None, :, None].repeat(40, 0).repeat(3, 2)
    whole = round(side)
    crop = steps.crop_around(
        frame,
        torch.tensor([[centre, centre]]),
        torch.tensor([[side]], dtype=torch.float64),
        torch.zeros(1, 3, dtype=torch.uint8),
        whole,
    )
    assert crop[0, 0, :, 0].tolist() == list(range(corner, corner + whole))


def test_crops_come_target_by_target() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    centres = torch.tensor([[20.0, 20.0], [30.0, 10.0]])
    sides = torch.tensor([[5.0, 7.0, 9.0], [6.0, 8.0, 10.0]], dtype=torch.float64)
    colours = torch.zeros(2, 3, dtype=torch.uint8)
    together = steps.crop_around(frame, centres, sides, colours, 11)
    assert together.shape == (6, 11, 11, 3)
    for i in range(2):
        for j in range(3):
            alone = steps.crop_around(
                frame, centres[i : i + 1], sides[i : i + 1, j : j + 1], colours[:1], 11
            )
            assert torch.equal(together[3 * i + j], alone[0])


@pytest.mark.parametrize("side", [0.0, 0.2, 1e9])
def test_sides_are_cut_at_one_pixel_and_at_the_largest_crop(
    side: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MAX_CROP_SIDE", 60)
    frame = np.full((20, 20, 3), 7, np.uint8)
    crop = steps.crop_around(
        frame,
        torch.tensor([[10.0, 10.0]]),
        torch.tensor([[side]], dtype=torch.float64),
        torch.zeros(1, 3, dtype=torch.uint8),
        60,
    )
    inside = int((crop == 7).all(-1).sum())
    assert inside == (3600 if side < 1 else 400)


@pytest.mark.parametrize(("size", "factor"), [(17, 16), (33, 8), (5, 3)])
def test_upsampling_equals_opencv_bicubic(size: int, factor: int) -> None:
    responses = torch.rand(2, 3, size, size) * 20 - 5
    upsampled = steps.upsample(responses, factor)
    for n, s in np.ndindex(2, 3):
        expected = cv2.resize(
            responses[n, s].numpy(), (size * factor,) * 2, interpolation=cv2.INTER_CUBIC
        )
        np.testing.assert_allclose(upsampled[n, s].numpy(), expected, rtol=0, atol=1e-4)


def test_outer_scales_are_penalised() -> None:
    responses = torch.ones(2, 3, 1, 1)
    responses[1] = -2
    penalised = steps.penalise_scales(responses, 0.5).flatten(1)
    assert penalised.tolist() == [[0.5, 1, 0.5], [-1, -2, -1]]
    assert steps.penalise_scales(torch.ones(1, 5, 1, 1), 0.5).flatten().tolist() == [
        *(0.5, 0.5, 1, 0.5, 0.5)
    ]


def test_window_is_mixed_as_defined() -> None:
    response = torch.rand(3, 9, 9) * 7 - 2
    window = hann_window_2d(9) / hann_window_2d(9).sum()
    mixed = steps.mix_window(response, window, 0.176)
    assert mixed.dtype == torch.float64
    for n in range(3):
        r = response[n].numpy().astype(np.float64)
        r = (r - r.min()) / (r - r.min()).sum()
        expected = 0.824 * r + 0.176 * np.outer(np.hanning(9), np.hanning(9)) / 16
        np.testing.assert_allclose(mixed[n].numpy(), expected, rtol=1e-12)


def test_a_flat_response_leaves_the_window() -> None:
    window = hann_window_2d(9) / hann_window_2d(9).sum()
    mixed = steps.mix_window(torch.full((1, 9, 9), 3.0), window, 0.25)
    torch.testing.assert_close(mixed[0], 0.25 * window)


def test_first_of_equal_peaks_is_taken() -> None:
    response = torch.zeros(2, 3, 4)
    response[0, 1, 2] = response[0, 2, 0] = 5
    assert steps.first_peak(response).tolist() == [[1, 2], [0, 0]]
