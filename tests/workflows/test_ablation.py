"""The ablation: variants are settings, finished rows are kept, differences are to the first row."""

from __future__ import annotations

import json

import numpy as np
import pytest
from evaluation_scenes import write_otb

from siamcorr.data.sequences import load_dataset
from siamcorr.errors import ConfigError
from siamcorr.evaluation.following import follow
from siamcorr.tracking import load_tracker
from siamcorr.workflows import ablation
from siamcorr.workflows.ablation import Variant, ablation_table, run_variants, variant_settings


@pytest.fixture(scope="module")
def otb(tmp_path_factory):
    return load_dataset("otb", write_otb(tmp_path_factory.mktemp("data") / "otb", {"Deer": 6}))


def test_every_variant_differs_from_the_shipped_settings_by_what_it_says() -> None:
    shipped = variant_settings(Variant("as shipped")).model_dump(mode="json")
    for variant in (*ablation.ROWS[1:], *ablation.SIZES):
        changed = variant_settings(variant).model_dump(mode="json")
        flat = {f"lost.{key}": value for key, value in changed["lost"].items()} | changed
        before = {f"lost.{key}": value for key, value in shipped["lost"].items()} | shipped
        differing = {key for key in flat if flat[key] != before[key]} - {"lost"}
        assert differing == set(variant.changes), variant.name


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="window_sise"):
        variant_settings(Variant("typo", {"window_sise": 128}))


def test_a_reversed_sequence_shows_the_last_frame_first(otb) -> None:
    turned = ablation.reverse_in_time(otb["Deer"])
    np.testing.assert_array_equal(turned.boxes_xywh, otb["Deer"].boxes_xywh[::-1])
    np.testing.assert_array_equal(turned.frame(0), otb["Deer"].frame(5))


def test_rows_are_those_of_the_tracker_and_are_kept(otb, tmp_path, monkeypatch) -> None:
    variant = Variant("1 scale", {"num_scales": [1]})
    (row,) = run_variants([variant], otb.sequences, tmp_path)
    tracker = load_tracker("cf", changes={"num_scales": [1]})
    truth = otb["Deer"].boxes_xywh[:, 0]
    found = follow(tracker, otb["Deer"]).trajectory.boxes_xywh
    near = np.hypot(*(found - truth)[:, :2].T + (found - truth)[:, 2:].T / 2) <= 20
    assert row["forward"]["precision_20"] == pytest.approx(near.mean())
    assert json.loads((tmp_path / "1-scale.json").read_text()) == row

    monkeypatch.setattr(ablation, "run_variant", lambda *_: pytest.fail("a finished row was run"))
    assert run_variants([variant], otb.sequences, tmp_path) == [row]


def test_a_kept_row_of_other_settings_is_run_again(otb, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ablation, "run_variant", lambda variant, _: made(variant, 0.5, 0.5, 1))
    run_variants([Variant("x", {"padding": 3})], otb.sequences, tmp_path)
    monkeypatch.setattr(ablation, "run_variant", lambda variant, _: made(variant, 0.7, 0.7, 1))
    (row,) = run_variants([Variant("x", {"padding": 2})], otb.sequences, tmp_path)
    assert row["forward"]["auc"] == 0.7


def test_differences_are_of_the_mean_over_both_directions() -> None:
    rows = [made(Variant("a"), 0.6, 0.7), made(Variant("b"), 0.5, 0.72)]
    lines = ablation_table(rows, "T").splitlines()
    assert lines[-2] == "| a | 0.600 | 0.600 | 0.700 | 0.700 | 0.650 |"
    assert lines[-1] == "| b | 0.500 | 0.500 | 0.720 | 0.720 | 0.610 (-0.040) |"


def made(variant, forward, backward, sequences=0):
    row = {"name": variant.name, "changes": dict(variant.changes)}
    for direction, score in (("forward", forward), ("reversed", backward)):
        kept = {str(key): {} for key in range(sequences)}
        row[direction] = {"auc": score, "precision_20": score, "sequences": kept}
    return row
