"""The named conventions of one-pass evaluation: how each benchmark's own code counts a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from siamcorr.errors import UnknownName, closest

__all__ = ["OPE_CONVENTIONS", "Headline", "OpeConvention", "find_convention"]

Headline = Literal["mean", "area"] | float
"""One number out of a curve: the mean over thresholds, the area by trapezoids, or the value at a
threshold."""


@dataclass(frozen=True)
class OpeConvention:
    """How predicted boxes become success and precision curves.

    In every convention a success is overlap > threshold, a precise frame has its centre at a
    distance <= threshold, a prediction with NaN is missed by both, ground truth without area is
    missed by success, boxes are not clipped to the frame, and sequences weigh alike.

    Attributes:
        name: how it is asked for and how a report names it.
        source: whose code counts like this, on which data sets.
        first_frame: `scored` as it was predicted, or `replaced` by the ground truth.
        absent: frames flagged as absent are `scored` like the others, or a `miss` in every curve;
            they count as frames either way.
        unannotated: frames whose ground truth holds NaN are `dropped`, or a `miss` of success.
        off_frame: frames whose ground-truth centre has x <= 0 or y <= 0 (or is NaN) are `measured`
            like the others, or a `hit` of precision at every threshold.
        normalised_by: centre offsets are divided by the ground truth's `size`, or by its
            `size_at_least_1` pixel.
        rounded: whether boxes are rounded to whole pixels first, half to even.
        success_thresholds: overlaps.
        precision_thresholds: pixels.
        normalised_thresholds: shares of the target's size.
        success_headline: the number called AUC.
        precision_headline: the number called precision.
        normalised_headline: the number called normalised precision.
    """

    name: str
    source: str
    first_frame: Literal["scored", "replaced"] = "scored"
    absent: Literal["scored", "miss"] = "scored"
    unannotated: Literal["miss", "dropped"] = "miss"
    off_frame: Literal["measured", "hit"] = "measured"
    normalised_by: Literal["size", "size_at_least_1"] = "size"
    rounded: bool = False
    success_thresholds: tuple[float, ...] = tuple(i / 20 for i in range(21))
    precision_thresholds: tuple[float, ...] = tuple(float(i) for i in range(51))
    normalised_thresholds: tuple[float, ...] = tuple(i / 100 for i in range(51))
    success_headline: Headline = "mean"
    precision_headline: Headline = 20.0
    normalised_headline: Headline = 0.2


_PYSOT = OpeConvention(
    name="pysot",
    source="PySOT toolkit on OTB, UAV123 and NFS",
    off_frame="hit",
)
_GOT10K_OTB = OpeConvention(
    name="otb",
    source="got10k toolkit on OTB; its normalised precision is the one it has for LaSOT",
    first_frame="replaced",
    normalised_by="size_at_least_1",
    normalised_headline="mean",
)

OPE_CONVENTIONS: Mapping[str, OpeConvention] = MappingProxyType(
    {
        convention.name: convention
        for convention in (
            _PYSOT,
            _GOT10K_OTB,
            replace(_PYSOT, name="lasot", source="PySOT toolkit on LaSOT", absent="miss"),
            replace(
                _GOT10K_OTB,
                name="lasot_got10k",
                source="got10k toolkit on LaSOT",
                unannotated="dropped",
            ),
            replace(
                _GOT10K_OTB,
                name="uav",
                source="got10k toolkit on UAV123; its normalised precision is the one for LaSOT",
                unannotated="dropped",
            ),
            OpeConvention(
                name="trackingnet",
                source="TrackingNet devkit, which its evaluation server runs",
                first_frame="replaced",
                rounded=True,
                precision_thresholds=tuple(2.5 * i for i in range(21)),
                normalised_thresholds=tuple(i / 40 for i in range(21)),
                success_headline="area",
                precision_headline="area",
                normalised_headline="area",
            ),
        )
    }
)
"""Conventions by name. GOT-10k pools frames instead of averaging sequences: `got10k_scores`."""


def find_convention(convention: str | OpeConvention) -> OpeConvention:
    """A convention by its name; one of the caller's own passes through.

    Raises:
        UnknownName: no convention of this name.
    """
    if isinstance(convention, OpeConvention):
        return convention
    if convention not in OPE_CONVENTIONS:
        raise UnknownName(
            f"unknown convention {convention!r}{closest(convention, OPE_CONVENTIONS)}"
            f"\n  known: {', '.join(OPE_CONVENTIONS)}"
        )
    return OPE_CONVENTIONS[convention]
