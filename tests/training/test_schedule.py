"""Learning rates against the numbers of the papers and closed forms written here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.config import parse_config
from siamcorr.errors import ConfigError, InvalidArgument
from siamcorr.training.schedule import Phase, count_epochs, learning_rate

WARM_UP = Phase(curve="log", epochs=5, start=0.001, end=0.005, reaches_end=False)
MAIN = Phase(curve="log", epochs=15, start=0.005, end=0.0005)


def test_convention_pysot_warms_up_and_falls_by_logspace() -> None:
    rates = [learning_rate([WARM_UP, MAIN], epoch) for epoch in range(20)]
    assert np.round(rates[:5], 7).tolist() == [0.001, 0.0013797, 0.0019037, 0.0026265, 0.0036239]
    assert rates[5] == 0.005
    assert rates[19] == 0.0005
    np.testing.assert_allclose(rates[5:], np.logspace(np.log10(0.005), np.log10(0.0005), 15))
    assert count_epochs([WARM_UP, MAIN]) == 20


def test_convention_siamfc_never_reaches_its_last_rate() -> None:
    phase = Phase(curve="log", epochs=50, start=0.01, end=1e-5, reaches_end=False)
    assert learning_rate([phase], 49) == pytest.approx(1.148e-5, rel=1e-3)
    matconvnet = phase.model_copy(update={"reaches_end": True})
    rates = [learning_rate([matconvnet], epoch) for epoch in range(50)]
    np.testing.assert_allclose(rates, np.logspace(-2, -5, 50))


def test_siamfc_plus_plus_by_step() -> None:
    """1e-6 to .08 in one epoch by line, then a cosine back down, both by step."""
    phases = [
        Phase(curve="linear", epochs=1, start=1e-6, end=0.08, per="step", reaches_end=False),
        Phase(curve="cosine", epochs=19, start=0.08, end=1e-6, per="step"),
    ]
    assert learning_rate(phases, 0, 5, 10) == pytest.approx(1e-6 + (0.08 - 1e-6) / 2)
    assert learning_rate(phases, 1, 0, 10) == 0.08
    assert learning_rate(phases, 19, 9, 10) == 1e-6
    t = 94 / 189  # step 4 of epoch 10 is the 95th of 190
    by_hand = 1e-6 + (0.08 - 1e-6) * 0.5 * (1 + math.cos(math.pi * t))
    assert learning_rate(phases, 10, 4, 10) == pytest.approx(by_hand, rel=1e-12)


@given(
    st.sampled_from(["log", "linear", "cosine"]),
    st.integers(1, 30),
    st.floats(1e-6, 1),
    st.floats(1e-6, 1),
    st.booleans(),
)
def test_rates_go_one_way_and_stay_inside(curve, epochs, start, end, reaches_end) -> None:
    phase = Phase(curve=curve, epochs=epochs, start=start, end=end, reaches_end=reaches_end)
    rates = np.array([learning_rate([phase], epoch) for epoch in range(epochs)])
    assert rates[0] == pytest.approx(start)
    low, high = min(start, end), max(start, end)
    assert (rates >= low * (1 - 1e-9)).all()
    assert (rates <= high * (1 + 1e-9)).all()
    steps = np.diff(rates) * np.sign(end - start)
    assert (steps >= -1e-9 * high).all()
    if reaches_end and epochs > 1:
        assert rates[-1] == end


def test_a_place_outside_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"epoch 20 is not in 0 \.\.\. 19"):
        learning_rate([WARM_UP, MAIN], 20)
    with pytest.raises(InvalidArgument, match=r"step 3 is not in 0 \.\.\. 2"):
        learning_rate([MAIN], 0, 3, 3)


def test_a_log_curve_to_zero_is_refused() -> None:
    content = {"curve": "log", "epochs": 2, "start": 0.1, "end": 0.0}
    with pytest.raises(ConfigError, match=r"needs rates above 0, got start 0.1 and end 0.0"):
        parse_config(content, Phase, "here")
