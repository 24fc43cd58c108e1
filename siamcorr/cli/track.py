"""`siamcorr track`: follow targets through a video and leave tables and an annotated video."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siamcorr.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ResponseStyle", "track"]


class ResponseStyle(StrEnum):
    """How the video shows the response maps."""

    overlay = "overlay"
    panel = "panel"


def usage_error(sentence: str) -> typer.BadParameter:
    """An error of the command line itself, which ends with exit code 2."""
    return typer.BadParameter(sentence)


def track(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Video file, folder or glob of images, camera index, or RTSP/HTTP address.",
        ),
    ],
    box: Annotated[
        list[str] | None,
        typer.Option("--box", metavar="X,Y,W,H", help="A target in the first frame; repeatable."),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            "--boxes",
            metavar="FILE",
            help="Targets from a file: .csv or .txt with x,y,w,h on a line each, or .json.",
        ),
    ] = None,
    select: Annotated[
        bool, typer.Option("--select", help="Pick the targets with the mouse.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the results.  [siamcorr-track/NAME]"),
    ] = None,
    tracker: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Name of a tracker (see siamcorr info), or the folder of an exported one.",
        ),
    ] = "default",
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights for the tracker.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Such as cpu or cuda:0.")
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What computes the network: eager (torch) or onnx."),
    ] = None,
    response: Annotated[
        ResponseStyle | None,
        typer.Option(help="Show the response maps in the video: blended in, or beside it."),
    ] = None,
    save_responses: Annotated[
        bool, typer.Option("--save-responses", help="Write the response maps to responses/*.npz.")
    ] = False,
    start: Annotated[int, typer.Option(metavar="N", min=0, help="First frame.")] = 0,
    stop: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Frame to stop before.")
    ] = None,
    stride: Annotated[int, typer.Option(metavar="N", min=1, help="Track every n-th frame.")] = 1,
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no video.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run.")
    ] = False,
) -> None:
    """Follow targets through a video.

    Writes tracks.csv and tracks.json (a row per target and frame: frame_index, time_s, id, x, y,
    w, h in 0-based pixels, score, lost) and video.mp4. Ctrl-C ends the run with complete files.
    """
    if stop is not None and stop <= start:
        raise usage_error(f"--stop {stop} is not after --start {start}")
    if no_video and response is not None:
        raise usage_error("--response draws into the video, which --no-video leaves out")
    targets = _targets(source, box, boxes, select, start)

    from siamcorr.cli.report import frame_progress, print_files, print_targets
    from siamcorr.workflows.run_files import OutputOptions
    from siamcorr.workflows.track_to_files import track_to_files

    options = OutputOptions(
        video=not no_video,
        response=None if response is None else response.value,
        save_responses=save_responses,
        overwrite=overwrite,
    )
    with StopOnInterrupt() as stop_requested, frame_progress("tracking") as progress:
        summary = track_to_files(
            source,
            targets,
            out,
            tracker=tracker,
            weights=weights,
            device=device,
            runtime=runtime,
            start=start,
            stop=stop,
            stride=stride,
            options=options,
            progress=progress,
            stop_requested=stop_requested,
        )
    print_targets(summary)
    print_files(summary)
    if summary.interrupted:
        typer.echo("interrupted; the files are complete up to here", err=True)
        raise typer.Exit(130)


def _targets(
    source: str, box: list[str] | None, boxes: Path | None, select: bool, start: int
) -> Tensor:
    """Start boxes from whichever of the three options was given."""
    if bool(box) + (boxes is not None) + select != 1:
        raise usage_error("name the targets with one of --box x,y,w,h, --boxes FILE, or --select")

    from siamcorr.errors import InvalidArgument
    from siamcorr.geometry.boxes import as_boxes_xywh
    from siamcorr.workflows.boxes_file import parse_box, read_boxes
    from siamcorr.workflows.select_boxes import select_boxes

    if boxes is not None:
        return read_boxes(boxes)
    if select:
        return select_boxes(source, start)
    try:
        return as_boxes_xywh([parse_box(text, "--box") for text in box or ()])
    except InvalidArgument as error:
        raise usage_error(str(error)) from error
