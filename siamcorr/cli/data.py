"""`siamcorr data`: `check` lists what is wrong in a data set, `extract` makes images of videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siamcorr.cli.interrupt import StopOnInterrupt
from siamcorr.cli.options import names

if TYPE_CHECKING:
    from siamcorr.workflows.data_problems import DataReport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after data sets.")


@app.callback()
def data() -> None:
    """Look after data sets."""


@app.command("check")
def check(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder or file of the data set.")],
    data_format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="otb, got10k, coco, boxes_csv, mot, ...")
    ],
    sequences: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these sequences.")
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Threads that decode.")] = 2,
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write every problem here.", dir_okay=False),
    ] = None,
) -> None:
    """Read every annotation, decode every frame and mask of a data set; list what is wrong.

    Exit code 1 if there is a problem. Ctrl-C shows what was found so far.
    """
    from siamcorr.cli.report import named_progress
    from siamcorr.data.files import check_target
    from siamcorr.workflows.data_check import check_dataset
    from siamcorr.workflows.data_problems import write_report

    if out is not None:
        check_target(out, "siamcorr data check")
    with StopOnInterrupt() as stop_requested, named_progress("sequences") as progress:
        report = check_dataset(
            data_format,
            root,
            sequences=names(sequences),
            workers=workers,
            progress=progress,
            stop_requested=stop_requested,
        )
    _show(report)
    if out is not None:
        write_report(report, out)
        typer.echo(f"  {out}")
    if report.interrupted:
        typer.echo("interrupted; the rest of the data set was not checked", err=True)
        raise typer.Exit(130)
    if report.problems:
        raise typer.Exit(1)


@app.command("extract")
def extract(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder or file of the data set.")],
    data_format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="boxes_csv or cvat.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder to make.")],
    sequences: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these sequences.")
    ] = None,
) -> None:
    """Write annotated video files as images beside a CSV, which is what training reads.

    FOLDER is then a data set of the format boxes_csv.
    """
    from siamcorr.cli.report import named_progress
    from siamcorr.workflows.extract_frames import extract_frames

    with named_progress("frames") as progress:
        written = extract_frames(
            data_format, root, out, sequences=names(sequences), progress=progress
        )
    typer.echo(f"{', '.join(written)}: written to {out}, format boxes_csv")


def _show(report: DataReport) -> None:
    """Print what was looked at and a line for each of the first problems of a kind."""
    from siamcorr.cli.report import show_table

    typer.echo(
        f"{report.dataset}: {report.sequences} sequences, {report.frames} frames decoded, "
        f"{report.boxes} boxes of visible targets, {report.reaching_out} of them reach out of "
        "their frame"
    )
    if not report.problems:
        typer.echo("no problem found")
        return
    show_table(
        ["problem", "count"], [[kind, str(count)] for kind, count in report.counts().items()]
    )
    for kind in report.counts():
        typer.echo(f"\n{kind}, first of them:")
        for problem in report.examples(kind):
            frame = "" if problem.frame is None else f", frame {problem.frame}"
            typer.echo(f"  {problem.sequence}{frame}: {problem.detail}")
