"""Section of the page with filmstrips: frames, boxes, response maps, overlap over time."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from siamcorr.evaluation.report.marks import outline, profile_path
from siamcorr.evaluation.report.markup import Html, element, join
from siamcorr.evaluation.report.model import Report
from siamcorr.evaluation.report.page_tables import section, tracker_name
from siamcorr.evaluation.report.tables import format_metric
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray
from siamcorr.viz.filmstrip import TRUTH_COLOR, Film, FilmFrame, overlap_profile, response_tile

__all__ = ["films_section"]

_TILE = 112  # pixels of a response map
_PROFILE = 500  # steps of an overlap curve


def films_section(
    report: Report, films: Sequence[Film], worst_for: Mapping[str, Sequence[str]]
) -> Html | None:
    """Films of the worst sequences with a switch a tracker.

    Args:
        report: whose trackers the tracks of every film are, in order.
        films: one a sequence.
        worst_for: labels of the trackers that do badly on it, by name of the sequence.

    Returns:
        The section; None without films.
    """
    if not films:
        return None
    words = (
        "The sequences on which a tracker scores lowest. White is the ground truth; the curves "
        "below show the overlap with it over time, with ticks at the frames above. A frame opens "
        "when it is clicked."
    )
    articles = [_article(report, film, worst_for.get(film.name, ())) for film in films]
    viewer = element("dialog", id="viewer", aria_label="Enlarged frame")
    return section("films", "Worst sequences", words, _toggles(report), *articles, viewer)


def _toggles(report: Report) -> Html:
    labels = [
        element(
            "label",
            element("input", type="checkbox", value=f"t{i}", checked=True),
            tracker_name(report, i),
        )
        for i in range(len(report.trackers))
    ]
    return element("div", *labels, class_="toggles", role="group", aria_label="Show trackers")


def _article(report: Report, film: Film, worst_for: Sequence[str]) -> Html:
    head = element(
        "div",
        element("h3", film.name),
        element("span", f"{len(film.truth_xy)} frames", class_="soft small"),
        *(element("span", f"among the worst of {label}", class_="tag") for label in worst_for),
        _scores(report, film),
        class_="film-head",
    )
    frames = [_figure(film, frame) for frame in film.frames]
    strip = element("div", *frames, class_="strip", tabindex=0, role="region", aria_label="Frames")
    return element("article", head, strip, _timeline(report, film), class_="card film")


def _scores(report: Report, film: Film) -> Html:
    metric, parts = report.sequence_metrics[0], []
    for i, tracker in enumerate(report.trackers):
        value = tracker.sequences.get(film.name, {}).get(metric)
        text = element("b", format_metric(metric, value))
        parts.append(element("span", tracker_name(report, i), " ", text, class_=f"of-t{i}"))
    return element("div", *parts, class_="scores")


def _figure(film: Film, frame: FilmFrame) -> Html:
    """One frame with its boxes as vectors, so that they stay sharp and can be switched off."""
    height, width = frame.picture.shape[:2]
    image = element("image", href=_data_uri(frame.picture, 74), width=width, height=height)
    scaled = frame.scale * film.truth_xy[frame.index]
    shapes = [outline(scaled, "casing"), outline(scaled, "box truth")]
    for i, track in enumerate(film.tracks):
        corners = frame.scale * track.corners_xy[frame.index]
        box = join(outline(corners, "casing"), outline(corners, "box", f"stroke:var(--p{i})"))
        shapes.append(element("g", box, class_=f"of-t{i}"))
    words = _describe(film, frame)
    picture = element(
        "svg", image, *shapes, viewBox=f"0 0 {width} {height}", role="img", aria_label=words
    )
    button = element("button", picture, type="button", class_="frame")
    return element("figure", button, _caption(film, frame), _tiles(film, frame))


def _describe(film: Film, frame: FilmFrame) -> str:
    overlaps = (
        f"{track.label} {track.overlaps[frame.index]:.2f}"
        for track in film.tracks
        if track.overlaps[frame.index] == track.overlaps[frame.index]
    )
    return f"Frame {frame.index} of {film.name}; overlap with the truth: {', '.join(overlaps)}"


def _caption(film: Film, frame: FilmFrame) -> Html:
    lost = [track.label for track in film.tracks if track.first_failure == frame.index]
    words = element("span", f" first miss of {', '.join(lost)}", class_="lost") if lost else None
    return element("figcaption", f"frame {frame.index}", words)


def _tiles(film: Film, frame: FilmFrame) -> Html | None:
    """Response maps of this frame, underlined in the colours of their trackers."""
    tiles = []
    for i, track in enumerate(film.tracks):
        if frame.index not in track.responses:
            continue
        truth = (film.truth_xy[frame.index], TRUTH_COLOR)
        own = (track.corners_xy[frame.index], track.color)
        tile = response_tile(track.responses[frame.index], _TILE, [truth, own])
        words = f"Response of {track.label} in frame {frame.index}"
        image = element("img", src=_data_uri(tile, 80), alt=words, width=_TILE, height=_TILE)
        tiles.append(element("div", image, class_=f"of-t{i}", style=f"border-color:var(--t{i})"))
    return element("div", *tiles, class_="tiles") if tiles else None


def _timeline(report: Report, film: Film) -> Html:
    """One overlap curve a tracker over the whole sequence, with ticks at the film's frames."""
    rows: list[Html] = []
    length = len(film.truth_xy)
    for i, track in enumerate(film.tracks):
        profile = overlap_profile(track.overlaps, _PROFILE)
        width = len(profile)
        ticks = [
            element("line", x1=at, x2=at, y1=0, y2=1)
            for frame in film.frames
            for at in [f"{(frame.index + 0.5) * width / length:.1f}"]
        ]
        words = f"Overlap of {track.label} over the {length} frames of {film.name}"
        curve = element(
            "svg",
            profile_path(i, profile),
            *ticks,
            class_="profile",
            viewBox=f"0 0 {width} 1",
            preserveAspectRatio="none",
            role="img",
            aria_label=words,
        )
        rows += [
            element("span", tracker_name(report, i), class_=f"of-t{i}"),
            element("div", curve, class_=f"of-t{i}"),
        ]
    ends = element(
        "div", element("span", "frame 0"), element("span", f"frame {length - 1}"), class_="scale"
    )
    return element("div", *rows, ends, class_="time")


def _data_uri(picture: FrameArray, quality: int) -> str:
    """A picture as a WebP data address."""
    cv2 = load_cv2()
    options = [cv2.IMWRITE_WEBP_QUALITY, quality]
    _, encoded = cv2.imencode(".webp", picture[:, :, ::-1], options)
    return "data:image/webp;base64," + base64.b64encode(encoded.tobytes()).decode()
