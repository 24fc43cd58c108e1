"""Networks give the published originals' outputs: released weights and weights by a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from published_networks import (
    formula_numbers,
    formula_state,
    model_of,
    pattern_image,
    summary,
)
from torch import Tensor

from siamcorr.models import SiameseModel, load_weights
from siamcorr.models.importers import find_layout, import_state_dict
from siamcorr.models.layouts import LAYOUTS, Layout
from siamcorr.nn.heads import BoxOutput, SiamMaskHead

Row = tuple[float, float, tuple[float, float, float, float], float, float, int]
"""Mean, mean magnitude, first four values, the middle one, the last one, place of the largest."""

NANOTRACK: dict[str, dict[str, Any]] = {
    "nanotrack_v1": {
        "features": (0.0506491, 2.57067),
        "cls": (2.36034, 3.35, (8.63262, 8.44616, 7.40862, 7.41276), -0.885849, -1.49609, 224),
        "loc": (32.1052, 32.1052, (34.1709, 20.5271, 19.4448, 22.5175), 26.4655, 28.1378, 472),
    },
    "nanotrack_v2": {
        "features": (0.167596, 2.61099),
        "cls": (0.203953, 2.39267, (4.32206, 4.4347, 4.61547, 4.65056), -3.89857, -3.77975, 19),
        "loc": (32.5038, 32.5038, (23.2551, 34.2117, 43.3442, 47.5621), 38.7238, 23.268, 815),
    },
    "nanotrack_v3": {
        "features": (-0.164124, 1.35308),
        "cls": (-0.0995848, 3.01767, (4.40855, 4.55248, 4.17983, 3.32664), -4.59403, -4.693, 209),
        "loc": (31.2897, 31.2897, (26.8594, 30.6636, 28.1082, 31.2759), 25.4083, 26.1571, 693),
    },
}
"""Released weights on raw pixels; distances are positive, so their mean is their magnitude."""

ALEX: dict[str, Row] = {
    "cls": (
        *(0.361224, 1.61765),
        (-1.29321, -1.18122, -1.09307, -1.03029),
        *(2.23744, -2.36446, 3667),
    ),
    "loc": (
        *(-0.139077, 0.709275),
        (-1.30439, -1.36768, -1.37015, -1.38511),
        *(-0.255198, -0.0786166, 1577),
    ),
}
MOBILENET: dict[str, Row] = {
    "cls": (
        *(-0.0161656, 0.391887),
        (0.884266, 0.945646, 0.977759, 1.00525),
        *(-0.422072, 0.106727, 70),
    ),
    "loc": (
        *(-0.0754851, 0.434218),
        (-0.229966, -0.267299, -0.297752, -0.29413),
        *(-1.03929, 0.0793285, 3710),
    ),
}
R50: dict[str, dict[str, Row]] = {
    "siamrpn_r50": {
        "cls": (
            *(-2.2523, 8.08275),
            (-15.2061, -14.9763, -14.6998, -15.4331),
            *(14.7572, 0.593596, 3128),
        ),
        "loc": (
            *(1.22176, 5.51844),
            (6.80755, 7.01211, 7.39337, 7.89438),
            *(-7.07842, -7.60633, 1694),
        ),
    },
    "siamrpn_r50_otb": {
        "cls": (
            *(-2.01556, 5.21687),
            (0.338535, 0.182586, 0.00697581, 0.0619996),
            *(-4.06861, 4.63824, 3837),
        ),
        "loc": (
            *(-0.539709, 6.05056),
            (-9.97953, -9.88938, -9.7985, -10.3248),
            *(-1.85485, 4.48119, 7220),
        ),
    },
    "siamrpn_r50_lt": {
        "cls": (
            *(-0.588028, 5.1476),
            (-4.33641, -4.23944, -4.11588, -4.36888),
            *(2.47672, -0.855409, 2825),
        ),
        "loc": (
            *(2.34773, 6.79748),
            (15.4699, 15.9579, 16.1628, 16.0385),
            *(-3.30322, -6.09365, 3898),
        ),
    },
}
SIAMMASK: dict[str, Row] = {
    "cls": (
        *(1.38676, 14.5421),
        (-2.6678, -2.62897, -2.7839, -2.72522),
        *(-12.3854, -2.89847, 5078),
    ),
    "loc": (
        *(-4.10555, 15.1394),
        (-16.4336, -19.1498, -19.9738, -21.5314),
        *(-20.787, -1.55141, 9688),
    ),
    "mask": (
        *(0.0117111, 23.8653),
        (63.9095, 69.1431, 71.2222, 71.8423),
        *(32.4764, -46.6268, 603803),
    ),
    "refined": (
        *(-16.3508, 16.9227),
        (-0.0883047, 1.36086, 1.71258, 0.813898),
        *(-35.5881, -2.50776, 8869),
    ),
}


def check_row(values: Tensor, row: Row) -> None:
    """To 1e-4 of each number, or 1e-6 of the map's magnitude where a number is close to zero."""
    found = summary(values)
    magnitude = row[1]
    names = ("mean", "mean_abs", "first", "mid", "last")
    for name, expected in zip(names, row, strict=False):
        wanted = list(expected) if isinstance(expected, tuple) else expected
        assert found[name] == pytest.approx(wanted, rel=1e-4, abs=1e-6 * magnitude), name
    assert found["argmax"] == row[-1]


def answer(model: SiameseModel, search: Tensor, template: Tensor) -> BoxOutput:
    with torch.inference_mode():
        output = model(search, template)
    assert isinstance(output, BoxOutput)
    return output


def with_formula_weights(variant: str, layout: Layout) -> SiameseModel:
    model = model_of(variant)
    shapes = {layout.to_published(key): v.shape for key, v in model.state_dict().items()}
    found, state = import_state_dict(formula_state(shapes))
    assert found == variant
    model.load_state_dict(state)
    return model


def check_formula(variant: str, layout: str, rows: dict[str, Row], size: int = 255) -> None:
    model = with_formula_weights(variant, LAYOUTS[layout])
    output = answer(model, pattern_image(size) / 128 - 1, pattern_image(127) / 128 - 1)
    check_row(output.cls, rows["cls"])
    check_row(output.loc, rows["loc"])


def test_the_formula_itself() -> None:
    expected = [-0.74710033, -0.50091059, 0.86673916, -0.37193690]
    assert formula_numbers(0, 4).tolist() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("version", NANOTRACK)
def test_nanotrack_with_released_weights(version: str, data_root: Path) -> None:
    rows = NANOTRACK[version]
    model = model_of(version)
    name = version.replace("_", "")
    load_weights(model, data_root / "weights" / "nanotrack" / f"{name}.pth")
    with torch.inference_mode():
        features = summary(model.embed_template(pattern_image(127)))  # type: ignore[arg-type]
    assert (features["mean"], features["mean_abs"]) == pytest.approx(rows["features"], rel=1e-4)
    output = answer(model, pattern_image(255), pattern_image(127))
    check_row(output.cls, rows["cls"])
    check_row(output.loc, rows["loc"])


def test_siamrpn_alexnet() -> None:
    check_formula("siamrpn_alex", "pysot_alexlegacy", ALEX, size=287)


def test_both_namings_of_alexnet_are_one_network() -> None:
    model = with_formula_weights("siamrpn_alex", LAYOUTS["pysot_alexlegacy"])
    state = model.state_dict()
    for name in ("pysot_alex", "pysot_alexlegacy"):
        layout = LAYOUTS[name]
        published = {layout.to_published(key): value for key, value in state.items()}
        assert find_layout(published) is layout
        _, own = import_state_dict(published)
        assert own.keys() == state.keys()
        assert all(torch.equal(own[key], state[key]) for key in own)


def test_siamrpn_mobilenet() -> None:
    check_formula("siamrpn_mobilev2", "pysot_levels", MOBILENET)


@pytest.mark.slow
@pytest.mark.parametrize("variant", R50)
def test_siamrpn_r50(variant: str) -> None:
    check_formula(variant, "pysot_levels", R50[variant])


def test_siammask() -> None:
    model = with_formula_weights("siammask_r50", LAYOUTS["pysot_siammask"])
    head = model.head
    assert isinstance(head, SiamMaskHead)
    with torch.inference_mode():
        search = model.embed_search(pattern_image(255) / 128 - 1)
        output = model.compare(search, model.embed_template(pattern_image(127) / 128 - 1))
        check_row(output.cls, SIAMMASK["cls"])
        check_row(output.loc, SIAMMASK["loc"])
        check_row(head.masks(output.mask_features), SIAMMASK["mask"])
        refined = head.refine(search, output.mask_features, torch.tensor([[12, 7]]))
        check_row(refined, SIAMMASK["refined"])
