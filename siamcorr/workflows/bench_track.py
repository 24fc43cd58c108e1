"""`siamcorr bench track`: ms/frame of trackers side by side for N targets, as a record."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

from siamcorr.errors import InvalidArgument, UnknownName, closest
from siamcorr.evaluation.following import SequenceTracker
from siamcorr.evaluation.runs import check_name
from siamcorr.evaluation.worker import limited_threads
from siamcorr.opencv import load_cv2
from siamcorr.types import Tracker
from siamcorr.workflows.bench_track_clips import Clip, start_boxes
from siamcorr.workflows.bench_track_report import markdown
from siamcorr.workflows.bench_track_rows import pool, rows_of, truth_of
from siamcorr.workflows.bench_track_turns import (
    INITS,
    TURN,
    candidates_of,
    run_turns,
    turns_in,
)
from siamcorr.workflows.profile_track import profile_stages
from siamcorr.workflows.records import machine, versions, write_record
from siamcorr.workflows.tracker_spec import TrackerSpec

__all__ = ["LEAST_FRAMES", "TrackBench", "run"]

LEAST_FRAMES = TURN
"""Frames after the first that a clip needs: one turn."""

Progress: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrackBench:
    """What to measure.

    Attributes:
        clips: with their frames in memory.
        trackers: the others are compared with `baseline`.
        targets: numbers of targets N; above 1 the same targets are also run one by one.
        frames: that were asked for after the first; a clip may have fewer.
        baseline: label of a tracker; None takes the first.
        threads: CPU threads of torch and OpenCV; None leaves torch's number to both.
        stages: also tell where the time of each tracker goes, on the first clip.
        name: of the record.
    """

    clips: Sequence[Clip]
    trackers: Sequence[TrackerSpec]
    targets: Sequence[int] = (1, 4, 16)
    frames: int = 100
    baseline: str | None = None
    threads: int | None = None
    stages: bool = False
    name: str = "track"


def run(bench: TrackBench, out: Path, *, progress: Progress = lambda *_: None) -> tuple[Path, Path]:
    """Measure, and write `<version>/<machine>-<name>.json` and `.md` under `out`.

    Args:
        bench: what to measure.
        out: folder of the records; nothing is written before all is measured.
        progress: called before every turn, and before every profile of stages, with its name, its
            number and the number of them all.

    Returns:
        Paths of the JSON record and of the Markdown tables.

    Raises:
        InvalidArgument: no clip, no tracker, a clip that is too short, labels or numbers that occur
            twice, or a tracker that takes sequences whole.
        UnknownName: no tracker has the label of the baseline.
        SiamcorrError: a tracker cannot be built, or fails.
    """
    _check(bench)
    baseline = bench.baseline or bench.trackers[0].label
    threads = bench.threads or torch.get_num_threads()
    with limited_threads(threads):
        trackers = {spec.label: _built(spec) for spec in bench.trackers}
        show = _counter(bench, progress)
        record = {
            "machine": machine(),
            "versions": {**versions(), "opencv": load_cv2().__version__},
            "settings": _settings(bench, baseline, threads),
            "trackers": [{"label": spec.label, **spec.record()} for spec in bench.trackers],
            **_measure(bench, trackers, baseline, show),
            "stages": _profile(bench, trackers, show) if bench.stages else [],
        }
    return write_record(out, record, markdown(record), bench.name)


def _counter(bench: TrackBench, progress: Progress) -> Callable[[str], None]:
    """Tell `progress` which step begins, of how many turns and profiles together."""
    candidates = len(candidates_of([spec.label for spec in bench.trackers], bench.targets))
    total = sum(turns_in(clip) for clip in bench.clips) * candidates
    total += len(bench.trackers) * len(bench.targets) * bench.stages
    numbers = itertools.count()
    return lambda name: progress(name, next(numbers), total)


def _settings(bench: TrackBench, baseline: str, threads: int) -> dict[str, Any]:
    return {
        "targets": list(bench.targets),
        "frames": bench.frames,
        "baseline": baseline,
        "threads": threads,
        "turn": TURN,
        "inits": INITS,
        "name": bench.name,
    }


def _measure(
    bench: TrackBench,
    trackers: Mapping[str, Tracker],
    baseline: str,
    show: Callable[[str], None],
) -> dict[str, Any]:
    """The rows of every clip, and those of all clips together where there are several."""
    candidates = candidates_of(trackers, bench.targets)
    courses, truths, clips = [], [], []
    for clip in bench.clips:
        found = run_turns(trackers, candidates, clip, show)
        courses.append(found)
        truths.append(truth_of(clip, found))
        clips.append({**_described(clip, bench), "rows": rows_of(found, truths[-1], baseline)})
    pooled = rows_of(*pool(courses, truths), baseline) if len(clips) > 1 else []
    return {"clips": clips, "pooled": pooled}


def _described(clip: Clip, bench: TrackBench) -> dict[str, Any]:
    height, width, _ = clip.frames[0].shape
    return {
        "name": clip.name,
        "dataset": clip.dataset,
        "frames": turns_in(clip) * TURN,
        "frame_size": [height, width],
        "boxes_xywh": start_boxes(clip.box_xywh, max(bench.targets)).tolist(),
    }


def _profile(
    bench: TrackBench, trackers: Mapping[str, Tracker], show: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Mean milliseconds of each tracker's stages by N, on the first clip."""
    clip, found = bench.clips[0], []
    for label, tracker in trackers.items():
        stages = {}
        for count in bench.targets:
            show(f"{clip.name}: stages of {label}, N = {count}")
            boxes = start_boxes(clip.box_xywh, count)
            stages[str(count)] = dict(profile_stages(tracker, clip.frames, boxes))
        found.append({"tracker": label, "ms": stages})
    return found


def _built(spec: TrackerSpec) -> Tracker:
    tracker = spec()
    if isinstance(tracker, SequenceTracker):
        raise InvalidArgument(
            f"bench track: {spec.label} takes sequences whole; only trackers with init and update "
            "can take turns"
        )
    return tracker


def _check(bench: TrackBench) -> None:
    """Refuse what cannot be measured before any time is spent."""
    check_name(bench.name, "bench track: the name")
    labels = [spec.label for spec in bench.trackers]
    for values, what in ((labels, "tracker label"), (list(bench.targets), "number of targets")):
        if not values:
            raise InvalidArgument(f"bench track: no {what} is given")
        if len(set(values)) < len(values):
            raise InvalidArgument(f"bench track: a {what} is given twice: {values}")
    if min(bench.targets) < 1:
        raise InvalidArgument(f"bench track: numbers of targets are >= 1, got {bench.targets}")
    if bench.baseline is not None and bench.baseline not in labels:
        raise UnknownName(
            f"bench track: no tracker has the baseline's label {bench.baseline!r}"
            f"{closest(bench.baseline, labels)}\n  labels: {', '.join(labels)}"
        )
    if not bench.clips:
        raise InvalidArgument("bench track: no clip to track on")
    for clip in bench.clips:
        if len(clip.frames) <= LEAST_FRAMES:
            raise InvalidArgument(
                f"bench track: {clip.name} has {len(clip.frames)} frames; the first and "
                f"{LEAST_FRAMES} more are needed"
            )
