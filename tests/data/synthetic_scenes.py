"""Small scenes that the tests of synthetic video vary."""

from __future__ import annotations

from typing import Any

from siamcorr.config import parse_config
from siamcorr.data.synthetic import Recipe, SyntheticSequence

GREY = {"kind": "noise", "colours": ["#808080", "#808080"], "grain": 0}
WHITE = {"kind": "noise", "colours": ["#ffffff", "#ffffff"], "grain": 0}


def box(**changes: Any) -> dict[str, Any]:
    """A white 40x24 rectangle in the middle of the frame, and what is changed of it."""
    plain = {
        "name": "box",
        "shape": {"kind": "rectangle"},
        "texture": WHITE,
        "size": [40, 24],
        "rim": 0,
        "x": 80,
        "y": 60,
    }
    return plain | changes


def scene(*objects: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A recipe: 160x120 pixels, 5 frames, plain grey, the plain box if nothing is given."""
    plain = {
        "name": "scene",
        "width": 160,
        "height": 120,
        "frames": 5,
        "seed": 3,
        "background": {"texture": GREY},
        "objects": list(objects) or [box()],
    }
    return plain | changes


def clip(*objects: dict[str, Any], **changes: Any) -> SyntheticSequence:
    return SyntheticSequence(parse_config(scene(*objects, **changes), Recipe, "scene"))
