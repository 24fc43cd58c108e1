"""Colour and blur of pairs: against cv2.filter2D, torchvision and formulas, in any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from siamcorr.config import parse_config
from siamcorr.data.pairs import AugmentationSettings, CropAugmentation, PairBatch, photometric
from siamcorr.data.pairs.photometric import blur_along_axes, colour_offsets
from siamcorr.errors import ConfigError
from siamcorr.opencv import load_cv2

PRESETS = [
    AugmentationSettings.siamrpn(),
    AugmentationSettings.siammask(),
    AugmentationSettings.siamfc(),
]
_EVERYTHING = CropAugmentation(
    brightness=0.3,
    contrast=0.3,
    saturation=0.3,
    hue=0.1,
    colour=0.7,
    gaussian_blur=0.5,
    motion_blur=0.5,
)
EVERYTHING = AugmentationSettings(template=_EVERYTHING, search=_EVERYTHING, grey=0.3)


def batch(pairs: int = 6, template: int = 40, search: int = 72) -> PairBatch:
    """Smooth pictures in 60 ... 195, uint8 as `cut` returns them."""
    generator = torch.Generator().manual_seed(1)

    def pictures(size: int) -> Tensor:
        coarse = torch.rand((pairs, 3, 6, 6), generator=generator) * 135 + 60
        return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear").byte()

    boxes = torch.tensor([[10.0, 10, 20, 20]]).repeat(pairs, 1)
    seeds = torch.arange(pairs) * 7 + 2**40
    return PairBatch(pictures(template), pictures(search), boxes, boxes, boxes[:, 0] > 0, seeds)


def only(**search: float | str) -> AugmentationSettings:
    return AugmentationSettings(search=CropAugmentation(**search))


def test_without_augmentation_the_pixels_stay():
    given = batch()
    for images in (given, given._replace(search=given.search.float())):
        result = photometric(images, AugmentationSettings())
        assert result.search.dtype == torch.float32
        assert torch.equal(result.search, given.search.float())
        assert torch.equal(result.template, given.template.float())


def test_convention_blur_is_the_cross_of_a_row_and_a_column():
    cv2 = load_cv2()
    images = torch.rand(4, 3, 33, 50) * 255
    lengths, weights = torch.tensor([5, 11, 45, 1]), torch.tensor([0.25, 0.8, 0.0, 1.0])
    result = blur_along_axes(images, lengths, weights)
    for image, got, size, w in zip(images, result, lengths.tolist(), weights.tolist(), strict=True):
        kernel = np.zeros((size, size))
        kernel[:, size // 2] += w / size
        kernel[size // 2] += (1 - w) / size
        expected = cv2.filter2D(image.permute(1, 2, 0).numpy(), -1, kernel)
        np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), expected, atol=0.01)


def test_motion_blur_lengths_are_odd_from_5_to_45_and_as_often_as_asked():
    """A single bright row and column: the blur of a column of ones is w + (1 - w) / length."""
    pairs = 800
    line = torch.zeros(pairs, 3, 3, 101)
    line[..., 50] = 1
    base = batch(pairs, template=2, search=2)
    given = base._replace(search=line, seeds=torch.arange(pairs))
    for sizes, share in (("uniform", 0.4), ("normal", 0.4 * 0.6915 / 2)):
        result = photometric(given, only(motion_blur=0.4, motion_blur_sizes=sizes)).search[:, 0, 1]
        lengths = (result > 1e-5).sum(-1)
        touched = (result - line[:, 0, 1]).abs().amax(-1) > 1e-5
        if sizes == "uniform":
            assert set(lengths[touched].tolist()) == set(range(5, 46, 2))
            assert touched.float().mean() == pytest.approx(share, abs=0.03)
        else:  # n in -1/2 ... 1/2 gives length 1, which changes nothing
            assert set(lengths[touched].tolist()) <= {3, 5, 7, 9}
            assert touched.float().mean() == pytest.approx(0.4 * 0.3085 / 2, abs=0.02)


def test_convention_colour_offsets_are_one_for_all_pixels_in_rgb_order():
    # by hand: n = (1, 0, 0) subtracts the first column, red first
    np.testing.assert_allclose(
        colour_offsets(np.eye(3)),
        [
            [0.55919361, -1.72091413, -4.64467907],
            [-0.98062831, -0.19879334, -4.73710203],
            [0.41940627, 1.82968581, -4.88324118],
        ],
    )
    given = batch(400)
    changed = photometric(given, only(colour=1)).search - given.search
    assert changed.flatten(2).std(-1).max() < 1e-4
    offsets = changed[:, :, 0, 0].double().numpy()
    rows = np.array([0.55919361, 1.72091413, 4.64467907]), np.array([0.98062831, 0.19879334])
    deviations = [np.hypot(np.hypot(rows[0][0], rows[1][0]), 0.41940627)]
    deviations.append(np.sqrt(1.72091413**2 + 0.19879334**2 + 1.82968581**2))
    deviations.append(np.sqrt(4.64467907**2 + 4.73710203**2 + 4.88324118**2))
    np.testing.assert_allclose(offsets.std(0), deviations, rtol=0.12)
    assert photometric(given, only(colour=0.25)).search.ne(given.search).flatten(1).any(
        1
    ).float().mean() == pytest.approx(0.25, abs=0.07)


def test_convention_pixels_are_not_clipped():
    dark = batch(50)._replace(search=torch.zeros(50, 3, 8, 8, dtype=torch.uint8))
    assert photometric(dark, only(colour=1)).search.min() < -1


def test_grey_takes_both_crops_or_neither():
    given = batch(300)
    result = photometric(given, AugmentationSettings(grey=0.3))
    greys = [
        (images[:, 0] - images[:, 2]).abs().flatten(1).amax(1) < 1e-3
        for images in (result.template, result.search)
    ]
    assert torch.equal(*greys)
    assert greys[0].float().mean() == pytest.approx(0.3, abs=0.08)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    first = int(greys[0].nonzero()[0, 0])
    expected = (given.search[first] * weights).sum(0)
    torch.testing.assert_close(result.search[first, 0], expected, atol=0.05, rtol=0)


def test_jitter_and_gaussian_blur_equal_torchvision_on_single_images():
    """The factors are recovered from the picture and put through torchvision's own transform."""
    from torchvision.transforms.v2 import functional as tv

    given = batch(20)
    bright = photometric(given, only(brightness=0.25)).search
    factors = bright.flatten(1).sum(1) / given.search.flatten(1).sum(1)
    assert factors.min() > 0.75
    assert factors.max() < 1.25
    assert factors.std() > 0.08
    for image, got, factor in zip(given.search, bright, factors.tolist(), strict=True):
        expected = tv.adjust_brightness(image / 255, factor) * 255
        torch.testing.assert_close(got, expected, atol=0.01, rtol=1e-4)
    exact = AugmentationSettings(
        search=CropAugmentation(gaussian_blur=1, gaussian_sigma=(1.5, 1.5))
    )
    expected = tv.gaussian_blur(given.search.float(), [11, 11], [1.5, 1.5])
    torch.testing.assert_close(photometric(given, exact).search, expected)


@pytest.mark.parametrize("settings", [EVERYTHING, *PRESETS])
def test_a_pair_does_not_depend_on_its_batch(settings):
    given = batch(6)
    together = photometric(given, settings)
    for i in range(6):
        alone = photometric(PairBatch(*(x[i : i + 1] for x in given[:6])), settings)
        assert torch.equal(alone.search[0], together.search[i])
        assert torch.equal(alone.template[0], together.template[i])
    order = torch.tensor([5, 0, 3])
    picked = photometric(PairBatch(*(x[order] for x in given[:6])), settings)
    assert torch.equal(picked.search, together.search[order])


def test_pairs_differ_and_the_input_stays():
    given = batch(6)
    same = given._replace(search=given.search[:1].repeat(6, 1, 1, 1))
    before = same.search.clone()
    result = photometric(same, EVERYTHING).search
    assert torch.equal(same.search, before)
    differences = (result[:, None] - result[None]).abs().flatten(2).amax(2)
    assert (differences + torch.eye(6) > 0.1).all()


def test_one_setting_leaves_the_draws_of_the_others():
    given = batch(6)
    colour = photometric(given, only(colour=1)).search
    both = photometric(given, only(colour=1, motion_blur=0.5)).search
    same = (colour == both).flatten(1).all(1)
    assert same.any()
    assert not same.all()


def test_presets_hold_the_constants_of_the_recipes():
    rpn, mask, fc = PRESETS
    for recipe in (rpn, mask):
        assert (recipe.template.shift, recipe.search.shift) == (4, 64)
        assert (recipe.template.scale, recipe.search.scale) == (0.05, 0.18)
        assert (recipe.template.colour, recipe.search.colour) == (1, 1)
        assert recipe.template.motion_blur == 0
    assert (rpn.search.motion_blur, mask.search.motion_blur) == (0.2, 0.18)
    assert (rpn.grey, mask.grey) == (0, 0.25)
    # 247 of 255 cut to 239 leaves 8 pixels to move in
    assert (fc.template.shift, fc.search.shift, fc.search.scale) == (4, 4, 0.05)
    assert fc.search.isotropic
    assert not fc.changes_colours


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"search": {"blurr": 1}}, "unknown key 'search.blurr'"),
        ({"search": {"flip": 1.5}}, "search.flip"),
        ({"search": {"scale": 1}}, "search.scale"),
        ({"template": {"gaussian_sigma": [2, 1]}}, "gaussian_sigma must be two numbers"),
        ({"border": "white"}, "border"),
    ],
)
def test_bad_settings_are_refused_by_name(content, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_config(content, AugmentationSettings, "test")
