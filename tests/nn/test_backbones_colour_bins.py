"""Colour bins, grey and the joint features: against loops in NumPy and colours worked by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from siamcorr.errors import InvalidArgument, ShapeError, UnknownName
from siamcorr.nn.backbones import BACKBONES, ColourBins, FilterFeatures, Grey, Hog
from siamcorr.nn.backbones.grey import is_grey

Array = npt.NDArray[np.float64]


def noise(batch: int, height: int, width: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height + width)
    return torch.randint(0, 256, (batch, 3, height, width), generator=generator).to(dtype)


def flat(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb, dtype=torch.float64)[None, :, None, None].expand(1, 3, 4, 4)


def triangle(distance: float) -> float:
    return max(0.0, 1 - abs(distance))


def twin_colour(red: float, green: float, blue: float) -> list[float]:
    """11 channels of one colour in a colour video."""
    hue = 6 / (2 * math.pi) * math.atan2(math.sqrt(3) * (green - blue), 2 * red - green - blue)
    hue %= 6
    largest, smallest, mean = max(red, green, blue), min(red, green, blue), (red + green + blue) / 3
    saturation = (largest - smallest) / (largest + 20)
    around = [min(abs(hue - k), 6 - abs(hue - k)) for k in range(6)]
    hues = [triangle(distance) * saturation for distance in around]
    pale = [triangle(4 * mean / 255 - k) * (1 - saturation) for k in range(5)]
    return [value - 1 / 11 for value in hues + pale]


def twin_grey(red: float, green: float, blue: float) -> list[float]:
    """11 channels of one colour in a grey video."""
    mean = (red + green + blue) / 3
    return [triangle(8 * mean / 255 - k) - 1 / 9 for k in range(9)] + [0, 0]


def twin_cells(image: Array) -> Array:
    """Cell means (3, H/4, W/4) of (3, H, W), loop by loop."""
    rows, columns = image.shape[1] // 4, image.shape[2] // 4
    means = np.zeros((3, rows, columns))
    for i in range(rows):
        for j in range(columns):
            means[:, i, j] = image[:, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].mean((1, 2))
    return means


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_equals_the_loops(dtype: torch.dtype, tolerance: float) -> None:
    image = noise(3, 16, 28)
    image[2, :, :8] = image[2, :1, :8]  # some cells without colour, where the hue is undefined
    grey = torch.tensor([False, True, False])
    features = ColourBins()(image.to(dtype), grey)
    assert features.dtype == dtype
    for crop, is_grey_crop, values in zip(image, grey, features, strict=True):
        twin = twin_grey if is_grey_crop else twin_colour
        colours = twin_cells(crop.numpy())
        expected = np.array([[twin(*rgb) for rgb in row] for row in colours.transpose(1, 2, 0)])
        expected = expected.transpose(2, 0, 1)
        np.testing.assert_allclose(values.numpy(), expected, rtol=0, atol=tolerance)


def test_without_the_word_grey_every_crop_is_colour() -> None:
    image = noise(2, 8, 8)
    assert torch.equal(ColourBins()(image), ColourBins()(image, torch.tensor([False, False])))


@pytest.mark.parametrize(
    ("rgb", "hue_bins"),
    [
        ((255, 0, 0), {0: 1}),
        ((255, 255, 0), {1: 1}),
        ((0, 255, 0), {2: 1}),
        ((0, 255, 255), {3: 1}),
        ((0, 0, 255), {4: 1}),
        ((255, 0, 255), {5: 1}),
    ],
)
def test_pure_colours_by_hand(rgb: tuple[int, int, int], hue_bins: dict[int, float]) -> None:
    """Saturation 255/275; one third or two thirds of full intensity, 4 * 85/255 = 4/3."""
    values = ColourBins()(flat(*rgb))[0, :, 0, 0] + 1 / 11
    saturation = 255 / 275
    expected = torch.zeros(11, dtype=torch.float64)
    for bin_index, share in hue_bins.items():
        expected[bin_index] = share * saturation
    position = 4 * sum(rgb) / 3 / 255
    expected[6 + int(position)] = (1 - position % 1) * (1 - saturation)
    expected[7 + int(position)] = position % 1 * (1 - saturation)
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-12)


def test_shades_by_hand() -> None:
    """Black and white are the outer intensity bins; 3/16 of white stands between bins 0 and 1."""
    for level, expected in ((0, [1, 0, 0, 0, 0]), (255, [0, 0, 0, 0, 1])):
        bins = ColourBins()(flat(level, level, level))[0, :, 0, 0] + 1 / 11
        assert bins.tolist() == pytest.approx([0] * 6 + expected, abs=1e-12)
    level = 255 * 3 / 16
    bins = ColourBins()(flat(level, level, level), torch.tensor([True]))[0, :9, 0, 0] + 1 / 9
    assert bins.tolist() == pytest.approx([0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], abs=1e-12)


def test_colour_bins_share_out_one() -> None:
    values = ColourBins()(noise(2, 24, 24))
    torch.testing.assert_close(values.sum(1), torch.zeros(2, 6, 6).double(), rtol=0, atol=1e-12)


def test_convention_grey_is_the_callers_word_per_crop() -> None:
    """A grey crop of a colour video keeps the colour channels, and no neighbour changes it."""
    wall = flat(90, 90, 90)
    colour, grey = ColourBins()(wall), ColourBins()(wall, torch.tensor([True]))
    mixed = ColourBins()(torch.cat((wall, wall)), torch.tensor([True, False]))
    assert torch.equal(mixed, torch.cat((grey, colour)))
    assert not torch.equal(grey, colour)
    assert grey[0, 9:].abs().max() == 0


def test_grey_level_by_hand() -> None:
    assert Grey()(flat(100, 50, 200)).item() == pytest.approx(
        (0.299 * 100 + 0.587 * 50 + 0.114 * 200) / 255 - 0.5
    )
    image = noise(1, 8, 12)
    luma = np.tensordot([0.299, 0.587, 0.114], twin_cells(image[0].numpy()), axes=1)
    np.testing.assert_allclose(Grey()(image)[0, 0].numpy(), luma / 255 - 0.5, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("red", "blue", "grey"), [(100, 100, True), (101, 100, True), (102, 100, False)]
)
def test_is_grey_at_its_limit(red: int, blue: int, grey: bool) -> None:
    """Green equals blue: the sum of both means is |B - R|."""
    frame = np.full((6, 8, 3), 100, dtype=np.uint8)
    frame[..., 0], frame[..., 2] = red, blue
    assert is_grey(frame) is grey
    assert is_grey(frame, tolerance=2.0)


def test_is_grey_does_not_wrap_around() -> None:
    frame = np.zeros((4, 4, 3), dtype=np.uint8)
    frame[..., 0] = 255  # 0 - 255 is 1 in uint8
    assert not is_grey(frame, tolerance=100)


@pytest.mark.parametrize("count", [1, 13])  # 13 crops are several passes on CPU
def test_joint_features_are_the_three_side_by_side(count: int) -> None:
    image = noise(count, 160, 100, torch.float32)
    grey = torch.arange(count) % 2 == 0
    expected = torch.cat((Hog()(image), Grey()(image), ColourBins()(image, grey)), dim=1)
    features = FilterFeatures()(image, grey)
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-6)
    assert FilterFeatures().out_channels == features.shape[1] == 43


@pytest.mark.parametrize("side", [112, 144, 160, 176])
def test_convention_a_crops_features_do_not_depend_on_its_place_in_the_batch(side: int) -> None:
    images = noise(9, side, side, torch.float32)
    together = FilterFeatures()(images)
    for image, features in zip(images, together, strict=True):
        assert torch.equal(FilterFeatures()(image[None])[0], features)


def test_parts_choose_the_channels_and_their_order() -> None:
    image = noise(1, 16, 16, torch.float32)
    network = FilterFeatures(("grey", "hog"))
    assert network.out_channels == 32
    torch.testing.assert_close(
        network(image), torch.cat((Grey()(image), Hog()(image)), dim=1), rtol=0, atol=1e-6
    )
    assert FilterFeatures()(torch.zeros(0, 3, 16, 16)).shape == (0, 43, 4, 4)


def test_bad_arguments() -> None:
    with pytest.raises(UnknownName, match="no part 'hogg'; did you mean 'hog'"):
        FilterFeatures(["hogg"])
    with pytest.raises(InvalidArgument, match="distinct names"):
        FilterFeatures(["hog", "hog"])
    with pytest.raises(InvalidArgument, match="distinct names"):
        FilterFeatures([])
    with pytest.raises(ShapeError, match=r"grey must be \(B,\) = \(1,\), got \(2,\)"):
        ColourBins()(flat(0, 0, 0), torch.tensor([True, False]))
    with pytest.raises(ShapeError, match="FilterFeatures: image must be"):
        FilterFeatures()(torch.zeros(1, 1, 16, 16))


@pytest.mark.parametrize("name", ["grey", "colour_bins", "filter_features"])
def test_nothing_is_trained_and_nothing_is_stored(name: str) -> None:
    network = BACKBONES[name]()
    assert list(network.parameters()) == []
    assert network.state_dict() == {}
    out_channels = {"grey": 1, "colour_bins": 11, "filter_features": 43}[name]
    assert network(torch.zeros(2, 3, 8, 12)).shape == (2, out_channels, 2, 3)
