"""`report.html`: one page that needs nothing else, light and dark, for screens of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from siamcorr.evaluation.report.markup import Html, element, raw
from siamcorr.evaluation.report.model import METRICS, Report
from siamcorr.evaluation.report.page_films import films_section
from siamcorr.evaluation.report.page_tables import (
    attribute_section,
    comparison_section,
    ranking_section,
    section,
    sequence_section,
)
from siamcorr.evaluation.report.plots import Plot
from siamcorr.evaluation.report.tables import format_metric
from siamcorr.evaluation.report.words import report_title
from siamcorr.viz.filmstrip import Film
from siamcorr.viz.plots import tracker_color

__all__ = ["report_page"]

_TITLES = {
    "ranking": "Ranking",
    "plots": "Plots",
    "comparison": "Comparison",
    "attributes": "Attributes",
    "sequences": "Sequences",
    "films": "Worst sequences",
    "rules": "Rules",
}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def report_page(
    report: Report,
    *,
    plots: Sequence[Plot] = (),
    films: Sequence[Film] = (),
    worst_for: Mapping[str, Sequence[str]] | None = None,
    fps: Mapping[str, float] | None = None,
) -> str:
    """Compose the page.

    Args:
        report: of any protocol.
        plots: as SVG, from `siamcorr.evaluation.report.plots.report_plots`.
        films: of the worst sequences; their tracks are the report's trackers in order.
        worst_for: labels of the trackers that do badly on a sequence, by its name.
        fps: frames per second by label, where measured.

    Returns:
        An HTML document. It asks for nothing from outside: its content security policy forbids it.
    """
    sections = {
        "ranking": ranking_section(report, fps or {}),
        "plots": _plots_section(plots),
        "comparison": comparison_section(report),
        "attributes": attribute_section(report),
        "sequences": sequence_section(report),
        "films": films_section(report, films, worst_for or {}),
        "rules": _rules_section(report),
    }
    shown = {anchor: found for anchor, found in sections.items() if found is not None}
    page = element(
        "html",
        _head(report),
        element(
            "body",
            _header(report),
            _navigation(shown),
            element("main", *shown.values()),
            element("footer", element("p", "Made by siamcorr. This page works without a network.")),
            element("script", raw(_resource("page.js"))),
        ),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n"


def _head(report: Report) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", report_title(report)),
        element("style", raw(_resource("page.css") + _tracker_style(len(report.trackers)))),
    )


def _header(report: Report) -> Html:
    best, count = report.trackers[report.ranking[0]], len(report.trackers)
    score = format_metric(report.headline, best.summary[report.headline])
    words = (
        f"{count} tracker{'s' if count > 1 else ''} on {len(report.frames)} sequences with "
        f"{sum(report.frames.values()):,} frames, counted by the rules of {report.convention}. "
        f"{best.label} {'leads with' if count > 1 else 'has'} "
        f"{METRICS[report.headline].short} {score}."
    )
    return element(
        "header", element("h1", report_title(report)), element("p", words, class_="lead")
    )


def _navigation(shown: Mapping[str, Html]) -> Html:
    links = [element("li", element("a", _TITLES[anchor], href=f"#{anchor}")) for anchor in shown]
    return element("nav", element("ul", *links), aria_label="Sections")


def _plots_section(plots: Sequence[Plot]) -> Html | None:
    if not plots:
        return None
    figures = [
        element(
            "figure",
            element("div", raw(plot.content.decode()), role="img", aria_label=plot.title),
            class_="card",
        )
        for plot in plots
    ]
    words = "The score that ranks each curve stands in brackets."
    return section("plots", "Plots", words, element("div", *figures, class_="plots"))


def _rules_section(report: Report) -> Html | None:
    if not report.notes:
        return None
    notes = element("ul", *(element("li", note) for note in report.notes), class_="notes")
    return section("rules", "How it is counted", "What the numbers above mean.", notes)


def _tracker_style(count: int) -> str:
    """Colours of the trackers on light and dark ground and on photos, and their switches."""
    colors = [tracker_color(i) for i in range(count)]
    light = "".join(f"--t{i}:{color.on_light};" for i, color in enumerate(colors))
    dark = "".join(f"--t{i}:{color.on_dark};" for i, color in enumerate(colors))
    photo = "".join(f"--p{i}:{color.on_dark};" for i, color in enumerate(colors))
    hidden = ",".join(f".without-t{i} .of-t{i}" for i in range(count))
    return (
        f":root{{{light}{photo}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{hidden}{{display:none}}\n"
    )


def _resource(name: str) -> str:
    """Text of a file beside this module."""
    return files("siamcorr.evaluation.report").joinpath(name).read_text(encoding="utf-8")
