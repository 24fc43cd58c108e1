"""Random recipes: repeatable, within their settings, and drawable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.config import parse_config
from siamcorr.data.synthetic import RandomScenes, Recipe, SyntheticSequence, random_recipe
from siamcorr.errors import ConfigError, InvalidArgument

SMALL = RandomScenes(width=96, height=80, frames=20, size=(20, 40), key_interval=8)


def test_the_same_seed_gives_the_same_scene_and_another_seed_another() -> None:
    assert random_recipe(11) == random_recipe(11)
    assert random_recipe(11).objects != random_recipe(12).objects


def test_a_random_recipe_can_be_written_down() -> None:
    for seed in range(20):
        recipe = random_recipe(seed)
        assert parse_config(recipe.model_dump(mode="json"), Recipe, "written") == recipe


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**63 - 1))
def test_any_seed_gives_a_recipe_within_the_settings(seed: int) -> None:
    scenes = RandomScenes(targets=(2, 3), look_alikes=(1, 1), occluders=(0, 2), gain=(0.8, 1.1))
    recipe = random_recipe(seed, scenes)
    targets = [item for item in recipe.objects if item.target]
    assert 2 <= len(targets) <= 3
    assert sum(item.like is not None for item in recipe.objects) == 1
    frames = np.arange(recipe.frames, dtype=float)
    gain = recipe.light.gain.at(frames)
    assert gain.min() >= 0.8
    assert gain.max() <= 1.1
    for item in recipe.objects:
        velocity = np.hypot(np.diff(item.x.at(frames)), np.diff(item.y.at(frames)))
        assert velocity.max() <= scenes.speed
        assert item.scale.at(frames).min() >= scenes.scale[0]
        assert item.scale.at(frames).max() <= scenes.scale[1]


def test_scenes_are_drawn_and_differ() -> None:
    means = []
    for seed in range(12):
        sequence = SyntheticSequence(random_recipe(seed, SMALL))
        sample = sequence.sample(10)
        assert sample.image.shape == (80, 96, 3)
        assert sample.image.std() > 3
        assert (sample.boxes_xywh[:, 2:] >= 8).all()
        assert ((sample.visible >= 0) & (sample.visible <= 1)).all()
        means.append(sample.image.mean((0, 1)))
    assert np.std(means, axis=0).min() > 10


def test_all_shapes_and_textures_occur() -> None:
    recipes = [random_recipe(seed) for seed in range(60)]
    items = [item for recipe in recipes for item in recipe.objects if item.like is None]
    assert {item.shape.kind for item in items if item.shape} == {
        *("ellipse", "rectangle", "rounded", "polygon", "star", "blob")
    }
    assert {item.texture.kind for item in items if item.texture} == {
        *("noise", "checker", "stripes", "rings", "spots", "marks", "leaves")
    }
    assert {recipe.background.texture.kind for recipe in recipes} >= {"noise", "leaves", "spots"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scale": (1.5, 0.7)}, "scale: expected 0 <= smallest <= largest, got 1.5 and 0.7"),
        ({"targets": (0, 2)}, "targets: at least one per scene, got 0"),
        ({"size": (10, 20)}, "size, scale: the smallest target must have 12 pixels, has 7"),
        ({"sped": 3}, "unknown key 'sped'; did you mean 'speed'"),
    ],
)
def test_bad_settings_end_in_a_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(changes, RandomScenes, "scenes")
    assert sentence in str(caught.value)


def test_a_bad_seed_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"random_recipe: seed must be in 0 .* got -4"):
        random_recipe(-4)
