"""Curves: keys, waves and the short forms, against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.data.synthetic.curves import Curve, pchip


def at(content: object, *frames: float) -> list[float]:
    return Curve.model_validate(content).at(np.array(frames, dtype=np.float64)).tolist()


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_pchip_equals_scipy(seed: int, count: int) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    rng = np.random.default_rng(seed)
    knots = np.cumsum(rng.uniform(0.5, 20, count))
    values = rng.integers(-3, 4, count).astype(float)  # repeated values make flat pieces
    frames = np.linspace(knots[0], knots[-1], 57)
    expected = interpolate.PchipInterpolator(knots, values)(frames)
    np.testing.assert_allclose(pchip(knots, values, frames), expected, atol=1e-9)


def test_a_curve_never_leaves_the_range_of_its_keys() -> None:
    values = Curve.model_validate([[0, 1], [10, 1.5], [12, 1.5], [40, 0.9]]).at(np.linspace(0, 50))
    assert values.min() == pytest.approx(0.9)
    assert values.max() == pytest.approx(1.5)


def test_the_ends_are_held() -> None:
    assert at([[10, 2], [20, 5]], 0, 10, 20, 99) == [2, 2, 5, 5]


def test_two_keys_make_a_straight_line() -> None:
    assert at([[0, 0], [10, 5]], 2, 4, 8) == pytest.approx([1, 2, 4])


def test_short_and_long_forms_agree() -> None:
    assert at(7, 0, 3) == at([[0, 7]], 0, 3) == at({"keys": 7}, 0, 3) == [7, 7]


def test_a_wave_is_a_sine_of_its_period_and_phase() -> None:
    wave = {"amplitude": 3, "period": 8, "phase": 0.25}
    assert at({"keys": 10, "waves": [wave]}, 0, 2, 4, 6, 8) == pytest.approx([13, 10, 7, 10, 13])
