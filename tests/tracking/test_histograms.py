"""Colour-histogram response: against loops in NumPy and maps worked by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.tracking.histograms import (
    BINS,
    ColourHistograms,
    blend_histograms,
    box_response,
    colour_index,
    colour_likelihood,
    foreground_probability,
    observe_histograms,
)

Array = npt.NDArray[np.float64]


def noise_crops(count: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    shape = (count, height, width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def twin_histogram(crop: npt.NDArray[np.uint8], box: Array, *, foreground: bool) -> Array:
    """One crop, pixel by pixel."""
    counts = np.zeros(BINS)
    height, width = crop.shape[:2]
    for y in range(height):
        for x in range(width):
            dy, dx = abs(y + 0.5 - height / 2), abs(x + 0.5 - width / 2)
            factor = 0.8 if foreground else 1.1
            inside = dy <= factor * box[0] / 2 and dx <= factor * box[1] / 2
            red, green, blue = (int(value) // 16 for value in crop[y, x])
            counts[256 * red + 16 * green + blue] += inside == foreground
    return counts / max(counts.sum(), 1)


def twin_response(likelihood: Array, box: tuple[float, float], stride: int) -> Array:
    """Mean in the displaced box, from the covered part of each pixel."""
    height, width = likelihood.shape
    rows, columns = height // stride, width // stride
    response = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            y = height / 2 + (i - rows // 2) * stride
            x = width / 2 + (j - columns // 2) * stride
            for v in range(height):
                for u in range(width):
                    tall = min(v + 1, y + box[0] / 2) - max(v, y - box[0] / 2)
                    wide = min(u + 1, x + box[1] / 2) - max(u, x - box[1] / 2)
                    response[i, j] += max(tall, 0) * max(wide, 0) * likelihood[v, u]
    return response / (box[0] * box[1])


def test_index_by_hand() -> None:
    colours = torch.tensor([[[[0, 0, 0], [255, 255, 255], [16, 15, 33]]]], dtype=torch.uint8)
    assert colour_index(colours).tolist() == [[[0, 4095, 258]]]
    crops = noise_crops(2, 5, 6)
    red, green, blue = (crops.numpy().astype(int) // 16).transpose(3, 0, 1, 2)
    np.testing.assert_array_equal(colour_index(crops).numpy(), red * 256 + green * 16 + blue)


def test_histograms_equal_the_loops() -> None:
    crops = noise_crops(3, 20, 24) // 64 * 64  # few colours, so that bins hold several pixels
    boxes = torch.tensor([[10.0, 8.5], [5.3, 20.0], [19.0, 24.0]], dtype=torch.float64)
    observed = observe_histograms(colour_index(crops), boxes)
    for i in range(3):
        for histogram, foreground in zip(observed, (True, False), strict=True):
            expected = twin_histogram(crops[i].numpy(), boxes[i].numpy(), foreground=foreground)
            np.testing.assert_allclose(histogram[i].numpy(), expected, rtol=0, atol=1e-6)


def test_a_box_without_a_pixel_gives_an_empty_histogram() -> None:
    """Pixel centres of an even crop lie half a pixel off the middle; 0.8 of a box of 1 is less."""
    observed = observe_histograms(colour_index(noise_crops(1, 8, 8)), torch.tensor([[1.0, 1.0]]))
    assert observed.foreground.abs().max() == 0
    assert observed.background.sum().item() == pytest.approx(1)


def test_blend_by_hand() -> None:
    old = ColourHistograms(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]]))
    new = ColourHistograms(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 1.0]]))
    blended = blend_histograms(old, new, 0.04)
    assert blended.foreground.tolist() == [pytest.approx([0.96, 0.04])]
    assert blended.background.tolist() == [pytest.approx([0.48, 0.52])]


def test_probability_by_hand() -> None:
    histograms = ColourHistograms(
        torch.tensor([[0.3, 0.0, 0.2, 0.0, 1e-6]]), torch.tensor([[0.1, 0.2, 0.0, 0.0, 0.0]])
    )
    expected = [0.3 / 0.400001, 0, 0.2 / 0.200001, 0.5, 0.5]
    assert foreground_probability(histograms).tolist() == [pytest.approx(expected)]


def test_likelihood_is_looked_up_in_the_targets_own_table() -> None:
    tables = torch.rand(2, BINS, generator=torch.Generator().manual_seed(0))
    index = colour_index(noise_crops(6, 4, 8)).view(2, 3, 4, 8)
    likelihood = colour_likelihood(tables, index)
    for n in range(2):
        expected = tables[n].numpy()[index[n].numpy()]
        np.testing.assert_array_equal(likelihood[n].numpy(), expected)


@given(st.floats(0.5, 40), st.floats(0.5, 40), st.sampled_from([(16, 24), (20, 12)]))
@settings(max_examples=30, deadline=None)
def test_response_equals_the_loops(tall: float, wide: float, shape: tuple[int, int]) -> None:
    likelihood = torch.rand(1, 2, *shape, dtype=torch.float64)
    box = torch.tensor([[tall, wide]], dtype=torch.float64)
    response = box_response(likelihood, box, 4)[0]
    for s in range(2):
        expected = twin_response(likelihood[0, s].numpy(), (tall, wide), 4)
        np.testing.assert_allclose(response[s].numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("cells", [10, 9])
def test_convention_no_displacement_stands_where_fftshift_puts_the_origin(cells: int) -> None:
    """A target two cells up and one to the right of the middle of the crop."""
    side = 4 * cells
    likelihood = torch.zeros(1, 1, side, side)
    top, left = side // 2 - 4 - 8, side // 2 - 6 + 4
    likelihood[..., top : top + 8, left : left + 12] = 1
    response = box_response(likelihood, torch.tensor([[8.0, 12.0]]), 4)[0, 0]
    origin = int(torch.fft.fftshift(torch.fft.fftfreq(cells)).abs().argmin())
    assert divmod(int(response.argmax()), cells) == (origin - 2, origin + 1)
    assert response.max().item() == pytest.approx(1)


def test_beyond_the_crop_counts_as_zero() -> None:
    """The box of a displacement of half the crop lies half outside."""
    response = box_response(torch.ones(1, 1, 32, 32), torch.tensor([[8.0, 8.0]]), 4)[0, 0]
    assert response[4, 4].item() == pytest.approx(1)
    assert response[0, 4].item() == pytest.approx(0.5)
    assert response[0, 0].item() == pytest.approx(0.25)


def test_a_target_does_not_depend_on_its_batch() -> None:
    crops = noise_crops(12, 32, 32).view(4, 3, 32, 32, 3) // 32 * 32
    boxes = torch.tensor([[8.0, 6.0], [20.0, 10.5], [4.0, 30.0], [12.0, 12.0]])

    def respond(crops: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        index = colour_index(crops)
        probability = foreground_probability(observe_histograms(index[:, 1], boxes))
        return box_response(colour_likelihood(probability, index), boxes, 4)

    together = respond(crops, boxes)
    assert together.shape == (4, 3, 8, 8)
    for i in range(4):
        alone = respond(crops[i : i + 1], boxes[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-6)


def test_the_target_stands_out_where_its_colour_is_its_own() -> None:
    """A red box on blue, learned in the middle and found two cells to the left."""
    crops = torch.zeros(1, 2, 64, 64, 3, dtype=torch.uint8)
    crops[..., 2] = 200
    for scale, left in ((0, 24), (1, 16)):
        crops[0, scale, 24:40, left : left + 16] = torch.tensor([220, 0, 0], dtype=torch.uint8)
    index, box = colour_index(crops), torch.tensor([[16.0, 16.0]])
    probability = foreground_probability(observe_histograms(index[:, 0], box))
    response = box_response(colour_likelihood(probability, index), box, 4)[0, 1]
    assert divmod(int(response.argmax()), 16) == (8, 6)


def test_bad_arguments() -> None:
    with pytest.raises(InvalidArgument, match="must be uint8, got torch"):
        colour_index(torch.zeros(4, 4, 3))
    with pytest.raises(ShapeError, match=r"crops must be \(..., H, W, 3\)"):
        colour_index(torch.zeros(3, 4, 4).byte())
    index = torch.zeros(2, 8, 8, dtype=torch.int64)
    with pytest.raises(ShapeError, match=r"box_hw must be \(N, 2\) = \(2, 2\), got \(1, 2\)"):
        observe_histograms(index, torch.ones(1, 2))
    with pytest.raises(InvalidArgument, match=r"inner 1\.2 must not be larger than outer 1\.1"):
        observe_histograms(torch.zeros(1, 8, 8, dtype=torch.int64), torch.ones(1, 2), inner=1.2)
    with pytest.raises(ShapeError, match=r"index must be \(N, H, W\)"):
        observe_histograms(index[None], torch.ones(1, 2))
    with pytest.raises(ShapeError, match="colour_likelihood"):
        colour_likelihood(torch.ones(3, BINS), index[:, None])
    with pytest.raises(ShapeError, match="whole cells of 4 pixels"):
        box_response(torch.ones(1, 1, 10, 8), torch.ones(1, 2), 4)
    with pytest.raises(ShapeError, match="box_response: box_hw"):
        box_response(torch.ones(1, 1, 8, 8), torch.ones(2, 2), 4)
