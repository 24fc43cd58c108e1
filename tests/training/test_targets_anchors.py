"""Anchor labels against loops over the definitions, known counts, and cases at the edge."""

from __future__ import annotations

import pytest
import torch
from anchor_twin import RATIOS, SCALES, SHAPES, anchors, deltas, overlap, pysot_block
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.geometry.anchors import anchor_sizes
from siamcorr.training.targets import (
    AnchorLabels,
    AnchorTargets,
    Places,
    anchor_targets,
    places_of,
)

SIZES = anchor_sizes(8, RATIOS, SCALES)
ALL = AnchorLabels(max_positive=10_000, max_labels=20_000, max_in_negative_pair=10_000)
"""No draw: every candidate is labelled."""


def targets_of(
    boxes: list[tuple[float, ...]], labels: AnchorLabels, *, positive: bool = True, size: int = 25
) -> AnchorTargets:
    """For boxes given by their centre about the crop's centre and their size."""
    places = Places(
        torch.tensor(boxes), torch.full((len(boxes),), positive), torch.arange(len(boxes)) + 5
    )
    return anchor_targets(places, SIZES, size, 8, labels)


def counts(targets: AnchorTargets) -> list[list[int]]:
    """Positives and negatives of each pair."""
    return [[int((row == label).sum()) for label in (1, 0)] for row in targets.labels]


def test_the_anchors_are_those_of_the_twin() -> None:
    assert SIZES.tolist() == [list(map(float, shape)) for shape in SHAPES]


@pytest.mark.parametrize(
    ("w", "h", "count"),
    [(63.5, 63.5, 9), (42.93, 85.87, 10), (85.87, 42.93, 10), (45, 90, 12), (90, 45, 10)],
)
def test_convention_positives_of_centred_targets(w: float, h: float, count: int) -> None:
    assert counts(targets_of([(0, 0, w, h)], ALL))[0][0] == count
    assert counts(targets_of([(0, 0, w, h)], AnchorLabels()))[0] == [count, 48]


def test_convention_the_crops_centre_is_pixel_index_127_of_255() -> None:
    """A box round the continuous middle of a crop of 255 has its centre at (127.5, 127.5)."""
    crops = torch.zeros(1, 3, 255, 255)
    boxes = torch.tensor([[127.5 - 45 / 2, 127.5 - 45, 45.0, 90.0]])
    batch = PairBatch(crops, crops, boxes, boxes, torch.tensor([True]), torch.tensor([3]))
    assert places_of(batch).boxes_cxcywh.tolist() == [[0, 0, 45, 90]]
    assert boxes[0, 0] == 105  # the batch is as before
    assert counts(anchor_targets(places_of(batch), SIZES, 25, 8, ALL))[0][0] == 12


@settings(deadline=None, max_examples=25)
@given(
    st.floats(-120, 120, width=32),
    st.floats(-120, 120, width=32),
    st.floats(2, 250, width=32),
    st.floats(2, 250, width=32),
    st.sampled_from([17, 25]),
)
def test_equal_loops(x: float, y: float, w: float, h: float, size: int) -> None:
    target, found = (127 + x, 127 + y, w, h), targets_of([(x, y, w, h)], ALL, size=size)
    positives = int((found.labels == 1).sum())
    for (k, row, column), anchor in anchors(size, 8, 127).items():
        shared = overlap(target, anchor)
        label = int(found.labels[0, k, row, column])
        if min(abs(shared - 0.6), abs(shared - 0.3)) > 1e-5:
            assert label == (1 if shared > 0.6 else 0 if shared < 0.3 else -1)
        place = (0, k, row, column)
        weight = 1 / (positives + 1e-6) if label == 1 else 0
        assert found.weights[place].item() == pytest.approx(weight)
        wanted = deltas(target, anchor) if label == 1 else [0] * 4
        told = found.deltas[0, :, k, row, column].tolist()
        assert told == pytest.approx(wanted, abs=1e-5)


def test_convention_pysot_draws_48_negatives_and_foolwood_fills_up_to_64() -> None:
    """A target of 63.5 pixels has 9 positives, one of 3 pixels none."""
    boxes = [(0, 0, 63.5, 63.5), (0, 0, 3, 3)]
    assert counts(targets_of(boxes, AnchorLabels())) == [[9, 48], [0, 48]]
    assert counts(targets_of(boxes, AnchorLabels(convention="foolwood"))) == [[9, 55], [0, 64]]


def test_at_most_16_positives_are_drawn_and_all_come_from_the_candidates() -> None:
    loose = {"positive_overlap": 0.4, "negative_overlap": 0.3}
    boxes = [(0.0, 0.0, 70.0, 70.0)] * 3
    every = targets_of(boxes, ALL.model_copy(update=loose)).labels
    drawn = targets_of(boxes, AnchorLabels(**loose))
    assert (every == 1).sum((1, 2, 3)).min() > 16
    assert counts(drawn) == [[16, 48]] * 3
    assert not ((drawn.labels == 1) & (every != 1)).any()
    assert not ((drawn.labels == 0) & (every != 0)).any()
    assert not torch.equal(drawn.labels[0], drawn.labels[1])  # seeds differ
    assert drawn.weights.sum((1, 2, 3)).tolist() == pytest.approx([1, 1, 1])


@settings(deadline=None, max_examples=40)
@given(st.floats(-127, 127, width=32), st.floats(-127, 127, width=32), st.sampled_from([17, 25]))
def test_negative_pairs_of_pysot_equal_loops(x: float, y: float, size: int) -> None:
    found = targets_of([(x, y, 50, 60)], ALL, positive=False, size=size)
    block = {tuple(cell) for cell in (found.labels[0] == 0).nonzero().tolist()}
    assert block == pysot_block(127 + x, 127 + y, size, 8, 127)
    assert not (found.labels == 1).any()
    assert not found.weights.any()
    assert not found.deltas.any()


def test_convention_negative_pairs_of_foolwood_stay_in_the_middle() -> None:
    labels = AnchorLabels(convention="foolwood", max_in_negative_pair=10_000)
    found = targets_of([(80, -40, 50, 60)], labels, positive=False).labels[0]
    expected = torch.full((5, 25, 25), -1, dtype=torch.int8)
    expected[:, 9:16, 9:16] = 0
    assert torch.equal(found, expected)


def test_convention_negative_pairs_have_16_labels_and_maybe_none_at_the_border() -> None:
    """PySOT's block of an object 120 pixels off begins in column 25 of 25."""
    boxes = [(0, 0, 50, 60), (120, 0, 50, 60)]
    assert counts(targets_of(boxes, AnchorLabels(), positive=False)) == [[0, 16], [0, 0]]


def test_a_pair_does_not_depend_on_its_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(8, 4, generator=generator) * 80 + torch.tensor([-40, -40, 20, 20])
    places = Places(boxes, torch.arange(8) % 3 > 0, torch.arange(8) * 31)
    together = anchor_targets(places, SIZES, 25, 8, AnchorLabels())
    for i in range(8):
        one = Places(*(part[i : i + 1] for part in places))
        alone = anchor_targets(one, SIZES, 25, 8, AnchorLabels())
        for name in AnchorTargets._fields:
            assert torch.equal(getattr(alone, name)[0], getattr(together, name)[i]), name


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match=r"negative_overlap 0\.7 must not be above"):
        AnchorLabels(negative_overlap=0.7)
    with pytest.raises(ValueError, match="max_positive 70 must not be above max_labels 64"):
        AnchorLabels(max_positive=70)
