"""Curves as PNG and as SVG for a page: places, legend, colours, bytes."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.viz.plots import TRACKER_COLORS, Curve, plot_curves, tracker_color, tracker_dashes

X = np.linspace(0, 1, 21)
CURVES = [
    Curve("first", X, 1 - X, 0.4),
    Curve("_second", X, 1 - X**2, 0.675),
    Curve("<b>$x_1$ & co", X, np.full(21, 0.25), 0.5),
]


def plot(curves=CURVES, file_format="svg", **settings):
    words = {"title": "Success, OPE on OTB", "x_label": "overlap", "y_label": "share"}
    return plot_curves(curves, file_format=file_format, **{**words, **settings})


def line_points(svg: str, i: int) -> np.ndarray:
    """Points of the path that is drawn in the colour of tracker i, the longest one."""
    paths = re.findall(rf'<path d="([^"]*)"[^>]*stroke: var\(--t{i}\)', svg)
    points = [np.array(re.findall(r"[-\d.]+", path), float).reshape(-1, 2) for path in paths]
    return max(points, key=len)


def test_lines_stand_where_the_data_are():
    svg = plot().decode()
    for i, curve in enumerate(CURVES):
        points = line_points(svg, i)
        assert len(points) == 21
        for column, data in ((0, curve.x), (1, curve.y)):
            if np.ptp(data):
                residual = np.polyfit(data, points[:, column], 1, full=True)[1]
                assert residual[0] < 1e-6
    first, second, level = (line_points(svg, i) for i in range(3))
    assert (first[:, 0] == second[:, 0]).all()
    assert (second[1:-1, 1] < first[1:-1, 1]).all()  # SVG's y goes down
    height_of = np.interp(0.25, [0, 1], [first[-1, 1], first[0, 1]])
    assert level[0, 1] == pytest.approx(height_of, abs=1e-3)


@pytest.mark.parametrize(
    ("higher", "order"),
    [
        (True, ["_second [0.675]", "<b>$x_1$ & co [0.500]", "first [0.400]"]),
        (False, ["first [0.400]", "<b>$x_1$ & co [0.500]", "_second [0.675]"]),
    ],
)
def test_legend_is_sorted_by_score_and_says_it(higher, order):
    texts = [e.text for e in ET.fromstring(plot(higher_is_better=higher)).iter() if e.text]
    assert [text for text in texts if text.endswith("]")] == order


def test_svg_is_made_for_a_page():
    svg = plot().decode()
    root = ET.fromstring(svg)
    assert root.get("viewBox")
    assert root.get("width") is None
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "currentColor" in svg
    assert not re.findall(r"#[0-9a-f]{6}\b", svg), "a colour that ignores the page's theme"
    ids = set(re.findall(r' id="([^"]*)"', svg))
    assert ids == set(re.findall(r"url\(#([^)]*)\)", svg))
    other = set(re.findall(r' id="([^"]*)"', plot(title="Precision").decode()))
    assert ids
    assert not ids & other


@pytest.mark.parametrize("file_format", ["png", "svg"])
def test_equal_inputs_give_equal_bytes(file_format):
    assert plot(file_format=file_format) == plot(file_format=file_format)


def test_png_holds_the_colours_on_white():
    import cv2

    content = plot(CURVES[:2], "png")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert (picture[0, 0] == 255).all()
    for i in range(2):
        color = list(bytes.fromhex(tracker_color(i).on_light[1:]))
        assert (np.abs(picture.astype(int) - color).max(-1) < 12).sum() > 500
    assert b"matplotlib" not in content.lower()


def test_no_window_system_and_no_open_figures():
    plot()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_marks_are_drawn():
    plain, line, band = plot(), plot(mark_x=0.5), plot(mark_x=(0.2, 0.4))
    assert len({plain, line, band}) == 3


def luminance(color: str) -> float:
    channels = np.array(list(bytes.fromhex(color[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("color", TRACKER_COLORS)
def test_colours_are_readable_on_their_ground(color):
    """3 : 1 is what WCAG asks of graphics."""
    assert 1.05 / (luminance(color.on_light) + 0.05) > 3
    assert (luminance(color.on_dark) + 0.05) / (luminance("#171b21") + 0.05) > 3
    assert color.rgb_on_dark == tuple(int(color.on_dark[i : i + 2], 16) for i in (1, 3, 5))


def test_32_trackers_look_different():
    looks = {(tracker_color(i), tracker_dashes(i)) for i in range(32)}
    assert len(looks) == 32


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ([], "has no curve"),
        ([Curve("a", X, X[:3], 0.1)], r"'a' needs x and y"),
        ([Curve("a", X[:1], X[:1], 0.1)], r"K >= 2"),
    ],
)
def test_unusable_curves_are_refused(curves, words):
    with pytest.raises(InvalidArgument, match=words):
        plot(curves)


def test_absent_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[eval\]'"):
        plot()
