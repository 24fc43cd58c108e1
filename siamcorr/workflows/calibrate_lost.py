"""Calibration of the lost signal: thresholds chosen on some rendered clips, checked on others."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch

from siamcorr.data.sequences import load_dataset
from siamcorr.opencv import load_cv2
from siamcorr.tracking.factory import load_tracker, settings_of
from siamcorr.types import FrameArray, Tracker
from siamcorr.types import Sequence as Video
from siamcorr.workflows.disappearances import KINDS, disappearance
from siamcorr.workflows.lost_rates import (
    ClipCourse,
    FloatArray,
    clip_course,
    lost_rates,
    real_rates,
)
from siamcorr.workflows.records import machine, versions

__all__ = ["SEARCH", "THRESHOLDS", "Subject", "calibrate_lost", "candidates", "courses_of"]

Build: TypeAlias = Callable[[], Tracker]
Load: TypeAlias = Callable[[], Video]

SEARCH: dict[str, Any] = {
    "windows": 9,
    "spacing": 0.5,
    "growth": 0.5,
    "usual_rate": 0.1,
    "warm_up": 10,
}
"""The rest of the block `lost` of trackers whose config has none."""

THRESHOLDS: dict[str, tuple[tuple[float, float], ...]] = {
    "score": ((0.4, 0.55), (0.45, 0.6), (0.5, 0.65), (0.55, 0.7)),
    "response": ((0.25, 0.45), (0.33, 0.55), (0.4, 0.45), (0.4, 0.6)),
    "both": ((0.3, 0.45), (0.35, 0.5), (0.4, 0.55)),
}
"""What is tried of each signal: `below` and `found_above`."""

_AFTER = 3


def candidates(signals: Iterable[str]) -> list[dict[str, Any]]:
    """Values in the block `lost` that are tried, for some signals."""
    return [
        {"signal": signal, "below": below, "after": _AFTER, "found_above": found_above}
        for signal in signals
        for below, found_above in THRESHOLDS[signal]
    ]


@dataclass(frozen=True)
class Subject:
    """The tracker to calibrate.

    Attributes:
        name: of `siamcorr.load_tracker`.
        weights: file, of trackers that need one.
    """

    name: str
    weights: str | None = None

    def block(self) -> dict[str, Any]:
        """The config's block `lost`, or `SEARCH`."""
        rules = getattr(settings_of(self.name, self.weights), "lost", None)
        return dict(SEARCH) if rules is None else dict(rules.model_dump())

    def build(self, choice: dict[str, Any]) -> Build:
        """What builds the tracker with other values in the block `lost`."""
        changes = {"lost": self.block() | choice}
        return partial(load_tracker, self.name, weights=self.weights, changes=changes)


@dataclass(frozen=True, eq=False)
class _InMemory:
    """A video whose frames are rendered once and kept."""

    name: str
    boxes_xywh: FloatArray
    visible: FloatArray
    frames: list[FrameArray]

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Any:
        return iter(self.frames)


def calibrate_lost(
    subject: Subject,
    choices: Sequence[dict[str, Any]],
    *,
    seeds: int,
    processes: int = 1,
    otb: str | None = None,
) -> tuple[dict[str, Any], list[ClipCourse]]:
    """Choose on the first half of the seeds, check on the second half and on real sequences.

    Args:
        subject: the tracker.
        choices: candidates; the one with the fewest wrong frames is chosen.
        seeds: of each half; a clip of each kind for each seed.
        processes: that share the clips.
        otb: folder with OTB sequences.

    Returns:
        The record, and the courses over the real sequences.
    """
    builds = [subject.build(choice) for choice in choices]
    rates = [lost_rates(each) for each in courses_of(builds, _rendered(range(seeds)), processes)]
    ranked = sorted(zip(choices, rates, strict=True), key=lambda pair: pair[1].wrong)
    chosen = subject.build(ranked[0][0])
    (checked,) = courses_of([chosen], _rendered(range(seeds, 2 * seeds)), processes)
    record: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(),
        "tracker": subject.name,
        "candidates": [{**choice, **vars(each)} for choice, each in ranked],
        "chosen": subject.block() | ranked[0][0],
        "held_out": vars(lost_rates(checked)),
    }
    if otb is None:
        return record, []
    videos = [partial(_same, video) for video in load_dataset("otb", otb)]
    (real,) = courses_of([chosen], videos, processes)
    record["real"] = {"sequences": [course.name for course in real], **real_rates(real)}
    return record, real


def courses_of(
    builds: Sequence[Build], videos: Sequence[Load], processes: int = 1
) -> list[list[ClipCourse]]:
    """Every tracker over every video, each rendered once; by tracker, in the videos' order."""
    work = partial(_one_video, builds)
    if processes == 1:
        by_video = [work(video) for video in videos]
    else:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, spawn, initializer=_one_thread) as pool:
            by_video = list(pool.map(work, videos))
    return [list(courses) for courses in zip(*by_video, strict=True)]


def _one_video(builds: Sequence[Build], load: Load) -> list[ClipCourse]:
    video = load()
    kept = _InMemory(video.name, video.boxes_xywh, video.visible, list(video))
    return [clip_course(build(), kept) for build in builds]


def _one_thread() -> None:
    torch.set_num_threads(1)
    load_cv2().setNumThreads(1)


def _rendered(seeds: Iterable[int]) -> list[Load]:
    """A clip of each kind for each seed."""
    return [partial(disappearance, *each) for each in itertools.product(seeds, KINDS)]


def _same(video: Video) -> Video:
    return video
