"""What the commands show: a progress bar with frames per second, and tables."""

from __future__ import annotations

from collections.abc import Iterator
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
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from siamcorr.workflows.recording import ProgressCallback, RunSummary

__all__ = ["frame_progress", "print_files", "print_targets", "show_table"]


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
