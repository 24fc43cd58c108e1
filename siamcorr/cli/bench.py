"""`siamcorr bench`: measure the correlation ops or trackers on this machine; writes records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siamcorr.cli.options import names

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
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu or cuda.")] = "cpu",
    dtype: Annotated[
        str, typer.Option(metavar="DTYPE", help="float32, bfloat16 or float16.")
    ] = "float32",
) -> None:
    """Time every op on every backend beside the classic formulation; JSON and a Markdown table."""
    from siamcorr.cli.report import named_progress
    from siamcorr.workflows import bench_ops as workflow

    with named_progress("measurements") as show:
        record, table = workflow.run(
            out,
            threads=threads or (1, 2),
            quick=quick,
            device=device,
            dtype=workflow.dtype_of(dtype),
            progress=show,
        )
    typer.echo(f"record {record}\ntable  {table}")


@app.command("track")
def bench_track(
    tracker: Annotated[
        list[str],
        typer.Option(
            "--tracker",
            metavar="SPEC",
            help="[LABEL=]NAME[:KEY=VALUE,...], repeatable: default, small=cf:window_size=128, "
            "nano=opencv_nano:backbone=b.onnx,head=h.onnx",
        ),
    ],
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", metavar="SOURCE", help="Video file or folder of images; repeatable."
        ),
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            "--box", metavar="X,Y,W,H", help="The target in the first frame of each --source."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take sequences of a data set, too: otb, ...")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data set.")
    ] = None,
    sequences: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these sequences of it.")
    ] = None,
    targets: Annotated[
        str, typer.Option(metavar="N,N,...", help="Numbers of targets tracked at once.")
    ] = "1,4,16",
    frames: Annotated[
        int, typer.Option(metavar="N", min=5, help="Frames of each clip after the first, at most.")
    ] = 100,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Tracker to compare with.  [the first]"),
    ] = None,
    stages: Annotated[
        bool, typer.Option("--stages", help="Also tell where the time goes, on the first clip.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="CPU threads of torch and OpenCV.  [as torch has]"),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the records.", file_okay=False)
    ] = Path("benchmarks/results"),
    name: Annotated[str, typer.Option(metavar="KIND", help="Name of the record.")] = "track",
) -> None:
    """Time trackers side by side on decoded frames; JSON and Markdown tables.

    N targets are the start box and copies of it, tracked in one run of N and in N runs of one.
    The trackers take turns of a few frames each, so that a drifting machine is fair to all.
    """
    boxes = _boxes(source or [], box or [])
    counts = _counts(targets)
    if (dataset is None) != (root is None) or (sequences is not None and dataset is None):
        raise typer.BadParameter("a data set needs --dataset NAME and --root DIR, --sequences both")
    if not boxes and dataset is None:
        raise typer.BadParameter("give --source and --box, or --dataset and --root")

    from siamcorr.cli.report import named_progress
    from siamcorr.workflows import bench_track as workflow
    from siamcorr.workflows.bench_track_clips import sequence_clips, video_clip
    from siamcorr.workflows.tracker_spec import parse_tracker

    specs = [parse_tracker(text) for text in tracker]
    clips = [video_clip(path, start, frames + 1) for path, start in boxes]
    if dataset is not None and root is not None:
        clips += sequence_clips(dataset, root, names(sequences), frames + 1)
    bench = workflow.TrackBench(
        clips,
        specs,
        targets=counts,
        frames=frames,
        baseline=baseline,
        threads=threads,
        stages=stages,
        name=name,
    )
    with named_progress("measurements") as show:
        record, table = workflow.run(bench, out, progress=show)
    typer.echo(f"record {record}\ntable  {table}")


def _boxes(sources: list[str], boxes: list[str]) -> list[tuple[str, list[float]]]:
    """Each source with its start box."""
    from siamcorr.errors import InvalidArgument
    from siamcorr.workflows.boxes_file import parse_box

    if len(sources) != len(boxes):
        raise typer.BadParameter(
            f"each --source needs one --box, in the same order; got {len(sources)} and {len(boxes)}"
        )
    try:
        return [(path, parse_box(text, "--box")) for path, text in zip(sources, boxes, strict=True)]
    except InvalidArgument as error:
        raise typer.BadParameter(str(error)) from error


def _counts(text: str) -> list[int]:
    counts = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if min(counts) < 1:
        raise typer.BadParameter(f"--targets {text!r}: expected whole numbers >= 1, such as 1,4,16")
    return counts
