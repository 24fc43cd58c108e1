"""The public names, pinned: a change here is a change that users see and CHANGELOG.md records."""

from __future__ import annotations

import importlib

import pytest

import siamcorr

PUBLIC = {
    "siamcorr": [
        "ResponseMap",
        "Sequence",
        "SiamcorrError",
        "TrackResult",
        "Tracker",
        "__version__",
        "data",
        "evaluation",
        "geometry",
        "load_tracker",
        "models",
        "nn",
        "open_source",
        "ops",
        "track",
        "tracking",
        "viz",
    ],
    "siamcorr.ops": [
        "batched_conv2d",
        "channel_affine",
        "constrained_correlation_filter",
        "correlation_filter",
        "crop_kernel",
        "filter_response",
        "list_backends",
        "ncc",
        "use_backend",
        "xcorr",
        "xcorr_depthwise",
        "xcorr_pixelwise",
        "xcorr_upchannel",
    ],
    "siamcorr.nn": [
        "BatchedConv2d",
        "ChannelAffine",
        "ConstrainedCorrelationFilter",
        "CorrelationFilter",
        "DynamicRegionAwareConv2d",
        "NCC",
        "XCorr",
        "XCorrDepthwise",
        "XCorrPixelwise",
        "XCorrUpChannel",
    ],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_these(module: str) -> None:
    assert sorted(importlib.import_module(module).__all__) == PUBLIC[module]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in PUBLIC.items() for name in names]
)
def test_public_name_resolves_and_is_documented(module: str, name: str) -> None:
    found = getattr(importlib.import_module(module), name)
    assert name == "__version__" or (found.__doc__ or "").strip(), f"{module}.{name}: no docstring"


def test_dir_shows_the_lazy_names() -> None:
    assert set(PUBLIC["siamcorr"]) <= set(dir(siamcorr))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'siamcorr' has no attribute 'tracker'"):
        siamcorr.tracker  # noqa: B018 - the access is the test
