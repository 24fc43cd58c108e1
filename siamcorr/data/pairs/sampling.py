"""Which two frames make a pair: a pure function of seed, epoch and the number of the pair."""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.data.pairs.tracks import TrackKey, TrackTable
from siamcorr.data.synthetic.layer import generator
from siamcorr.errors import InvalidArgument

__all__ = ["FrameDraw", "FrameRule", "PairDraw", "PairSampler", "earlier_first", "window"]

IntArray: TypeAlias = npt.NDArray[np.int64]

FrameRule: TypeAlias = Literal["window", "earlier_first"]
"""How the two frames of a positive pair are drawn: as PySOT does, or as SiamFC does."""


class FrameDraw(NamedTuple):
    """A target in a frame."""

    key: TrackKey
    frame: int


class PairDraw(NamedTuple):
    """Where the two crops of a pair come from."""

    template: FrameDraw
    search: FrameDraw
    positive: bool


def window(rng: np.random.Generator, frames: IntArray, frame_range: int) -> tuple[int, int]:
    """Draw a frame, and a second one at most so many places before or behind it in the list.

    Args:
        rng: random numbers.
        frames: (F,) usable frames of a track, ascending, F >= 1.
        frame_range: places, not frame numbers: what is not usable does not count.

    Returns:
        Frames of template and search; they may be the same.

    Source:
        PySOT's `get_positive_pair`: both draws are uniform.
    """
    i = int(rng.integers(len(frames)))
    j = int(rng.integers(max(i - frame_range, 0), min(i + frame_range, len(frames) - 1) + 1))
    return int(frames[i]), int(frames[j])


def earlier_first(rng: np.random.Generator, frames: IntArray, frame_range: int) -> tuple[int, int]:
    """Draw two different frames at most so many frame numbers apart, the earlier as template.

    Args:
        rng: random numbers.
        frames: (F,) usable frames of a track, ascending, F >= 1.
        frame_range: largest difference of the two frame numbers.

    Returns:
        Frames of template and search: uniform over all pairs that fit. Where none fits, one frame
        twice; of exactly two frames both, however far apart.

    Source:
        siamfc-pytorch's `_sample_pair`, which draws pairs until one fits, and gives up after 100.
    """
    if len(frames) == 2:
        return int(frames[0]), int(frames[1])
    places = np.arange(len(frames))
    partners = np.searchsorted(frames, frames + frame_range, side="right") - 1 - places
    ends = np.cumsum(partners)
    if not ends[-1]:
        frame = int(rng.choice(frames))
        return frame, frame
    drawn = int(rng.integers(ends[-1]))
    i = int(np.searchsorted(ends, drawn, side="right"))
    j = int(ends[i]) - drawn + i  # partners of i are i + 1 ... i + partners[i]
    return int(frames[i]), int(frames[j])


_RULES = {"window": window, "earlier_first": earlier_first}


@dataclass(frozen=True, eq=False)
class PairSampler:
    """Draws pairs from a table of tracks.

    Attributes:
        table: the tracks.
        pairs: an epoch.
        seed: of everything drawn.
        negative_share: probability that the search shows another target.
        hard_negative_share: probability that the other target of a negative pair is of the class
            of the template's, where a further track of this class is known.
        rule: for the two frames of positive pairs.

    Convention:
        - Every set gets its exact share of an epoch (largest remainders), and its videos come in
          shuffled rounds that run on over the epochs: no video is drawn twice before all were drawn
          once. PySOT's list, made of shuffled copies of every set, has the same shares on average.
        - The track in a video is uniform, and so are the frames of negative pairs.
        - A negative search is a uniform track of a uniform video of a uniform set, whatever the
          weights; a hard one is a uniform track of the class. It never shows the template's own
          track, which in PySOT may happen.

    Raises:
        InvalidArgument: fewer pairs than give every set one, a share outside 0 ... 1, negatives
            from a single track, or hard ones where no class has two.
    """

    table: TrackTable
    pairs: int
    seed: int
    negative_share: float = 0.0
    hard_negative_share: float = 0.0
    rule: FrameRule = "window"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidArgument(f"VideoPairs: seed must be >= 0, got {self.seed}")
        for name in ("negative_share", "hard_negative_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidArgument(f"VideoPairs: {name} {getattr(self, name)} is not in 0 ... 1")
        if self.rule not in _RULES:
            raise InvalidArgument(f"VideoPairs: rule must be one of {[*_RULES]}, got {self.rule!r}")
        if self.pairs < 1 or (self.counts == 0).any():
            counts = {s.name: int(n) for s, n in zip(self.table.sets, self.counts, strict=True)}
            raise InvalidArgument(
                f"VideoPairs: {self.pairs} pairs an epoch leave a set without one: {counts}; give "
                "more pairs or other weights"
            )
        if self.negative_share and sum(self.table.track_counts) < 2:
            raise InvalidArgument("VideoPairs: negative pairs need two tracks; there is only one")
        if self.hard_negative_share and not any(len(keys) > 1 for keys in self.by_class.values()):
            raise InvalidArgument(
                "VideoPairs: hard negatives need two tracks of one class, and no data set here "
                "tells so; set hard_negative_share to 0"
            )

    @functools.cached_property
    def counts(self) -> IntArray:
        """(S,) pairs an epoch of every set."""
        weights = np.array([each.weight for each in self.table.sets])
        exact = self.pairs * weights / weights.sum()
        counts: IntArray = np.floor(exact).astype(np.int64)
        remainders = np.argsort(counts - exact, kind="stable")
        counts[remainders[: self.pairs - counts.sum()]] += 1
        return counts

    @functools.cached_property
    def by_class(self) -> dict[str, list[TrackKey]]:
        """Tracks of every class."""
        return self.table.by_class()

    def draw(self, epoch: int, index: int) -> PairDraw:
        """Draw one pair.

        Args:
            epoch: 0, 1, ...
            index: 0 ... pairs - 1; sets follow one another, so shuffle the indices.
        """
        rng = generator(self.seed, "pair", epoch, index)
        positive = bool(rng.random() >= self.negative_share)
        set_index, video_index = self._scheduled(epoch, index)
        tracks = self.table.videos[set_index][video_index].tracks
        key = TrackKey(set_index, video_index, int(rng.integers(len(tracks))))
        if positive:
            reach = self.table.sets[set_index].frame_range
            frames = _RULES[self.rule](rng, self.table.track(key).frames, reach)
            return PairDraw(FrameDraw(key, frames[0]), FrameDraw(key, frames[1]), positive)
        template, other = self._any_frame(rng, key), self._other(rng, key)
        return PairDraw(template, self._any_frame(rng, other), positive)

    def _scheduled(self, epoch: int, index: int) -> tuple[int, int]:
        """Set and video whose turn it is."""
        ends = np.cumsum(self.counts)
        set_index = int(np.searchsorted(ends, index, side="right"))
        count, total = int(self.counts[set_index]), len(self.table.videos[set_index])
        turn = epoch * count + index - (int(ends[set_index]) - count)
        order = _round(self.seed, set_index, turn // total, total)
        return set_index, int(order[turn % total])

    def _any_frame(self, rng: np.random.Generator, key: TrackKey) -> FrameDraw:
        return FrameDraw(key, int(rng.choice(self.table.track(key).frames)))

    def _other(self, rng: np.random.Generator, key: TrackKey) -> TrackKey:
        """A track that is not this one."""
        if rng.random() < self.hard_negative_share:
            name = self.table.video(key).video.class_of(self.table.track(key).target)
            alike = self.by_class.get(name or "", [])  # ascending
            if len(alike) > 1:
                return alike[_uniform(rng, len(alike), bisect.bisect_left(alike, key))]
        table = self.table
        sets = [s for s, n in enumerate(table.track_counts) if n > (s == key.set_index)]
        s = sets[int(rng.integers(len(sets)))]
        alone = s == key.set_index and len(table.video(key).tracks) == 1
        v = _uniform(rng, len(table.videos[s]), key.video_index if alone else None)
        same = (s, v) == key[:2]
        t = _uniform(rng, len(table.videos[s][v].tracks), key.track_index if same else None)
        return TrackKey(s, v, t)


def _uniform(rng: np.random.Generator, count: int, excluded: int | None) -> int:
    """A number in 0 ... count - 1 other than the excluded one."""
    if excluded is None:
        return int(rng.integers(count))
    drawn = int(rng.integers(count - 1))
    return drawn + (drawn >= excluded)


@functools.lru_cache(maxsize=64)
def _round(seed: int, set_index: int, number: int, total: int) -> npt.NDArray[np.int32]:
    """The order in which the videos of a set come in one round."""
    return generator(seed, "round", set_index, number).permutation(np.arange(total, dtype=np.int32))
