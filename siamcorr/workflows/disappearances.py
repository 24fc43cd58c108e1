"""Rendered clips in which the one target disappears altogether and comes back."""

from __future__ import annotations

from typing import Any

import numpy as np

from siamcorr.config import parse_config
from siamcorr.data.synthetic import RandomScenes, Recipe, SyntheticSequence, random_recipe
from siamcorr.errors import InvalidArgument

__all__ = ["KINDS", "disappearance"]

KINDS = ("wall", "cover", "exit")
"""The target halts behind a wall; something passes over it; it leaves the view, comes back."""

_WIDTH, _HEIGHT, _FRAMES = 320, 240, 140
_SCENES = RandomScenes(
    width=_WIDTH,
    height=_HEIGHT,
    frames=_FRAMES,
    targets=(1, 1),
    look_alikes=(0, 0),
    occluders=(1, 1),
    size=(28, 60),
    scale=(0.9, 1.15),
    rotation_deg=10,
    camera_speed=1.5,
    noise=(0, 4),
)
_STILL: dict[str, Any] = {
    "scale": 1,
    "rotation_deg": 0,
    "stretch": 1,
}


def disappearance(seed: int, kind: str) -> SyntheticSequence:
    """A random scene whose target is out of sight for 15 to about 80 of 140 frames.

    Args:
        seed: of looks and ways; the same seed and kind give the same clip.
        kind: a name of `KINDS`.

    Returns:
        A clip of 320 x 240 pixels. Its target is seen (almost) whole in the first 25 frames.

    Raises:
        InvalidArgument: no such kind.
    """
    if kind not in KINDS:
        raise InvalidArgument(
            f"disappearance: kind must be one of {', '.join(KINDS)}, got {kind!r}"
        )
    recipe = random_recipe(seed, _SCENES).model_dump(mode="json", exclude_none=True)
    target, occluder = sorted(recipe["objects"], key=lambda item: not item["target"])
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    start = int(rng.integers(45, 60))
    end = start + int(rng.integers(15, 45))
    y_before, y_after = rng.uniform(0.3 * _HEIGHT, 0.7 * _HEIGHT, 2).tolist()
    reach = 1.15 * max(target["size"])
    if kind == "wall":
        occluder |= _STILL | _behind_wall(target, 1.25 * reach, (start, end))
    elif kind == "cover":
        occluder |= _STILL | _passing(target, 1.5 * reach, (start, end), (y_before, y_after))
    else:
        target["x"] = _keys(
            (0, 0.5), (start, 1 + reach / _WIDTH), (end, 1 + reach / _WIDTH), (139, 0.4)
        )
    if kind != "cover":
        target["y"] = [[0, y_before], [start, y_before], [end, y_after], [_FRAMES - 1, y_after]]
    recipe["objects"] = [target] if kind == "exit" else [target, occluder]
    if rng.random() < 0.5:
        _mirror(recipe["objects"])
    recipe["name"] = f"{kind}-{seed}"
    return SyntheticSequence(parse_config(recipe, Recipe, f"disappearance({seed}, {kind!r})"))


def _behind_wall(target: dict[str, Any], width: float, span: tuple[int, int]) -> dict[str, Any]:
    """The target's way, and the wall."""
    start, end = span
    target["x"] = _keys((0, 0.1), (25, 0.2), (start, 0.6), (end, 0.6), (_FRAMES - 1, 0.9))
    return {
        "shape": {"kind": "rectangle"},
        "size": [width, 1.5 * _HEIGHT],
        "x": 0.6 * _WIDTH,
        "y": _HEIGHT / 2,
    }


def _passing(
    target: dict[str, Any], side: float, span: tuple[int, int], heights: tuple[float, float]
) -> dict[str, Any]:
    """The target's way, and what covers it from the start to the end of the span."""
    start, end = span
    last = _FRAMES - 1
    target["x"] = [[0, 0.3 * _WIDTH], [last, 0.7 * _WIDTH]]
    target["y"] = [[0, heights[0]], [last, heights[1]]]
    # Two keys far apart make a straight line: between them curves are as the target's.
    x_keys, y_keys = np.array(target["x"]), np.array(target["y"])
    x1, x2 = np.interp(span, x_keys[:, 0], x_keys[:, 1]).tolist()
    y1, y2 = np.interp(span, y_keys[:, 0], y_keys[:, 1]).tolist()
    return {
        "shape": {"kind": "rounded"},
        "size": [side, side],
        "x": [[start - 15, -side], [start, x1], [end, x2], [end + 15, _WIDTH + side]],
        "y": [[start, y1], [end, y2]],
    }


def _keys(*points: tuple[float, float]) -> list[list[float]]:
    """Keys of x from (frame, share of the width)."""
    return [[frame, share * _WIDTH] for frame, share in points]


def _mirror(objects: list[dict[str, Any]]) -> None:
    """Swap left and right of all ways."""
    for item in objects:
        x = item["x"]
        if isinstance(x, list):
            item["x"] = [[frame, _WIDTH - value] for frame, value in x]
        else:
            item["x"] = _WIDTH - x
