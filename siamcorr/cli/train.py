"""`siamcorr train`: train the network of a tracker and leave weights that track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siamcorr.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from siamcorr.workflows.train import TrainSummary
    from siamcorr.workflows.train_reports import TrainProgress

__all__ = ["train"]


def train(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG", help="Name of a config, such as debug, or path of a YAML file."
        ),
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Another value for a dotted key; repeatable."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the run.  [siamcorr-train/CONFIG]"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:1.  [cuda if any]")
    ] = None,
) -> None:
    """Train the network of a tracker.

    Alone, or as the processes of torchrun or srun. Writes best.safetensors and last.safetensors for
    siamcorr track --weights, checkpoint.pt for --resume, config.yaml and log.jsonl. Ctrl-C saves a
    checkpoint and ends.
    """
    from siamcorr.cli.report import named_progress
    from siamcorr.training.settings import load_train_settings
    from siamcorr.workflows.train import train as run_training

    settings = load_train_settings(config, dict(_key_and_value(text) for text in changes or ()))
    folder = out or Path("siamcorr-train") / Path(config).stem
    with StopOnInterrupt() as stop_requested, named_progress("steps") as show:
        summary = run_training(
            settings,
            folder,
            device=device,
            resume=resume,
            progress=lambda state: show(_describe(state), state.step, state.steps),
            stop_requested=stop_requested,
        )
    if summary.first_process:
        _show(summary)
    if summary.interrupted:
        raise typer.Exit(130)


def _key_and_value(text: str) -> tuple[str, Any]:
    """`a.b=value` with the value as YAML would read it."""
    import yaml

    key, equals, value = text.partition("=")
    if not (key and equals):
        raise typer.BadParameter(f"--set {text!r}: expected KEY=VALUE, such as batch_size=16")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"--set {text!r}: the value is not YAML: {error}") from error


def _describe(state: TrainProgress) -> str:
    """Loss, pairs a second and how much of the time is waiting for them, newest overlap."""
    report, words = state.report, []
    if report is not None:
        seconds = sum(report.seconds.values())
        words = [
            f"loss {report.total:.4f}",
            f"{report.pairs / seconds:.0f} pairs/s",
            f"{report.seconds['data'] / seconds:.0%} waiting for data",
        ]
    if state.overlap is not None:
        words.append(f"overlap {state.overlap:.3f}")
    return "  ".join(words)


def _show(summary: TrainSummary) -> None:
    """Print what was reached and where the files are."""
    files = summary.files
    if summary.interrupted:
        typer.echo(
            f"interrupted after {summary.steps} steps; the state is in {files.checkpoint}, the "
            "same command with --resume goes on",
            err=True,
        )
        return
    typer.echo(f"{summary.steps} steps in {summary.seconds:.0f} s")
    for step, overlap in summary.overlaps:
        typer.echo(f"  mean overlap after {step} steps: {overlap:.3f}")
    for path in (files.best, files.last, files.log):
        if path.exists():
            typer.echo(f"  {path}")
