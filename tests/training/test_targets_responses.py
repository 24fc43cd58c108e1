"""Labels and bells of one response map against loops and counted cells."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument
from siamcorr.training.targets import gaussian_responses, response_labels

CENTRE = torch.zeros(1, 2)


def test_convention_thirteen_cells_are_positive_at_a_radius_of_two() -> None:
    """|dx| + |dy| <= 2 cells on the 15 x 15 map of a 239 crop; so is the Euclidean disc."""
    for distance in ("manhattan", "euclidean"):
        labels = response_labels(CENTRE, 15, 8, 16.0, distance)
        assert labels.shape == (1, 1, 15, 15)
        assert labels.sum() == 13
        rows = labels[0, 0, 5:10, 5:10].tolist()
        assert rows == [
            [0, 0, 1, 0, 0],
            [0, 1, 1, 1, 0],
            [1, 1, 1, 1, 1],
            [0, 1, 1, 1, 0],
            [0, 0, 1, 0, 0],
        ]


def test_the_distances_differ_at_three_cells() -> None:
    assert response_labels(CENTRE, 17, 8, 24.0).sum() == 25
    assert response_labels(CENTRE, 17, 8, 24.0, "euclidean").sum() == 29
    with pytest.raises(InvalidArgument, match="manhattan or euclidean, got 'chebyshev'"):
        response_labels(CENTRE, 17, 8, 24.0, "chebyshev")  # type: ignore[arg-type]


def test_labels_move_with_the_target() -> None:
    moved = response_labels(torch.tensor([[16.0, -8.0]]), 15, 8, 16.0)[0, 0]
    centred = response_labels(CENTRE, 15, 8, 16.0)[0, 0]
    assert torch.equal(moved, centred.roll((-1, 2), (0, 1)))


def test_a_target_at_or_beyond_the_border_of_the_map() -> None:
    """The middle of the last cell is 56 pixels out; further cells are off the map."""
    counts = response_labels(torch.tensor([[56.0, 0.0], [56.0, 56.0], [73.0, 0.0]]), 15, 8, 16.0)
    assert counts.sum((1, 2, 3)).tolist() == [9, 6, 0]


@settings(deadline=None)
@given(
    st.integers(1, 9),
    st.sampled_from([4, 8, 16]),
    st.floats(-40, 40, width=32),
    st.floats(-40, 40, width=32),
    st.sampled_from(["manhattan", "euclidean"]),
)
def test_equal_loops(size: int, stride: int, x: float, y: float, distance: str) -> None:
    centres = torch.tensor([[x, y], [0.0, 0.0]], dtype=torch.float64)
    labels = response_labels(centres, size, stride, 15.99, distance)
    bells = gaussian_responses(centres, torch.tensor([6.0, 9.0]).double(), size, stride)
    for b, (cx, cy) in enumerate(centres.tolist()):
        for i in range(size):
            for j in range(size):
                dx = (j - (size - 1) / 2) * stride - cx
                dy = (i - (size - 1) / 2) * stride - cy
                far = abs(dx) + abs(dy) if distance == "manhattan" else math.hypot(dx, dy)
                if abs(far - 15.99) > 1e-9:
                    assert labels[b, 0, i, j] == (far <= 15.99)
                bell = math.exp(-(dx**2 + dy**2) / (2 * (6.0, 9.0)[b] ** 2))
                assert bells[b, 0, i, j].item() == pytest.approx(bell)
