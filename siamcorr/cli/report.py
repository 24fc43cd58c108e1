"""What the commands show: a progress bar with frames per second, and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from siamcorr.workflows.recording import ProgressCallback, RunSummary

__all__ = ["frame_progress", "named_progress", "print_files", "print_targets", "show_table"]


class _FramesPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} frames/s" if speed else "")


@contextmanager
def frame_progress(title: str) -> Iterator[ProgressCallback]:
    """Show a bar on the standard error while frames are done; silent where that is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _FramesPerSecond(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def named_progress(
    counted: str, *, shown: bool = True
) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on the standard error from the first report on, where that is a terminal.

    Args:
        counted: what the numbers count, such as "steps".
        shown: False shows nothing, for all but the first of many processes.

    Yields:
        A function of the present item's name or state, what is done, and how much there is.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn(counted),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    bar = Progress(*columns, console=console, disable=not (shown and console.is_terminal))
    task = bar.add_task("", total=None)

    def show(name: str, done: int, total: int) -> None:
        if not bar.live.is_started:
            bar.start()
        bar.update(task, description=name, completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()


def show_table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a table; the first column stands left, the others right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def print_targets(summary: RunSummary) -> None:
    """Print a line a target: frames, lost frames, mean score, last box."""
    rows = []
    for target in summary.targets.values():
        box = ", ".join(f"{number:.0f}" for number in target.last_box_xywh)
        counts = [str(target.id), str(target.frames), str(target.lost_frames)]
        rows.append([*counts, f"{target.mean_score:.3f}", box])
    show_table(["id", "frames", "lost", "mean score", "last box x, y, w, h"], rows)


def print_files(summary: RunSummary) -> None:
    """Print how many frames were tracked, how fast, and where the results are."""
    typer.echo(f"{summary.frames} frames in {summary.seconds:.1f} s ({summary.fps:.1f} frames/s)")
    for path in summary.files.values():
        typer.echo(f"  {path}")
