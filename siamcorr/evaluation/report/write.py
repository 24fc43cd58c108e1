"""All files of a report, each whole or absent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siamcorr.data.files import atomic_path
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot import VotRun
from siamcorr.evaluation.report.films import ResponseSource, make_film, worst_sequences
from siamcorr.evaluation.report.json_file import report_json
from siamcorr.evaluation.report.markdown import report_markdown
from siamcorr.evaluation.report.model import Report
from siamcorr.evaluation.report.page import report_page
from siamcorr.evaluation.report.plots import report_plots
from siamcorr.evaluation.report.speed import speed_record
from siamcorr.evaluation.results import Trajectory
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray
from siamcorr.viz.filmstrip import Film, draw_filmstrip

__all__ = ["ReportFiles", "write_report"]

Runs = Mapping[str, Mapping[str, Sequence[Trajectory | VotRun]]]


@dataclass(frozen=True)
class ReportFiles:
    """Where the parts of a report are.

    Attributes:
        json: the numbers, with equal bytes for equal runs.
        markdown: the tables.
        page: the self-contained HTML page.
        plots: PNG by name of the curve.
        films: JPEG by name of the sequence.
        speed: times and the machine; None where no run was timed.
    """

    json: Path
    markdown: Path
    page: Path
    plots: Mapping[str, Path]
    films: Mapping[str, Path]
    speed: Path | None


def write_report(
    report: Report,
    out: str | Path,
    *,
    sequence_set: SequenceSet | None = None,
    runs: Runs | None = None,
    responses: ResponseSource | None = None,
    machine: Mapping[str, Any] | None = None,
    worst: int = 5,
) -> ReportFiles:
    """Write `report.json`, `report.md`, `report.html`, `plots/` and `speed.json` into a folder.

    Args:
        report: of any protocol.
        out: folder; made where it is absent. Films of an earlier report in it are removed.
        sequence_set: for the films; sequences without frames get none.
        runs: label -> sequence -> runs, for the films (of the first run) and the speed.
        responses: response maps of the first runs, for the films.
        machine: what `speed.json` says about the machine.
        worst: films of how many sequences for each tracker.

    Returns:
        The paths.

    Raises:
        InvalidArgument: only one of `sequence_set` and `runs` is given, or a negative `worst`.
        MissingDependency: matplotlib is not installed.
        SourceError: a frame of a film cannot be read.
    """
    if sequence_set is not None and runs is None:
        raise InvalidArgument("write_report: films of sequence_set need runs, which are None")
    folder = Path(out)
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    worst_for = worst_sequences(report, worst)
    films = _films(report, worst_for, sequence_set, runs or {}, responses)
    plots = {
        plot.name: _write(folder / "plots" / f"{plot.name}.png", plot.content)
        for plot in report_plots(report, "png")
    }
    strips = _write_strips(folder / "plots", films)
    pictures = {name.replace("_", " "): path for name, path in plots.items()}
    pictures |= {f"{name}, frames and overlap": path for name, path in strips.items()}
    relative = {text: path.relative_to(folder).as_posix() for text, path in pictures.items()}
    speed = speed_record(runs or {}, machine)
    fps = {label: numbers["fps_mean"] for label, numbers in speed["trackers"].items()}
    page = report_page(
        report, plots=report_plots(report, "svg"), films=films, worst_for=worst_for, fps=fps
    )
    speed_text = json.dumps(speed, indent=1, sort_keys=True) + "\n"
    return ReportFiles(
        json=_write(folder / "report.json", report_json(report)),
        markdown=_write(folder / "report.md", report_markdown(report, relative)),
        page=_write(folder / "report.html", page),
        plots=plots,
        films=strips,
        speed=_write(folder / "speed.json", speed_text) if fps else None,
    )


def _films(
    report: Report,
    worst_for: Mapping[str, Sequence[str]],
    sequence_set: SequenceSet | None,
    runs: Runs,
    responses: ResponseSource | None,
) -> list[Film]:
    """Films of the worst sequences that have frames."""
    if sequence_set is None:
        return []
    sequences = [sequence_set[name] for name in worst_for]
    return [
        make_film(
            sequence,
            {t.label: runs[t.label][sequence.name][0] for t in report.trackers},
            responses=responses,
            watched=worst_for[sequence.name],
        )
        for sequence in sequences
        if sequence.frame_files is not None
    ]


def _write_strips(folder: Path, films: Sequence[Film]) -> dict[str, Path]:
    for old in folder.glob("worst-*.jpg"):
        old.unlink()
    return {
        film.name: _write(
            folder / f"worst-{re.sub(r'[^A-Za-z0-9.+-]', '_', film.name)}.jpg",
            _jpeg(draw_filmstrip(film)),
        )
        for film in films
    }


def _jpeg(picture: FrameArray) -> bytes:
    cv2 = load_cv2()
    _, encoded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    content: bytes = encoded.tobytes()
    return content


def _write(path: Path, content: str | bytes) -> Path:
    with atomic_path(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
