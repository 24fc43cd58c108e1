"""Every ingredient of rendered pairs can be turned off, and does what it says where it is on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs import SyntheticPairs, SyntheticPairSettings

COUNT = 12
SHAPE = PairShape(template_size=63, search_size=127)
CLEAN: dict[str, dict[str, Any]] = {
    "objects": {"shadow": 0, "part_of_body": 0},
    "distractors": {"count": 0},
    "negatives": {"share": 0},
    "occlusion": {"search": 0, "template": 0},
    "optics": {"motion": 0, "defocus": 0},
    "sensor": dict.fromkeys(("small", "noise", "jpeg", "grey", "gradient", "gamma", "cast"), 0),
}


def render(**changes: dict[str, Any]) -> PairBatch:
    merged = {key: CLEAN.get(key, {}) | changes.get(key, {}) for key in CLEAN | changes}
    settings = SyntheticPairSettings.model_validate(merged)
    source = SyntheticPairs(settings, SHAPE, pairs=100, seed=21)
    return source.batch(0, range(COUNT), torch.device("cpu"))


@pytest.fixture(scope="module")
def clean() -> PairBatch:
    return render()


def changed(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Share of changed pixels of each picture."""
    return (one != other).any(1).flatten(1).float().mean(1)


def roughness(images: torch.Tensor) -> torch.Tensor:
    """Mean difference of neighbours of each picture."""
    return images.diff(dim=3).abs().mean((1, 2, 3))


@pytest.mark.parametrize(
    "change",
    [
        {"optics": {"motion": 1}},
        {"optics": {"defocus": 1}},
        {"sensor": {"small": 1}},
        {"sensor": {"noise": 1}},
        {"sensor": {"jpeg": 1}},
        {"sensor": {"grey": 1}},
        {"sensor": {"gradient": 0.5}},
        {"sensor": {"gamma": 0.5}},
        {"sensor": {"cast": 0.3}},
        {"background": {"leaves": 0}},
        {"background": {"detail": 0}},
        {"occlusion": {"search": 1, "template": 1}},
        {"objects": {"shadow": 1}},
        {"objects": {"shading": 0}},
        {"distractors": {"count": 2, "probability": 1}},
    ],
    ids=str,
)
def test_convention_an_ingredient_changes_pictures_and_leaves_the_boxes(
    clean: PairBatch, change: dict[str, dict[str, float]]
) -> None:
    other = render(**change)
    assert torch.equal(other.boxes_xywh, clean.boxes_xywh)
    assert torch.equal(other.template_boxes_xywh, clean.template_boxes_xywh)
    assert torch.equal(other.seeds, clean.seeds)
    assert (changed(other.search, clean.search) > 0).float().mean() > 0.7


def test_blur_smooths_and_noise_roughens(clean: PairBatch) -> None:
    for smoother in ({"motion": 1, "of_target": 0, "length_px": 12}, {"defocus": 1, "sigma_px": 3}):
        ratio = roughness(render(optics=smoother).search) / roughness(clean.search)
        assert ratio.max() < 1.01
        assert ratio.mean() < 0.8
    coarse = roughness(render(sensor={"small": 1}).search) / roughness(clean.search)
    assert coarse.max() < 1
    rough = roughness(render(sensor={"noise": 1, "noise_level": 30}).search)
    assert (rough > roughness(clean.search)).float().mean() > 0.9


def test_motion_of_the_target_blurs_nothing_else(clean: PairBatch) -> None:
    blurred = render(optics={"motion": 1, "of_target": 1})
    assert clean.masks is not None
    far = ~torch.nn.functional.max_pool2d(clean.masks.float(), 15, 1, 7).bool()
    same = (blurred.search == clean.search).all(1)
    assert same[far].all()
    assert not same[clean.masks].all()


def test_grey_videos_have_no_colours(clean: PairBatch) -> None:
    grey = render(sensor={"grey": 1, "noise": 1})
    for images in (grey.template, grey.search):
        assert torch.equal(images[:, 0], images[:, 1])
        assert torch.equal(images[:, 0], images[:, 2])
    assert (clean.search[:, 0] != clean.search[:, 2]).float().mean() > 0.5


def test_compression_loses_more_at_low_quality(clean: PairBatch) -> None:
    def loss(quality: int) -> float:
        packed = render(sensor={"jpeg": 1, "worst_quality": quality})
        return (packed.search - clean.search).abs().mean().item()

    assert loss(1) > 1.3 * loss(90) > 0


def test_occlusion_hides_part_of_the_target(clean: PairBatch) -> None:
    hidden = render(occlusion={"search": 1})
    assert clean.masks is not None
    assert hidden.masks is not None
    assert not (hidden.masks & ~clean.masks).any()
    seen = hidden.masks.flatten(1).sum(1) / clean.masks.flatten(1).sum(1)
    assert 0.3 < seen.mean() < 0.95
    assert torch.equal(hidden.template, clean.template)


def test_without_change_target_and_background_stay() -> None:
    still = {
        "scale": 0, "stretch": 0, "rotation_deg": 0, "pose": 0,
        "slide": 0, "light": 0, "colour": 0, "shift": 0,
    }  # fmt: skip
    fixed = {"parallax": 0, "zoom": 0, "rotation_deg": 0, "replaced": 0, "leaves": 0, "objects": 0}
    objects = {"box_jitter": 0}
    batch = render(change=still, background=fixed, objects=objects)
    middle = batch.search[:, :, 32:95, 32:95]  # the crops are 63 and 127 pixels wide
    assert (batch.template - middle).abs().mean() < 0.5
    shifted = render(change=still | {"shift": 0.2}, background=fixed, objects=objects)
    off = shifted.boxes_xywh[:, :2] + shifted.boxes_xywh[:, 2:] / 2 - 63.5
    assert 0.15 * 127 < off.abs().max() <= 0.2 * 127 + 1e-3


def test_strength_of_each_change() -> None:
    def sizes(**change: float) -> torch.Tensor:
        none = {"scale": 0, "stretch": 0, "rotation_deg": 0, "pose": 0}
        batch = render(change=none | change)
        return (batch.boxes_xywh[:, 2:] / batch.template_boxes_xywh[:, 2:]).log()

    scale = sizes(scale=0.4)
    torch.testing.assert_close(scale[:, 0], scale[:, 1], atol=1e-4, rtol=0)
    assert 0.1 < scale.abs().max() <= 0.4
    stretch = sizes(stretch=0.3)
    torch.testing.assert_close(stretch[:, 0], -stretch[:, 1], atol=1e-4, rtol=0)
    assert stretch.abs().max() > 0.1
    for name, value in (("rotation_deg", 40.0), ("pose", 1.0)):
        assert sizes(**{name: value}).abs().max() > 0.05


def test_one_part_or_several() -> None:
    def filled(articulated: float) -> torch.Tensor:
        batch = render(objects={"articulated": articulated})
        assert batch.masks is not None
        return batch.masks.flatten(1).sum(1) / batch.boxes_xywh[:, 2:].prod(1)

    assert filled(0.0).mean() > 1.15 * filled(1.0).mean()  # limbs leave more of the box free


def test_another_place_behind_the_target() -> None:
    here = render(background={"replaced": 0})
    elsewhere = render(background={"replaced": 1})
    assert torch.equal(here.boxes_xywh, elsewhere.boxes_xywh)
    assert (changed(here.template, elsewhere.template) > 0.1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"objects": {"articulated": 1.2}},
        {"change": {"shift": 0.6}},
        {"background": {"leaves": -1}},
        {"sensor": {"worst_quality": 0}},
        {"optics": {"sigma_px": float("nan")}},
        {"texture": {}},
    ],
    ids=str,
)
def test_settings_out_of_range_or_unknown_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SyntheticPairSettings.model_validate(wrong)
