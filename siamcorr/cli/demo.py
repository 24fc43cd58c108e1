"""`siamcorr demo`: track the objects of the built-in clip and compare them with the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siamcorr.cli.interrupt import StopOnInterrupt
from siamcorr.cli.track import ResponseStyle

__all__ = ["demo"]


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")
    ] = Path("siamcorr-demo"),
    tracker: Annotated[
        str, typer.Option(metavar="NAME", help="Name of a tracker; see siamcorr info.")
    ] = "default",
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Such as cpu or cuda:0.")
    ] = None,
    response: Annotated[
        ResponseStyle, typer.Option(help="Show the response maps blended in, or beside the video.")
    ] = ResponseStyle.panel,
) -> None:
    """Track the objects of the built-in clip.

    Renders the clip, tracks its objects and compares them with the exact truth.

    Needs no weights and no data. Writes video.mp4, panel.png, tracks.csv and tracks.json, in place
    of those of an earlier demo.
    """
    from siamcorr.cli.report import frame_progress, print_files, show_table
    from siamcorr.workflows.demo import run_demo

    with StopOnInterrupt() as stop_requested, frame_progress("demo") as progress:
        report = run_demo(
            out,
            tracker=tracker,
            device=device,
            response=response.value,
            progress=progress,
            stop_requested=stop_requested,
        )
    rows = [
        [
            str(target.id),
            f"{target.mean_overlap:.3f}",
            f"{target.success:.3f}",
            str(target.lost_frames),
        ]
        for target in report.targets
    ]
    show_table(["id", "mean overlap", "success at 0.5", "lost frames"], rows)
    typer.echo(f"mean overlap with the truth: {report.mean_overlap:.3f}")
    print_files(report.run)
    if report.run.interrupted:
        typer.echo("interrupted; the files are complete up to here", err=True)
        raise typer.Exit(130)
