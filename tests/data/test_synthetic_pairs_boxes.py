"""Boxes of rendered pairs against the rendered masks, the context rule, and plain loops."""

from __future__ import annotations

import math

import numpy as np
import torch

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs import SyntheticPairs, SyntheticPairSettings
from siamcorr.data.synthetic_pairs.hashing import Draws, pair_seeds
from siamcorr.data.synthetic_pairs.shapes import (
    ANGLES,
    FAMILIES,
    boxes_around,
    radius_tables,
)

SHAPE = PairShape()
NOTHING_IN_FRONT = {
    "objects": {"part_of_body": 0, "box_jitter": 0},
    "distractors": {"count": 0},
    "occlusion": {"search": 0, "template": 0},
    "negatives": {"share": 0},
}


def render(count: int, shape: PairShape = SHAPE, **settings: dict[str, float]) -> PairBatch:
    chosen = SyntheticPairSettings.model_validate(NOTHING_IN_FRONT | settings)
    source = SyntheticPairs(chosen, shape, pairs=1000, seed=11)
    return source.batch(0, range(count), torch.device("cpu"))


def extents(mask: torch.Tensor) -> torch.Tensor:
    """(x1, y1, x2, y2) of the pixels of a mask."""
    columns, rows = mask.any(0).nonzero(), mask.any(1).nonzero()
    return torch.stack((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).flatten().float()


def test_boxes_hold_exactly_what_the_masks_show() -> None:
    batch = render(32)
    assert batch.masks is not None
    short = []
    for mask, (x, y, w, h) in zip(batch.masks, batch.boxes_xywh.tolist(), strict=True):
        x1, y1, x2, y2 = extents(mask).tolist()
        inside = (x1 - x, y1 - y, x + w - x2, y + h - y2)
        assert min(inside) > -0.75  # no pixel of the target outside of its box
        short += list(inside)
    # A side is met to the pixel; only pointed tips are thinner than half a pixel before they end.
    assert np.median(short) < 0.5
    assert np.quantile(short, 0.95) < 1.5
    assert max(short) < 8


def test_convention_the_template_is_cut_by_the_context_rule() -> None:
    batch = render(16)
    centre = batch.template_boxes_xywh[:, :2] + batch.template_boxes_xywh[:, 2:] / 2
    torch.testing.assert_close(centre, torch.full_like(centre, 63.5), atol=1e-3, rtol=0)
    for _, _, w, h in batch.template_boxes_xywh.tolist():
        context = SHAPE.context_amount * (w + h)
        assert math.isclose(math.sqrt((w + context) * (h + context)), 127, rel_tol=1e-4)


def test_convention_both_crops_have_the_same_scale() -> None:
    still = {"scale": 0, "stretch": 0, "rotation_deg": 0, "pose": 0}
    batch = render(12, change=still)
    size = batch.template_boxes_xywh[:, 2:]
    torch.testing.assert_close(batch.boxes_xywh[:, 2:], size, atol=1e-3, rtol=1e-5)
    middle = render(12, change={"shift": 0}).boxes_xywh
    torch.testing.assert_close(
        middle[:, :2] + middle[:, 2:] / 2, torch.full((12, 2), 127.5), atol=1e-3, rtol=0
    )


def test_context_amount_of_zero_fills_the_crop() -> None:
    shape = PairShape(template_size=63, search_size=127, context_amount=0)
    boxes = render(8, shape).template_boxes_xywh
    torch.testing.assert_close(boxes[:, 2] * boxes[:, 3], torch.full((8,), 63.0**2))


def test_box_jitter_moves_the_template_box_a_little() -> None:
    shape = PairShape(template_size=17, search_size=33)
    batch = render(200, shape, objects={"box_jitter": 0.1, "part_of_body": 0})
    boxes = batch.template_boxes_xywh
    off = (boxes[:, :2] + boxes[:, 2:] / 2 - 8.5) / boxes[:, 2:]
    assert 0.08 < off.std().item() < 0.12
    context = 0.5 * boxes[:, 2:].sum(1, keepdim=True)
    side = (boxes[:, 2:] + context).prod(1).sqrt()
    assert 0.08 < (side / 17).log().std().item() < 0.12


def test_boxes_around_parts_equal_plain_loops() -> None:
    draws = Draws(pair_seeds(3, 0, range(4)))
    family = np.tile(np.arange(len(FAMILIES)), (4, 1))
    radius = radius_tables(family, draws, "shape")
    count = len(FAMILIES)
    bend = 0.2 * draws.normal("bend", count)
    poses = draws.normal("poses", count, 2, 3)
    present = draws.chance("present", 0.6, count)
    present[:, 0] = True
    boxes = boxes_around(radius, bend, poses, present)
    for b in range(4):
        points = []
        for q in np.flatnonzero(present[b]):
            for step in range(16 * ANGLES):
                turn = step / 16
                i = int(turn)
                r = np.interp(turn - i, [0, 1], [radius[b, q, i], radius[b, q, (i + 1) % ANGLES]])
                y = r * np.sin(2 * np.pi * turn / ANGLES)
                x = r * np.cos(2 * np.pi * turn / ANGLES) + bend[b, q] * y * y
                points.append(poses[b, q] @ (x, y, 1))
        low, high = np.min(points, 0), np.max(points, 0)
        np.testing.assert_allclose(boxes[b], [*low, *(high - low)], atol=2e-3)


def test_silhouettes_reach_one_and_are_what_they_are_called() -> None:
    draws = Draws(pair_seeds(4, 0, range(8)))
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    tables = {
        name: radius_tables(np.full((8, 1), i), draws, "shape")[:, 0]
        for i, name in enumerate(FAMILIES)
    }
    for radius in tables.values():
        reach = np.maximum(np.abs(radius * np.cos(angle)), np.abs(radius * np.sin(angle)))
        np.testing.assert_allclose(reach.max(1), 1)
        assert radius.min() > 0.05
    np.testing.assert_allclose(tables["ellipse"], 1)
    assert np.all(tables["box"].max(1) > 1.25)  # corners, at most the square root of 2
    convex = tables["polygon"].min(1) / tables["polygon"].max(1)
    assert np.all(convex > 0.45)  # a triangle has 1/2, and more corners more
