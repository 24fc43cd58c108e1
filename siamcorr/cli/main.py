"""The command `siamcorr`: its subcommands, its version and its exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
import typer.core

import siamcorr
from siamcorr.cli import bench, data
from siamcorr.cli.demo import demo
from siamcorr.cli.evaluate import evaluate
from siamcorr.cli.export import export
from siamcorr.cli.import_weights import import_weights
from siamcorr.cli.info import info
from siamcorr.cli.track import track
from siamcorr.cli.train import train
from siamcorr.errors import SiamcorrError

__all__ = ["app", "run"]

_FAILED, _INTERRUPTED = 1, 130


class _SentenceGroup(typer.core.TyperGroup):
    """Turns every expected error into one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (SiamcorrError, OSError) as error:
            typer.echo(f"error: {error}", err=True)
            for note in getattr(error, "__notes__", ()):
                typer.echo(note, err=True)
            raise typer.Exit(_FAILED) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(_INTERRUPTED) from error


app = typer.Typer(
    cls=_SentenceGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("track")(track)
app.command("demo")(demo)
app.command("evaluate")(evaluate)
app.command("export")(export)
app.command("import-weights")(import_weights)
app.command("train")(train)
app.command("info")(info)
app.add_typer(bench.app, name="bench")
app.add_typer(data.app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"siamcorr {siamcorr.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Siamese tracking by per-sample cross-correlation.

    Exit codes: 0 done, 1 the run failed (one sentence says why), 2 the command line is wrong,
    130 interrupted with ctrl-C.
    """


def run() -> None:
    """Entry point of the installed command."""
    try:
        app(prog_name="siamcorr")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
