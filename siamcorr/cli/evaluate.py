"""`siamcorr evaluate`: run trackers on a data set, score them, and write one report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siamcorr.cli.interrupt import StopOnInterrupt
from siamcorr.cli.options import names

if TYPE_CHECKING:
    from siamcorr.workflows.evaluate import Evaluation

__all__ = ["evaluate"]


def evaluate(
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="otb, vot, got10k, lasot, ... or boxes_csv for your own; see docs/evaluation.md.",
        ),
    ],
    root: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Its folder; for otb and vot also a PySOT annotation JSON, to score results.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the runs and the report.", file_okay=False
        ),
    ],
    tracker: Annotated[
        list[str] | None,
        typer.Option(
            "--tracker",
            metavar="SPEC",
            help="[LABEL=]NAME[:KEY=VALUE,...], repeatable: default, opencv_mil, "
            "nano=opencv_nano:backbone=b.onnx,head=h.onnx, x=external:command=... "
            "The others are compared with the first.",
        ),
    ] = None,
    results: Annotated[
        list[str] | None,
        typer.Option(
            "--results", metavar="LABEL=DIR", help="Result files to score as they are; repeatable."
        ),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="ope, tre, sre or vot.  [by data set]")
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How frames are counted, such as pysot.  [by data set]"),
    ] = None,
    sequences: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these sequences.")
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Sequences at the same time.")
    ] = 1,
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, help="CPU threads of each process.")
    ] = 1,
    worst: Annotated[
        int, typer.Option(metavar="N", min=0, help="Show each tracker's N worst sequences.")
    ] = 5,
) -> None:
    """Evaluate trackers on a data set and write one report.

    Finished runs are kept: the same command goes on where an earlier one ended. Under torchrun
    each rank does its share. Writes report.html, report.md, report.json, speed.json, plots/, runs/
    and the results in the data set's own format.
    """
    from siamcorr.cli.report import named_progress
    from siamcorr.workflows.evaluate import EvaluationRequest
    from siamcorr.workflows.evaluate import evaluate as run_evaluation
    from siamcorr.workflows.ranks import rank_and_world_size
    from siamcorr.workflows.tracker_spec import parse_tracker

    request = EvaluationRequest(
        dataset=dataset,
        root=root,
        out=out,
        trackers=[parse_tracker(text) for text in tracker or ()],
        results=dict(_label_and_folder(text) for text in results or ()),
        protocol=protocol,
        convention=convention,
        sequences=names(sequences),
        processes=processes,
        threads=threads,
        worst=worst,
    )
    shown = rank_and_world_size()[0] == 0
    with (
        StopOnInterrupt() as stop_requested,
        named_progress("frames", shown=shown) as progress,
    ):
        done = run_evaluation(request, progress=progress, stop_requested=stop_requested)
    if done.interrupted:
        typer.echo("interrupted; finished runs are kept, the same command goes on", err=True)
        raise typer.Exit(130)
    _show(done)


def _label_and_folder(text: str) -> tuple[str, Path]:
    label, equals, folder = text.partition("=")
    if not (label and equals and folder):
        raise typer.BadParameter(f"--results {text!r}: expected LABEL=DIR")
    return label, Path(folder)


def _show(done: Evaluation) -> None:
    """Print the table and where the files are; nothing on ranks that have no report."""
    if done.report is None or done.files is None:
        return
    from siamcorr.cli.report import show_table
    from siamcorr.evaluation.report import comparison_rows, summary_rows

    show_table(*summary_rows(done.report))
    compared = done.report.comparisons
    if compared:  # of the first metric; report.md has them all
        shown = tuple(item for item in compared if item.metric == compared[0].metric)
        typer.echo()
        show_table(*comparison_rows(replace(done.report, comparisons=shown)))
    for path in (done.files.page, done.files.markdown, done.files.json, done.files.speed):
        if path is not None:
            typer.echo(f"  {path}")
