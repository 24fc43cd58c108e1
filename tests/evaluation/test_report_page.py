"""The HTML page as text: well formed, self-contained, escaped, accessible, of bounded size."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from report_scenes import LENGTHS, small_set, some_responses, three_runs

from siamcorr.evaluation.report import build_ope_report, report_page, worst_sequences
from siamcorr.evaluation.report.films import make_film
from siamcorr.evaluation.report.markup import element, join, raw
from siamcorr.evaluation.report.page_films import films_section
from siamcorr.evaluation.report.plots import report_plots
from siamcorr.viz.filmstrip import Film, FilmFrame, FilmTrack

NASTY = "<script>alert(1)</script> & \"x\" 'y' ]]> {z}"
VOID = {"br", "img", "input", "meta"}


class Reader(HTMLParser):
    """Collects tags with their attributes and the text; fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def full_page(folder, runs):
    sequences = small_set(folder)
    report = build_ope_report(sequences, runs)
    worst = worst_sequences(report, 2)
    films = [
        make_film(
            sequences[name],
            {label: of_tracker[name][0] for label, of_tracker in runs.items()},
            responses=some_responses,
            watched=labels,
        )
        for name, labels in worst.items()
    ]
    plots = report_plots(report, "svg")
    return report_page(report, plots=plots, films=films, worst_for=worst, fps={"exact": 1234.5})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return full_page(tmp_path_factory.mktemp("data"), three_runs())


def test_page_needs_nothing_from_outside(page):
    reader = read(page)
    addresses = [
        value
        for _, attributes in reader.tags
        for name, value in attributes.items()
        if name in {"src", "href", "xlink:href", "action", "data", "srcset"}
    ]
    assert addresses
    assert all(address.startswith(("data:image/webp;base64,", "#")) for address in addresses)
    assert not reader.all("link")
    assert "@import" not in page
    policy = reader.all("meta")[2]["content"]
    assert "default-src 'none'" in policy


def test_anchors_lead_somewhere_and_ids_are_unique(page):
    reader = read(page)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in reader.all("a")]
    assert set(links) <= set(ids)
    assert {"ranking", "plots", "comparison", "attributes", "sequences", "films"} <= set(links)
    referenced = set(re.findall(r"url\(#([^)]*)\)", page))
    assert referenced <= set(ids)


def test_every_picture_has_a_description(page):
    reader = read(page)
    assert reader.all("img")
    assert all(image["alt"] for image in reader.all("img"))
    for tag in ("svg", "div"):
        pictures = [a for a in reader.all(tag) if a.get("role") == "img"]
        assert all(a["aria-label"] for a in pictures)
        assert pictures
    hidden = [a for a in reader.all("svg") if a.get("role") != "img" and "viewbox" in a]
    drawn = [a for a in hidden if a.get("aria-hidden") != "true"]
    assert len(drawn) == 3  # the plots, whose parents are described


def test_pictures_are_the_frames(page):
    images = [a["href"] for a in read(page).all("image")]
    content = base64.b64decode(images[0].removeprefix("data:image/webp;base64,"))
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (90, 120, 3)
    assert np.abs(picture[28, 20].astype(int) - (30, 60, 160)).max() < 40
    assert np.abs(picture[70, 90].astype(int) - 90).max() < 20


def test_boxes_and_the_first_miss_are_in_the_film(page):
    reader = read(page)
    boxes = [a for a in reader.all("polygon") if a["class"] == "box"]
    assert {a["style"] for a in boxes} == {f"stroke:var(--p{i})" for i in range(3)}
    text = "".join(reader.text)
    assert "first miss of lost" in text
    assert "among the worst of lost" in text
    first = next(a["points"] for a in reader.all("polygon") if a["class"] == "box truth")
    assert first.split()[0] == "10.0,20.0"


def test_numbers_of_the_page_are_those_of_the_report(page):
    report = build_ope_report(small_set(), three_runs())
    text = " ".join(read(page).text)
    for tracker in report.trackers:
        assert f"{tracker.summary['success_auc']:.3f}" in text
        for name in LENGTHS:
            assert f"{tracker.sequences[name]['success_auc']:.3f}" in text
    assert "1,234" in text  # frames per second


def test_colours_are_named_for_light_dark_and_photos(page):
    style = page[page.index("<style>") : page.index("</style>")]
    for i in range(3):
        assert style.count(f"--t{i}:") == 2
        assert f"--p{i}:" in style
        assert f".without-t{i} .of-t{i}" in style
    assert "--t3" not in style


def test_all_text_is_escaped(tmp_path):
    runs = three_runs()
    runs[NASTY] = runs.pop("lost")
    sequences = small_set()
    nasty = replace(sequences["walk"], name=NASTY, attributes=(NASTY,))
    runs = {label: {NASTY: of_tracker["walk"]} for label, of_tracker in runs.items()}
    report = build_ope_report(replace(sequences, sequences=(nasty,), name=NASTY), runs)
    page = report_page(report, plots=report_plots(report, "svg"))
    reader = read(page)
    assert len(reader.all("script")) == 1
    assert "alert(1)" not in page.split("<script>")[1]
    assert "<script>alert" not in page
    assert "".join(reader.text).count(NASTY) > 5


def test_elements_escape_text_and_attributes():
    assert element("p", "a<b", raw("<i>c</i>"), title='"q"') == (
        '<p title="&quot;q&quot;">a&lt;b<i>c</i></p>'
    )
    assert element("input", checked=True, disabled=False, value=None) == "<input checked>"
    assert element("circle", r=2) == '<circle r="2"/>'
    assert join("<", None, raw("<br>")) == "&lt;<br>"


def test_a_single_tracker_gets_a_page_without_comparison():
    report = build_ope_report(small_set(), {"alone": three_runs()["near"]})
    text = "".join(read(report_page(report)).text)
    assert "1 tracker on 3 sequences" in text
    assert "alone has AUC" in text
    assert "Compared with" not in text


def test_fifteen_films_of_three_trackers_stay_below_six_megabytes():
    """Frames of blurred noise, which compress worse than video, as large as a film's may be."""
    noise = np.random.default_rng(0).integers(0, 256, (288, 384, 3), dtype=np.uint8)
    texture = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    report = build_ope_report(small_set(), three_runs())
    indices = range(0, 1000, 100)
    corners = np.tile(np.array([[40.0, 40], [90, 40], [90, 80], [40, 80]]), (1000, 1, 1))
    overlaps = np.random.default_rng(1).random(1000)
    maps = {i: some_responses("exact", "walk")[4] for i in indices}
    tracks = [FilmTrack(t.label, (9, 9, 9), corners, overlaps, maps) for t in report.trackers]
    frames = tuple(FilmFrame(i, texture, 1.0) for i in indices)
    film = Film("walk", frames, corners, tuple(tracks))
    section = films_section(report, [film] * 15, {})
    assert len(section) < 6e6
    assert section.count("data:image/webp") == 15 * 10 * 4
