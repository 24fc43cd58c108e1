"""Track targets through a source and leave tables, an annotated video and response maps."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import siamcorr
from siamcorr.data.video import VideoSource, open_source
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.tracking.factory import load_tracker
from siamcorr.tracking.loop import track
from siamcorr.types import FrameArray, TrackResult
from siamcorr.workflows.annotate import FrameKeeper
from siamcorr.workflows.recording import ProgressCallback, RunSummary, StopCallback, record_run
from siamcorr.workflows.run_files import OutputOptions, RunFiles, RunHead

__all__ = ["DEFAULT_FPS", "default_out", "describe_tracker", "track_to_files", "tracked_frames"]

DEFAULT_FPS = 25.0
"""Of the written video where the source has no clock, such as a folder of images."""


def track_to_files(
    source: Any,
    boxes_xywh: Any,
    out: str | Path | None = None,
    *,
    tracker: str = "default",
    weights: str | Path | None = None,
    device: str | None = None,
    runtime: str | None = None,
    start: int = 0,
    stop: int | None = None,
    stride: int = 1,
    options: OutputOptions | None = None,
    progress: ProgressCallback | None = None,
    stop_requested: StopCallback | None = None,
) -> RunSummary:
    """Track targets through a source and write what there is to keep.

    `out` gets `tracks.csv`, `tracks.json` and, by `options`, `video.mp4` and `responses/`. Every
    file is written under a temporary name and named when it is complete, whether the source ends,
    breaks or is interrupted.

    Args:
        source: whatever `siamcorr.open_source` takes.
        boxes_xywh: (N, 4) boxes of the targets in the first frame, 0-based continuous pixels.
        out: folder to make; None is `siamcorr-track/<name of the source>`.
        tracker: name of a tracker config.
        weights: file of weights for the tracker, where it has any.
        device: such as `cpu` or `cuda:0`; None chooses.
        runtime: what computes the network, as `siamcorr.load_tracker` takes it.
        start: first frame to track, 0-based.
        stop: frame to stop before.
        stride: track every n-th frame.
        options: what to write.
        progress: called after every frame with the frames done and their total or None.
        stop_requested: asked after every frame; True ends the run early.

    Returns:
        What was made.

    Raises:
        InvalidArgument: a box, the frame range or the folder cannot be used.
        SourceError: the source cannot be read, or breaks midway; what came before it is written.
    """
    options = options or OutputOptions()
    boxes = as_boxes_xywh(boxes_xywh)
    with open_source(source, start=start, stop=stop, stride=stride) as video:
        files = RunFiles(Path(out) if out is not None else default_out(video.name), options)
        keeper = FrameKeeper(load_tracker(tracker, weights=weights, device=device, runtime=runtime))
        metadata = {
            "siamcorr": siamcorr.__version__,
            "source": {"name": video.name, "fps": video.fps},
            "range": {"start": start, "stop": stop, "stride": stride},
            "tracker": describe_tracker(tracker, weights, keeper.tracker),
            "boxes_xywh": boxes.tolist(),
        }
        fps = (video.fps or DEFAULT_FPS) / stride
        with closing(tracked_frames(video, boxes, keeper, options.needs_responses)) as results:
            return record_run(
                results,
                files,
                RunHead(video.name, fps, video.frame_count, metadata),
                progress=progress,
                stop=stop_requested,
            )


def tracked_frames(
    video: VideoSource, boxes_xywh: Any, keeper: FrameKeeper, responses: bool
) -> Generator[tuple[FrameArray, TrackResult], None, None]:
    """Yield every frame beside its result."""
    for result in track(video, boxes_xywh, tracker=keeper, responses=responses):
        yield keeper.frame, result


def describe_tracker(name: str, weights: str | Path | None, tracker: Any) -> dict[str, Any]:
    """Name, weights and settings of a tracker, for the head of `tracks.json`."""
    settings = getattr(tracker, "settings", None)
    return {
        "name": name,
        "weights": None if weights is None else str(weights),
        "config": settings.model_dump(mode="json") if isinstance(settings, BaseModel) else None,
    }


def default_out(name: str) -> Path:
    """Folder for the results of a source, by its name.

    Example:
        >>> default_out("videos/my clip.mp4").as_posix(), default_out("otb/Dog/img").as_posix()
        ('siamcorr-track/my_clip', 'siamcorr-track/Dog-img')
    """
    path = Path(re.sub(r"^\w+://", "", name))
    parts = [part for part in path.parts[-3:] if not re.search(r"[*?\[]", part)]
    known = [path.stem] if path.suffix and path.name in parts else parts[-2:]
    words = [re.sub(r"[^\w.-]+", "_", part).strip("._") for part in known]
    return Path("siamcorr-track") / ("-".join(word for word in words if word) or "source")
