"""Labels of anchors by plain loops over the pixels of a crop, as the definitions state them."""

from __future__ import annotations

import math

RATIOS, SCALES = [0.33, 0.5, 1, 2, 3], [8]
SHAPES = [(104, 32), (88, 40), (64, 64), (40, 80), (32, 96)]
"""The anchors of stride 8, width and height."""

Cell = tuple[int, int, int]


def anchors(size: int, stride: int, middle: float) -> dict[Cell, tuple[float, float, int, int]]:
    """Anchor k of cell (y, x): centre and size in pixels of the crop."""
    line = [middle + stride * (i - size // 2) for i in range(size)]
    return {
        (k, y, x): (line[x], line[y], w, h)
        for k, (w, h) in enumerate(SHAPES)
        for y in range(size)
        for x in range(size)
    }


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Of two boxes given by centre and size."""
    sides = []
    for i in (0, 1):
        low = max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2)
        high = min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2)
        sides.append(max(0.0, high - low))
    inner = sides[0] * sides[1]
    return inner / (a[2] * a[3] + b[2] * b[3] - inner)


def deltas(
    target: tuple[float, float, float, float], anchor: tuple[float, float, int, int]
) -> list[float]:
    """dx, dy, dw, dh."""
    return [
        (target[0] - anchor[0]) / anchor[2],
        (target[1] - anchor[1]) / anchor[3],
        math.log(target[2] / anchor[2]),
        math.log(target[3] / anchor[3]),
    ]


def pysot_block(x: float, y: float, size: int, stride: int, middle: float) -> set[Cell]:
    """Anchors that a negative pair may label, of an object centred at (x, y)."""
    cx = size // 2 + math.ceil((x - middle) / stride + 0.5)
    cy = size // 2 + math.ceil((y - middle) / stride + 0.5)
    return {
        (k, row, column)
        for k in range(len(SHAPES))
        for row in range(max(0, cy - 3), min(size, cy + 4))
        for column in range(max(0, cx - 3), min(size, cx + 4))
    }
