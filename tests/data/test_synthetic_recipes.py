"""Recipes of synthetic video: what a person reads about a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic_scenes import GREY, box, scene

from siamcorr.config import parse_config
from siamcorr.data.synthetic import Recipe, load_synthetic
from siamcorr.errors import ConfigError

CHECKER = {"kind": "checker", "colours": ["#000000", "#ffffff"], "cell": 8}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": (
        scene(widht=320),
        "scene.yaml: unknown key 'widht'; did you mean 'width'",
    ),
    "unknown key of an object": (
        scene(box(rotation=3)),
        "scene.yaml: unknown key 'objects.0.rotation'; did you mean 'rotation_deg'",
    ),
    "unknown key of a texture": (
        scene(box(texture=CHECKER | {"cel": 3})),
        "scene.yaml: unknown key 'objects.0.texture.cel'; did you mean 'cell'",
    ),
    "key of another texture": (
        scene(background={"texture": GREY | {"cell": 3}}),
        "scene.yaml: unknown key 'background.texture.cell'",
    ),
    "unknown texture": (
        scene(box(texture=CHECKER | {"kind": "cheker"})),
        "scene.yaml: objects.0.texture: unknown kind 'cheker'; did you mean 'checker'?; known: ",
    ),
    "texture without kind": (
        scene(box(texture={"cell": 4})),
        "scene.yaml: missing key 'objects.0.texture.kind'",
    ),
    "unknown key of a wave": (
        scene(box(x={"keys": 3, "waves": [{"amplitude": 1, "period": 3, "periode": 3}]})),
        "unknown key 'objects.0.x.waves.0.periode'; did you mean 'period'",
    ),
    "missing key": (
        {key: value for key, value in scene().items() if key != "frames"},
        "scene.yaml: missing key 'frames'",
    ),
    "missing position": (
        scene({key: value for key, value in box().items() if key != "y"}),
        "scene.yaml: missing key 'objects.0.y'",
    ),
    "colour name": (
        scene(box(texture=CHECKER | {"colours": ["red", "#ffffff"]})),
        "objects.0.texture.colours.0: String should match pattern",
    ),
    "negative number of frames": (
        scene(frames=-3),
        "frames: Input should be greater than or equal to 1, got -3",
    ),
    "text for a number": (
        scene(box(x="middle")),
        "objects.0.x.keys: Input should be a valid tuple, got 'middle'",
    ),
    "infinite position": (
        scene(box(x=float("inf"))),
        "objects.0.x.keys.0.1: Input should be a finite number, got inf",
    ),
    "keys out of order": (
        scene(box(x=[[0, 10], [5, 20], [5, 30]])),
        "objects.0.x.keys: frames of keys must increase, got 5 then 5",
    ),
    "scale through zero": (
        scene(box(scale=[[0, 1], [4, -1]])),
        "objects.0.scale: must stay in 0.001 ... 100, is 0 at frame 2",
    ),
    "object too small": (
        scene(box(size=[40, 24], scale=[[0, 1], [4, 0.25]])),
        "objects.0: sides of 'box' must stay in 8 ... 4096 pixels, run from 6.0 to 40.0",
    ),
    "negative noise": (
        scene(sensor={"noise": [[0, 2], [4, -2]]}),
        "sensor.noise: must stay in 0 ... 100, is -1 at frame 3",
    ),
    "light turned off": (
        scene(light={"gain": -0.5}),
        "light.gain: must stay in 0 ... 10, is -0.5 at frame 0",
    ),
    "shutter of more than a frame": (
        scene(sensor={"shutter": 1.5}),
        "sensor.shutter: Input should be less than or equal to 1, got 1.5",
    ),
    "deformation that folds": (
        scene(box(deformation={"amplitude": 30, "wavelength": 40})),
        "objects.0.deformation.amplitude: must stay in 0 ... 10, is 30 at frame 0",
    ),
    "no look": (
        scene({"name": "ghost", "x": 3, "y": 3}),
        "objects.0: 'ghost' states no shape, texture, size, and no object it is like",
    ),
    "like nobody": (
        scene(box(), {"name": "copy", "like": "bxo", "x": 3, "y": 3}),
        "objects.1.like: no object 'bxo' with looks of its own; did you mean 'box'?",
    ),
    "two of a name": (
        scene(box(), box()),
        "objects: the name 'box' is used 2 times",
    ),
    "no target": (
        scene(box(target=False)),
        "objects: none is a target; ground truth needs at least one",
    ),
    "leaves upside down": (
        scene(
            background={
                "texture": GREY | {"kind": "leaves", "smallest": 9, "largest": 4},
            }
        ),
        "background.texture: largest must exceed smallest, got 4 and 9",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_recipe_ends_in_a_sentence(case: str, tmp_path: Path) -> None:
    content, sentence = BAD[case]
    path = tmp_path / "scene.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_synthetic(path)
    assert sentence in str(caught.value)
    assert "scene.yaml: " in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_every_error_of_a_recipe_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(scene(box(shap=1), fps=0, seed=-1), Recipe, "r")
    assert len(str(caught.value).splitlines()) == 3


def test_a_recipe_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(scene()), encoding="utf-8")
    assert load_synthetic(path).boxes_xywh[0, 0].tolist() == [60, 48, 40, 24]
    assert load_synthetic(str(path), seed=9).recipe.seed == 9


def test_a_look_alike_takes_only_what_it_does_not_state() -> None:
    copy = {"name": "copy", "like": "box", "x": 120, "y": 60, "size": [20, 20]}
    recipe = parse_config(scene(box(), copy), Recipe, "r")
    assert [recipe.size_of(item) for item in recipe.objects] == [(40, 24), (20, 20)]
    assert recipe.looks(recipe.objects[1]) is recipe.objects[0]
