"""Errors of nested settings name the dotted key through lists, tuples, mappings and unions."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from siamcorr.config import Settings, parse_config
from siamcorr.errors import ConfigError


class Leaf(Settings):
    depth: int = Field(default=1, ge=0)

    @field_validator("depth")
    @classmethod
    def _even(cls, depth: int) -> int:
        if depth == 13:
            raise ValueError("13 brings bad luck")
        return depth


class Circle(Settings):
    kind: Literal["circle"]
    radius: float
    leaf: Leaf | None = None


class Square(Settings):
    kind: Literal["square"]
    side: float


class Tree(Settings):
    leaf: Leaf = Leaf()
    leaves: list[Leaf] = []
    pair: tuple[int, Leaf] = (0, Leaf())
    many: tuple[Leaf, ...] = ()
    least: tuple[Leaf, ...] = Field(default=(Leaf(),), min_length=1)
    named: dict[str, Leaf] = {}
    shape: Annotated[Circle | Square, Field(discriminator="kind")] | None = None
    shapes: list[Annotated[Circle | Square, Field(discriminator="kind")]] = []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"leaf": {"dept": 1}}, "unknown key 'leaf.dept'; did you mean 'depth'?"),
        ({"leaves": [{}, {"dept": 1}]}, "unknown key 'leaves.1.dept'; did you mean 'depth'?"),
        ({"pair": [1, {"dept": 1}]}, "unknown key 'pair.1.dept'; did you mean 'depth'?"),
        ({"many": [{"dept": 1}]}, "unknown key 'many.0.dept'; did you mean 'depth'?"),
        ({"named": {"oak": {"dept": 1}}}, "unknown key 'named.oak.dept'; did you mean 'depth'?"),
        (
            {"shape": {"kind": "circle", "radius": 1, "raduis": 2}},
            "unknown key 'shape.raduis'; did you mean 'radius'?",
        ),
        (
            {"shapes": [{"kind": "circle", "radius": 1, "leaf": {"dept": 1}}]},
            "unknown key 'shapes.0.leaf.dept'; did you mean 'depth'?",
        ),
        ({"least": [{"dept": 1}]}, "unknown key 'least.0.dept'; did you mean 'depth'?"),
        ({"shape": {"side": 1}}, "missing key 'shape.kind'"),
        ({"shape": {"kind": "square"}}, "missing key 'shape.side'"),
        (
            {"shape": {"kind": "sqare"}},
            "shape: unknown kind 'sqare'; did you mean 'square'?; known: circle, square",
        ),
        ({"leaves": [{"depth": 13}]}, "leaves.0.depth: 13 brings bad luck"),
        (
            {"leaves": [{"depth": -1}]},
            "leaves.0.depth: Input should be greater than or equal to 0, got -1",
        ),
    ],
)
def test_the_dotted_key_is_named(content: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(content, Tree, "tree.yaml")
    assert str(caught.value) == f"tree.yaml: {sentence}"


def test_a_container_that_is_too_short_itself_is_told() -> None:
    with pytest.raises(ConfigError, match=r"tree.yaml: least: Tuple should have at least 1 item"):
        parse_config({"least": []}, Tree, "tree.yaml")
