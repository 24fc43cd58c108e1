"""Point labels against loops over the definitions, known counts, and cases at the edge."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.training.targets import Places, PointLabels, PointTargets, point_targets

ALL = {"max_positive": None, "max_negative": None, "max_in_negative_pair": None}


def targets_of(
    boxes: list[tuple[float, ...]],
    labels: PointLabels,
    *,
    positive: bool = True,
    size: int = 15,
    stride: int = 16,
) -> PointTargets:
    places = Places(
        torch.tensor(boxes), torch.full((len(boxes),), positive), torch.arange(len(boxes)) + 5
    )
    return point_targets(places, size, stride, labels)


def counts(targets: PointTargets) -> list[list[int]]:
    return [[int((row == label).sum()) for label in (1, 0)] for row in targets.labels]


@pytest.mark.parametrize(("w", "h", "count"), [(63.5, 63.5, 1), (42.93, 85.87, 3)])
def test_convention_positives_of_centred_targets(w: float, h: float, count: int) -> None:
    for size in (15, 16):
        found = targets_of([(0, 0, w, h)], PointLabels(), size=size)
        assert counts(found) == [[count, 48]]


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-120, 120, width=32),
    st.floats(-120, 120, width=32),
    st.floats(1, 250, width=32),
    st.floats(1, 250, width=32),
    st.sampled_from([(15, 16), (16, 16), (25, 8)]),
    st.sampled_from(["ellipse", "inside"]),
)
def test_equal_loops(
    x: float, y: float, w: float, h: float, grid: tuple[int, int], rule: str
) -> None:
    size, stride = grid
    labels = PointLabels(rule=rule, **ALL)
    found = targets_of([(x, y, w, h)], labels, size=size, stride=stride)
    other = targets_of([(x, y, w, h)], labels, positive=False, size=size, stride=stride)
    left, top, right, bottom = 127 + x - w / 2, 127 + y - h / 2, 127 + x + w / 2, 127 + y + h / 2
    for i in range(size):
        for j in range(size):
            px, py = (127 - (size // 2) * stride + stride * n for n in (j, i))
            sides = [px - left, py - top, right - px, bottom - py]
            told = found.distances[0, :, i, j].tolist()
            assert told == pytest.approx(sides, abs=1e-3)
            inner, outer = (
                ((127 + x - px) / (w / n)) ** 2 + ((127 + y - py) / (h / n)) ** 2 for n in (4, 2)
            )
            near, far = min(sides) > 0, min(sides) <= 0
            edge = min(map(abs, sides)) < 1e-3
            if rule == "ellipse":
                near, far = inner < 1, outer > 1
                edge = min(abs(inner - 1), abs(outer - 1)) < 1e-4
            if not edge:
                assert found.labels[0, 0, i, j] == (1 if near else 0 if far else -1)
                assert other.labels[0, 0, i, j] == (0 if near else -1)
            if min(map(abs, sides)) > 1e-2:
                along = (min(a, b) / max(a, b) for a, b in [sides[::2], sides[1::2]])
                central = math.sqrt(math.prod(along)) if min(sides) > 0 else 0
                assert found.centreness[0, 0, i, j].item() == pytest.approx(central, abs=1e-2)


def test_centreness_by_hand() -> None:
    """Point (0, 0) in a box with sides 10, 20, 30, 20 away: sqrt(10 / 30 * 20 / 20)."""
    found = targets_of([(10, 0, 40, 40)], PointLabels())
    assert found.distances[0, :, 7, 7].tolist() == [10, 20, 30, 20]
    assert found.centreness[0, 0, 7, 7].item() == pytest.approx(math.sqrt(1 / 3))


def test_convention_a_negative_pair_labels_only_up_to_16_points_of_the_other_object() -> None:
    box = (20.0, -30.0, 200.0, 160.0)
    candidates = targets_of([box], PointLabels(**ALL)).labels == 1
    assert candidates.sum() > 16
    found = targets_of([box] * 2, PointLabels(), positive=False)
    assert counts(found) == [[0, 16]] * 2
    assert not ((found.labels == 0) & ~candidates).any()
    assert not found.distances.any()
    assert not torch.equal(found.labels[0], found.labels[1])


def test_drawn_labels_come_from_the_candidates() -> None:
    box = (0.0, 0.0, 200.0, 180.0)
    every = targets_of([box], PointLabels(**ALL)).labels
    drawn = targets_of([box] * 2, PointLabels())
    assert (every == 1).sum() > 16
    assert counts(drawn) == [[16, 48]] * 2
    assert not ((drawn.labels == 1) & (every != 1)).any()
    assert not ((drawn.labels == 0) & (every != 0)).any()


def test_a_tiny_box_between_the_points_has_no_positives() -> None:
    found = targets_of([(8, 8, 3, 3)], PointLabels(max_negative=None))
    assert counts(found) == [[0, 225]]


def test_a_target_beyond_the_border_keeps_the_points_it_reaches() -> None:
    """Half of a 128 pixel square at the last column, 112 pixels out: ellipse of 32 pixels."""
    found = targets_of([(112, 0, 128, 128)], PointLabels(**ALL))
    rows, columns = (found.labels[0, 0] == 1).nonzero(as_tuple=True)
    cells = set(zip(rows.tolist(), columns.tolist(), strict=True))
    assert cells == {(7, 14), (6, 14), (8, 14), (7, 13), (6, 13), (8, 13)}


def test_a_pair_does_not_depend_on_its_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(8, 4, generator=generator) * 150 + torch.tensor([-75, -75, 20, 20])
    places = Places(boxes, torch.arange(8) % 3 > 0, torch.arange(8) * 31)
    together = point_targets(places, 25, 8, PointLabels())
    for i in range(8):
        one = Places(*(part[i : i + 1] for part in places))
        alone = point_targets(one, 25, 8, PointLabels())
        for name in PointTargets._fields:
            assert torch.equal(getattr(alone, name)[0], getattr(together, name)[i]), name
