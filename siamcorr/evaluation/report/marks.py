"""Small inline SVG marks of the page: swatches, intervals, dots on an axis, boxes on frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from siamcorr.evaluation.report.markup import Html, element, join
from siamcorr.evaluation.results import FloatArray
from siamcorr.viz.plots import tracker_dashes

__all__ = ["Axis", "dots", "interval_mark", "outline", "profile_path", "swatch"]

_WIDTH, _HEIGHT = 160.0, 20.0


class Axis(NamedTuple):
    """The numbers at the left and the right end of a mark."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Horizontal position of a number, inside a margin for the dot."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(6 + (_WIDTH - 12) * share, 2)


def swatch(i: int) -> Html:
    """A short line in the colour and the dashes of tracker number `i`."""
    dashes = " ".join(f"{2 * dash:g}" for dash in tracker_dashes(i))
    style = f"stroke:var(--t{i});stroke-width:3.2" + (
        f";stroke-dasharray:{dashes}" if dashes else ""
    )
    line = element("line", x1=0, y1=4, x2=24, y2=4, style=style)
    return element("svg", line, class_="swatch", viewBox="0 0 24 8", aria_hidden="true")


def interval_mark(
    i: int, axis: Axis, value: float, ends: tuple[float, float] | None, *, zero: bool = False
) -> Html:
    """A dot at the value with a whisker over its interval, in the colour of tracker `i`."""
    color = f"var(--t{i})"
    parts = [_axis_line()]
    if zero:
        at = axis.place(0.0)
        parts.append(element("line", x1=at, x2=at, y1=1, y2=19, class_="zero"))
    if ends is not None:
        low, high = axis.place(ends[0]), axis.place(ends[1])
        style = f"stroke:{color};stroke-width:3;stroke-linecap:round;stroke-opacity:.5"
        parts.append(element("line", x1=low, x2=high, y1=10, y2=10, style=style))
    if not math.isnan(value):
        parts.append(element("circle", cx=axis.place(value), cy=10, r=4.5, style=f"fill:{color}"))
    return _marks(parts, "marks wide" if zero else "marks")


def dots(values: Sequence[float | None], axis: Axis) -> Html:
    """One dot a tracker on one axis; the line between the outer two shows how far they part."""
    given = ((i, math.nan if value is None else value) for i, value in enumerate(values))
    known = [(i, axis.place(value)) for i, value in given if not math.isnan(value)]
    parts = [_axis_line()]
    if len(known) > 1:
        places = [place for _, place in known]
        style = "stroke:var(--soft);stroke-opacity:.4;stroke-width:2"
        parts.append(element("line", x1=min(places), x2=max(places), y1=10, y2=10, style=style))
    for i, place in reversed(known):  # the first tracker lies on top
        style = f"fill:var(--t{i});stroke:var(--card);stroke-width:1.2"
        parts.append(element("circle", cx=place, cy=10, r=4.8, style=style, class_=f"of-t{i}"))
    return _marks(parts, "marks")


def outline(corners_xy: FloatArray, classes: str, style: str | None = None) -> Html | None:
    """A box of (4, 2) corners as a polygon; None where it is not finite."""
    if not np.isfinite(corners_xy).all():
        return None
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners_xy)
    return element("polygon", points=points, class_=classes, style=style)


def profile_path(i: int, profile: FloatArray) -> Html:
    """Overlap over time as a filled step curve in a box that is len(profile) wide and 1 high."""
    heights = 1 - np.nan_to_num(profile)
    steps = "".join(f"V{y:.2f}H{x + 1}" for x, y in enumerate(heights))
    return element("path", d=f"M0 1{steps}V1Z", style=f"fill:var(--t{i});fill-opacity:.8")


def _axis_line() -> Html:
    return element("line", x1=0, x2=_WIDTH, y1=10, y2=10, class_="axis")


def _marks(parts: Sequence[Html], classes: str) -> Html:
    box = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return element("svg", join(*parts), class_=classes, viewBox=box, aria_hidden="true")
