"""The tracks that pairs are drawn from: weighted sets, and in which frames each target counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.data.pairs.cropped_511 import PairVideo
from siamcorr.data.pairs.target_filter import EVERY_TARGET, TargetFilter
from siamcorr.errors import InvalidArgument

__all__ = ["Track", "TrackKey", "TrackTable", "TrackedVideo", "WeightedSet"]


@dataclass(frozen=True, eq=False)
class WeightedSet:
    """A data set and its part in training.

    Attributes:
        name: for errors.
        videos: its videos; an image is a video of one frame.
        weight: its share of the pairs, relative to the weights of the other sets; > 0. PySOT's
            `NUM_USE`, or the number of videos where that is -1.
        frame_range: how far apart the two frames of a positive pair may be; >= 0.
    """

    name: str
    videos: Sequence[PairVideo]
    weight: float = 1.0
    frame_range: int = 100

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise InvalidArgument(f"WeightedSet: {self.name}: weight {self.weight} is not > 0")
        if self.frame_range < 0:
            raise InvalidArgument(
                f"WeightedSet: {self.name}: frame_range {self.frame_range} is not >= 0"
            )


class Track(NamedTuple):
    """One target of a video and the frames, ascending, in which it is annotated and visible."""

    target: int
    frames: npt.NDArray[np.int64]


class TrackedVideo(NamedTuple):
    """A video with the tracks that have at least one frame to use."""

    video: PairVideo
    tracks: tuple[Track, ...]


class TrackKey(NamedTuple):
    """Where a track stands in a table."""

    set_index: int
    video_index: int
    track_index: int


class TrackTable:
    """All tracks of all sets; videos without a frame to use are left out.

    Args:
        sets: at least one.
        targets: which of their targets count in which frames.

    Attributes:
        sets: as given.
        videos: of each set, those with a track.

    Raises:
        InvalidArgument: no set, or a set without a single target that counts.
    """

    def __init__(self, sets: Sequence[WeightedSet], targets: TargetFilter = EVERY_TARGET) -> None:
        if not sets:
            raise InvalidArgument("VideoPairs: no set of videos; give at least one WeightedSet")
        self.sets = tuple(sets)
        self.videos = tuple(tuple(_tracked(each.videos, targets)) for each in sets)
        for each, videos in zip(self.sets, self.videos, strict=True):
            if not videos:
                raise InvalidArgument(
                    f"VideoPairs: set {each.name!r}: none of its {len(each.videos)} videos has a "
                    "frame in which a target is annotated with a box, is visible and passes the "
                    f"filter {targets!r}"
                )
        self.track_counts = tuple(sum(len(v.tracks) for v in videos) for videos in self.videos)

    def video(self, key: TrackKey) -> TrackedVideo:
        """The video of a track."""
        return self.videos[key.set_index][key.video_index]

    def track(self, key: TrackKey) -> Track:
        """A track by its place."""
        return self.video(key).tracks[key.track_index]

    def by_class(self) -> dict[str, list[TrackKey]]:
        """Tracks of every object class that is known."""
        groups: dict[str, list[TrackKey]] = {}
        for s, videos in enumerate(self.videos):
            for v, (video, tracks) in enumerate(videos):
                for t, track in enumerate(tracks):
                    name = video.class_of(track.target)
                    if name is not None:
                        groups.setdefault(name, []).append(TrackKey(s, v, t))
        return groups


def _tracked(videos: Sequence[PairVideo], targets: TargetFilter) -> list[TrackedVideo]:
    found = (TrackedVideo(video, tuple(_tracks(video, targets))) for video in videos)
    return [each for each in found if each.tracks]


def _tracks(video: PairVideo, targets: TargetFilter) -> list[Track]:
    usable = targets.passes(video)  # (T, N)
    return [Track(n, np.flatnonzero(usable[:, n])) for n in np.flatnonzero(usable.any(0)).tolist()]
