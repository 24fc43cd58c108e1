"""`siamcorr export`: a tracker's network as graphs for ONNX Runtime or torch.export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


class GraphFormat(StrEnum):
    """Suffix of the files."""

    onnx = "onnx"
    pt2 = "pt2"


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Name of a tracker, or a weights file.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make.", file_okay=False)
    ],
    graph_format: Annotated[
        GraphFormat, typer.Option("--format", help="ONNX, or the archive of torch.export.")
    ] = GraphFormat.onnx,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights for a tracker given by name.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an exported folder.")
    ] = False,
) -> None:
    """Write a tracker's network as two graphs, each for any number of targets.

    The folder is all that siamcorr track --tracker DIR needs. It is compared with torch at several
    numbers of targets, and not written if a difference is more than rounding.
    """
    from siamcorr.workflows.export import export_tracker

    done = export_tracker(
        model, out, weights=weights, suffix=graph_format.value, overwrite=overwrite
    )
    counts = ", ".join(map(str, done.differences))
    largest = max(done.differences.values())
    typer.echo(f"largest difference from torch: {largest:.1e} of the largest value ({counts})")
    for file in done.files:
        typer.echo(f"  {file}")
