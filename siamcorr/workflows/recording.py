"""A stream of results into the files of a run, however it ends, and what there is to say of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from siamcorr.errors import SourceError
from siamcorr.types import FrameArray, TrackResult
from siamcorr.workflows.run_files import RunFiles, RunHead

__all__ = ["ProgressCallback", "RunSummary", "StopCallback", "TargetSummary", "record_run"]

ProgressCallback: TypeAlias = Callable[[int, int | None], None]
"""Called after every frame with the frames done and their total, where it is known."""
StopCallback: TypeAlias = Callable[[], bool]
"""Asked after every frame; True ends the run with complete files."""


@dataclass
class TargetSummary:
    """What became of one target."""

    id: int
    frames: int = 0
    lost_frames: int = 0
    score_sum: float = 0.0
    last_box_xywh: tuple[float, ...] = ()

    @property
    def mean_score(self) -> float:
        """Mean of the tracker's own score after the given first frame; NaN if there is no other."""
        return self.score_sum / (self.frames - 1) if self.frames > 1 else math.nan


@dataclass
class RunSummary:
    """What a run made.

    Attributes:
        out: the folder.
        files: what was written, by kind.
        frames: how many frames.
        seconds: wall time of reading, tracking, drawing and writing.
        interrupted: whether it was asked to stop before the source ended.
        targets: one entry a target, by id.
    """

    out: Path
    files: dict[str, Path] = field(default_factory=dict)
    frames: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    targets: dict[int, TargetSummary] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """Frames per second of the whole run."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def count(self, result: TrackResult) -> None:
        """Take one frame into account."""
        self.frames += 1
        for i, target_id in enumerate(result.ids.tolist()):
            target = self.targets.setdefault(target_id, TargetSummary(target_id))
            target.frames += 1
            target.lost_frames += int(result.lost[i])
            target.score_sum += float(result.scores[i]) if target.frames > 1 else 0.0
            target.last_box_xywh = tuple(result.boxes_xywh[i].tolist())

    def ending(self, error: BaseException | None) -> dict[str, Any]:
        """How the run ended, for `tracks.json`."""
        stopped = self.interrupted or isinstance(error, KeyboardInterrupt)
        status = "interrupted" if stopped else "failed" if error else "finished"
        message = str(error) if status == "failed" else None
        return {
            "status": status,
            "error": message,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
        }


def record_run(
    results: Iterator[tuple[FrameArray, TrackResult]],
    files: RunFiles,
    head: RunHead,
    *,
    progress: ProgressCallback | None = None,
    stop: StopCallback | None = None,
) -> RunSummary:
    """Write every result as it comes; on any ending, all that came before stands complete.

    Args:
        results: frames with their results.
        files: where they go.
        head: what is known beforehand.
        progress: called after every frame.
        stop: asked after every frame.

    Returns:
        The summary; `interrupted` where `stop` ended the run.

    Raises:
        SourceError: `results` is empty.
        BaseException: whatever `results` raises, once the files are complete; a note on it says
            where they are.
    """
    summary = RunSummary(files.out)
    started = time.perf_counter()
    try:
        for frame, result in results:
            if summary.frames == 0:
                files.open(result, head)
            files.write(result, frame)
            summary.count(result)
            if progress is not None:
                progress(summary.frames, head.total)
            if stop is not None and stop():
                summary.interrupted = True
                break
        if summary.frames == 0:
            raise SourceError("the source has no frame in the range that was asked for")
        summary.seconds = time.perf_counter() - started
    except BaseException as error:
        summary.seconds = time.perf_counter() - started
        if files.close(summary.ending(error)):
            error.add_note(f"The {summary.frames} frames before it are in {files.out}")
        raise
    summary.files = files.close(summary.ending(None))
    return summary
