"""The demo: render the built-in clip, track its objects, compare with the exact truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import siamcorr
from siamcorr.data.files import atomic_path
from siamcorr.data.synthetic import SyntheticSequence, load_synthetic
from siamcorr.data.video import open_source
from siamcorr.geometry.overlap import box_overlap
from siamcorr.opencv import load_cv2
from siamcorr.tracking.factory import load_tracker
from siamcorr.types import FrameArray, TrackResult
from siamcorr.viz.figure import response_figure
from siamcorr.workflows.annotate import FrameKeeper, ResponseStyle
from siamcorr.workflows.recording import ProgressCallback, RunSummary, StopCallback, record_run
from siamcorr.workflows.run_files import OutputOptions, RunFiles, RunHead
from siamcorr.workflows.track_to_files import describe_tracker, tracked_frames

__all__ = ["DemoReport", "TargetOverlap", "run_demo"]

_SUCCESS = 0.5
_PICTURE_AT = 0.4  # of the clip's length


@dataclass(frozen=True)
class TargetOverlap:
    """How well one target was followed, over the frames after the first in which it is visible."""

    id: int
    mean_overlap: float
    success: float
    lost_frames: int


@dataclass(frozen=True)
class DemoReport:
    """What the demo made.

    Attributes:
        run: files, frames and speed.
        mean_overlap: mean over targets of their mean overlap with the truth, 0 ... 1.
        targets: one entry a target; `success` is the share of frames with overlap above 0.5.
    """

    run: RunSummary
    mean_overlap: float
    targets: list[TargetOverlap]


def run_demo(
    out: str | Path = "siamcorr-demo",
    *,
    tracker: str = "default",
    device: str | None = None,
    response: ResponseStyle | None = "panel",
    recipe: str = "demo",
    progress: ProgressCallback | None = None,
    stop_requested: StopCallback | None = None,
) -> DemoReport:
    """Track every object of a synthetic clip while it is rendered.

    `out` gets `video.mp4`, `panel.png`, `tracks.csv` and `tracks.json`; those of an earlier demo
    are replaced.

    Args:
        out: folder to make.
        tracker: name of a tracker config.
        device: such as `cpu` or `cuda:0`; None chooses.
        response: how the video shows the responses.
        recipe: name of a synthetic clip, or a YAML file with one.
        progress: called after every frame with the frames done and their total.
        stop_requested: asked after every frame; True ends the run early.

    Returns:
        Files, speed, and overlaps with the truth.
    """
    sequence = load_synthetic(recipe)
    files = RunFiles(Path(out), OutputOptions(response=response, overwrite=True))
    keeper = FrameKeeper(load_tracker(tracker, device=device))
    metadata = {
        "siamcorr": siamcorr.__version__,
        "source": {"name": sequence.name, "fps": sequence.fps},
        "tracker": describe_tracker(tracker, None, keeper.tracker),
        "boxes_xywh": sequence.boxes_xywh[0].tolist(),
    }
    watcher = _Watcher(sequence)
    with (
        open_source(sequence) as video,
        closing(tracked_frames(video, sequence.boxes_xywh[0], keeper, responses=True)) as tracked,
    ):
        run = record_run(
            watcher.watch(tracked),
            files,
            RunHead(sequence.name, sequence.fps, len(sequence), metadata),
            progress=progress,
            stop=stop_requested,
        )
    run.files["picture"] = watcher.write_picture(files.out / "panel.png")
    targets = watcher.overlaps()
    known = [target.mean_overlap for target in targets if not math.isnan(target.mean_overlap)]
    return DemoReport(run, float(np.mean(known)) if known else math.nan, targets)


class _Watcher:
    """Sees every result go by: keeps its boxes for the comparison, and one for the picture."""

    def __init__(self, sequence: SyntheticSequence) -> None:
        self._sequence = sequence
        self._results: list[TrackResult] = []
        self._shown: tuple[FrameArray, TrackResult] | None = None

    def watch(
        self, tracked: Iterator[tuple[FrameArray, TrackResult]]
    ) -> Iterator[tuple[FrameArray, TrackResult]]:
        for frame, result in tracked:
            if result.frame_index <= round(_PICTURE_AT * len(self._sequence)):
                self._shown = frame, result
            self._results.append(replace(result, responses=None))
            yield frame, result

    def overlaps(self) -> list[TargetOverlap]:
        """Compare every target with the truth."""
        boxes = torch.stack([result.boxes_xywh for result in self._results])  # (T, N, 4)
        truth = torch.as_tensor(self._sequence.boxes_xywh[: len(boxes)])
        visible = self._sequence.visible[: len(boxes)] > 0
        visible[0] = False  # its boxes were given
        overlaps = box_overlap(boxes, truth).numpy()  # (T, N)
        lost = torch.stack([result.lost for result in self._results]).sum(0).tolist()
        ids = self._results[0].ids.tolist()
        found = [overlaps[visible[:, i], i] for i in range(len(ids))]
        return [_target_overlap(*facts) for facts in zip(ids, found, lost, strict=True)]

    def write_picture(self, path: Path) -> Path:
        """Write the explaining picture of the frame that was kept."""
        if self._shown is None:
            raise RuntimeError("the demo ended before its first frame")
        frame, result = self._shown
        before = [seen for seen in self._results if seen.frame_index <= result.frame_index][-40:]
        paths = torch.stack(
            [seen.boxes_xywh[:, :2] + seen.boxes_xywh[:, 2:] / 2 for seen in before]
        )
        trails = {key: paths[:, i].numpy() for i, key in enumerate(result.ids.tolist())}
        picture = response_figure(frame, result, trails=trails)
        with atomic_path(path) as partial:
            load_cv2().imwrite(str(partial), picture[:, :, ::-1])
        return path


def _target_overlap(
    target_id: int, overlaps: npt.NDArray[np.float64], lost_frames: int
) -> TargetOverlap:
    if len(overlaps) == 0:  # interrupted at once, or never visible again
        return TargetOverlap(target_id, math.nan, math.nan, lost_frames)
    mean, success = float(overlaps.mean()), float((overlaps > _SUCCESS).mean())
    return TargetOverlap(target_id, mean, success, lost_frames)
