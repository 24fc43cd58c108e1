"""`siamcorr bench`: measure the correlation ops on this machine and write a record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Measure this machine; writes records."
)


@app.callback()
def bench() -> None:
    """Measure this machine; writes records."""


@app.command("ops")
def bench_ops(
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the records.", file_okay=False)
    ] = Path("benchmarks/results"),
    threads: Annotated[
        list[int] | None,
        typer.Option("--threads", min=1, help="CPU threads; repeat for several. Default: 1 and 2."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The shapes of the papers only, as a record of its own.")
    ] = False,
) -> None:
    """Time every op on every backend beside the classic formulation; JSON and a Markdown table."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from siamcorr.workflows import bench_ops as workflow

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), "{task.description}")
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("")

        def show(name: str, number: int, total: int) -> None:
            bar.update(task, description=name, completed=number, total=total)

        record, table = workflow.run(out, threads=threads or (1, 2), quick=quick, progress=show)
    typer.echo(f"record {record}\ntable  {table}")
