"""`siamcorr import-weights`: a published checkpoint as one file that the trackers load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["import_weights"]


def import_weights(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="Published checkpoint: .pth, .pt, .safetensors.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="File to write: NAME.safetensors.")
    ],
    tracker: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Config whose constants go with it.  [by the keys]"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing file.")
    ] = False,
) -> None:
    """Write a published checkpoint in siamcorr's own format.

    Reads checkpoints of PySOT (SiamRPN, SiamRPN++, SiamMask), SiamMask, siamfc-pytorch and
    NanoTrack without running anything that stands in them. The new file holds the weights, the
    tracker's constants, the preprocessing, the licence and where the weights come from.
    """
    from siamcorr.workflows.import_weights import import_weights as run

    done = run(source, out, tracker=tracker, overwrite=overwrite)
    record = done.record
    typer.echo(f"{record.variant}: {done.tensors} tensors, {done.parameters:,} parameters")
    if record.provenance is not None:
        typer.echo(f"from {record.provenance.project} ({record.licence}), every key accounted for")
    if done.left_out:
        typer.echo(f"left out, never used by the network: {', '.join(done.left_out)}")
    typer.echo(f"  {done.path}")
