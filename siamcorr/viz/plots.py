"""Plots from arrays as bytes of PNG or inline SVG: curves with the legends of the papers."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.viz.colors import Color

__all__ = [
    "TRACKER_COLORS",
    "Curve",
    "TrackerColor",
    "plot_curves",
    "tracker_color",
    "tracker_dashes",
]


class TrackerColor(NamedTuple):
    """One hue in two lightnesses, as `#rrggbb`: on a light ground, and on a dark one or a photo."""

    on_light: str
    on_dark: str

    @property
    def rgb_on_dark(self) -> Color:
        """The second as RGB, 0 ... 255."""
        red, green, blue = bytes.fromhex(self.on_dark[1:])
        return red, green, blue


TRACKER_COLORS: tuple[TrackerColor, ...] = (
    TrackerColor("#0067a8", "#4db2ff"),
    TrackerColor("#c94a00", "#ff8a4c"),
    TrackerColor("#00805c", "#2fd3a0"),
    TrackerColor("#8e3f97", "#d99be6"),
    TrackerColor("#a87400", "#ffc53d"),
    TrackerColor("#c2255c", "#ff7fa8"),
    TrackerColor("#1588a6", "#7fe0f5"),
    TrackerColor("#5f6672", "#b4bcc8"),
)
"""Hues that stay apart under the common colour-vision deficiencies; dashes tell them apart too."""

_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (6, 2, 1.5, 2), (2, 1.5))
_SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 11,
    "svg.fonttype": "none",
    "text.usetex": False,
    "path.simplify": False,
}
_REFERENCE = re.compile(r'(?:(?<=url\()|(?<=href="))#([\w.-]+)')
_WIDTH, _HEIGHT, _LEGEND_ROW = 4.6, 3.6, 0.22  # inches
_INK = "#010203"  # stands for `currentColor` until the SVG is written
_PAPER_INK = "#22262e"


class Curve(NamedTuple):
    """One line of a plot.

    Attributes:
        label: name of the tracker.
        x: (K,) positions, ascending.
        y: (K,) heights, 0 ... 1; NaN leaves a gap.
        score: what the legend shows and sorts by.
    """

    label: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    score: float


def tracker_color(i: int) -> TrackerColor:
    """Colour of tracker number `i` of a report."""
    return TRACKER_COLORS[i % len(TRACKER_COLORS)]


def tracker_dashes(i: int) -> tuple[float, ...]:
    """Dash pattern of tracker number `i` in line widths; empty is solid.

    After eight trackers the colours come again, each with another pattern.

    Example:
        >>> tracker_dashes(0), tracker_dashes(1)
        ((), (6, 2))
    """
    return _DASHES[(i + i // len(TRACKER_COLORS)) % len(_DASHES)]


def plot_curves(
    curves: Sequence[Curve],
    *,
    title: str,
    x_label: str,
    y_label: str,
    higher_is_better: bool = True,
    mark_x: float | tuple[float, float] | None = None,
    file_format: Literal["png", "svg"] = "png",
) -> bytes:
    """Plot one line a tracker with a legend such as `NanoTrack [0.675]`, best score first.

    Args:
        curves: at least one; number i has the colour and the dashes of tracker i.
        title: over the plot.
        x_label: under the horizontal axis.
        y_label: beside the vertical axis.
        higher_is_better: order of the legend.
        mark_x: position of the headline's threshold, or the interval that it averages over.
        file_format: `png` is 2x, on white; `svg` is made for a page: transparent, its ink is
            `currentColor`, its line i is `var(--t<i>)`, its text has the page's font.

    Returns:
        The file's bytes; equal inputs give equal bytes.

    Raises:
        InvalidArgument: no curve, or one whose x and y are not (K,) both with K >= 2.
        MissingDependency: matplotlib is not installed.
    """
    _check(curves, title)
    with _load_matplotlib().rc_context({**_SETTINGS, "svg.hashsalt": title}):
        ink = _INK if file_format == "svg" else _PAPER_INK
        figure, axes = _empty_axes(title, (x_label, y_label), ink)
        rows = -(-len(curves) // _legend_columns(curves))
        figure.set_size_inches(_WIDTH, _HEIGHT + rows * _LEGEND_ROW)
        _draw_lines(axes, curves, file_format)
        axes.set_xlim(min(c.x[0] for c in curves), max(c.x[-1] for c in curves))
        axes.set_ylim(0, 1)
        _draw_mark(axes, mark_x, ink)
        _draw_legend(figure, axes.lines[: len(curves)], curves, higher_is_better, ink)
        return _saved(figure, file_format, title)


def _check(curves: Sequence[Curve], title: str) -> None:
    if not curves:
        raise InvalidArgument(f"plot_curves: {title!r} has no curve")
    for curve in curves:
        shapes = np.shape(curve.x), np.shape(curve.y)
        if shapes[0] != shapes[1] or len(shapes[0]) != 1 or shapes[0] < (2,):
            raise InvalidArgument(
                f"plot_curves: {curve.label!r} needs x and y (K,) with K >= 2, got "
                f"{shapes[0]} and {shapes[1]}"
            )


def _load_matplotlib() -> Any:
    try:
        import matplotlib as mpl
        import matplotlib.figure
    except ImportError as error:
        raise MissingDependency(
            f"plots need matplotlib, which does not load: {error}\n"
            "  cure: pip install 'siamcorr[eval]'"
        ) from error
    return mpl


def _empty_axes(title: str, labels: tuple[str, str], ink: str) -> tuple[Any, Any]:
    """A figure outside pyplot, so that no global backend, window or list of figures is touched."""
    figure = _load_matplotlib().figure.Figure(layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(_plain(title), color=ink, fontsize=12.5, fontweight="bold", loc="left", pad=10)
    axes.set_xlabel(_plain(labels[0]), color=ink)
    axes.set_ylabel(_plain(labels[1]), color=ink)
    axes.tick_params(colors=ink, length=0, pad=5)
    axes.grid(visible=True, color=ink, alpha=0.13, linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(ink)
        spine.set_alpha(0.45)
    return figure, axes


def _draw_lines(axes: Any, curves: Sequence[Curve], file_format: str) -> None:
    for i, curve in enumerate(curves):
        color = _stand_in(i) if file_format == "svg" else tracker_color(i).on_light
        (line,) = axes.plot(curve.x, curve.y, color=color, linewidth=2.1, clip_on=False)
        if dashes := tracker_dashes(i):
            line.set_dashes(dashes)


def _draw_mark(axes: Any, mark_x: float | tuple[float, float] | None, ink: str) -> None:
    if isinstance(mark_x, tuple):
        axes.axvspan(*mark_x, color=ink, alpha=0.07, linewidth=0)
    elif mark_x is not None:
        axes.axvline(mark_x, color=ink, alpha=0.45, linewidth=1, dashes=(2, 3))


def _draw_legend(
    figure: Any, lines: Sequence[Any], curves: Sequence[Curve], higher_is_better: bool, ink: str
) -> None:
    """Put the legend under the plot, where it hides no curve, best score first."""
    sign = -1 if higher_is_better else 1
    order = sorted(range(len(curves)), key=lambda i: (sign * curves[i].score, i))
    box = figure.legend(
        [lines[i] for i in order],
        [f"line {i}" for i in order],
        loc="outside lower left",
        ncols=_legend_columns(curves),
        frameon=False,
        labelcolor=ink,
        handlelength=2.5,
        columnspacing=1.4,
        fontsize=10.5,
    )
    for i, text in zip(order, box.get_texts(), strict=True):  # a leading _ would hide the line
        text.set_text(f"{_plain(curves[i].label)} [{curves[i].score:.3f}]")


def _legend_columns(curves: Sequence[Curve]) -> int:
    """Two where all labels are short enough for half the width."""
    return 2 if max(len(curve.label) for curve in curves) <= 14 else 1


def _plain(text: str) -> str:
    """Text that matplotlib does not read as a formula."""
    return text.replace("$", r"\$")


def _stand_in(i: int) -> str:
    """A colour that no plot uses, to be replaced by the page's variable number i."""
    return f"#7e5d{i:02x}"


def _saved(figure: Any, file_format: str, title: str) -> bytes:
    file = io.BytesIO()
    if file_format == "png":
        figure.savefig(file, format="png", dpi=180, facecolor="white", metadata={"Software": None})
        return file.getvalue()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return _for_page(file.getvalue().decode(), title).encode()


def _for_page(svg: str, title: str) -> str:
    """Take an SVG file apart for use inside a page: no prologue, no fixed size, no fixed colours.

    Its style would rule the whole page, and its ids would meet those of other plots: what nothing
    refers to loses its id, the rest is renamed. Only tags are touched, never the text in them.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>", "", svg, flags=re.DOTALL)
    prefix = re.sub(r"[^a-z0-9]+", "-", title.lower())
    used = {name for tag in re.findall("<[^>]*>", svg) for name in _REFERENCE.findall(tag)}

    def adapt(found: re.Match[str]) -> str:
        tag = found[0]
        if tag.startswith("<svg"):
            tag = re.sub(r' (width|height)="[^"]*"', "", tag)
        tag = re.sub("#7e5d([0-9a-f]{2})", lambda m: f"var(--t{int(m[1], 16)})", tag)
        tag = tag.replace(_INK, "currentColor")
        tag = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", tag)
        keep = rf' id="{prefix}-\1"'
        tag = re.sub(r' id="([^"]+)"', lambda m: m.expand(keep) if m[1] in used else "", tag)
        return _REFERENCE.sub(rf"#{prefix}-\1", tag)

    return re.sub("<[^>]*>", adapt, svg)
