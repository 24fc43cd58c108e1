"""A stream without end: targets are added and dropped, and resident memory must stay flat."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic import RandomScenes, SyntheticSequence, random_recipe
from siamcorr.errors import BackendUnavailable, InvalidArgument
from siamcorr.types import FrameArray, Tracker
from siamcorr.workflows.records import heading

__all__ = ["MemorySample", "Soak", "resident_mib", "soak", "soak_record", "soak_table"]

_SCENES = RandomScenes(frames=200, targets=(4, 4))
"""The clip that is shown forward and backward in turns, so that nothing ever jumps."""

ResidentMemory = Callable[[], float]
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class MemorySample:
    """State of the process after a frame.

    Attributes:
        frame: number of frames done.
        targets: followed at that time.
        resident_mib: memory of the process.
    """

    frame: int
    targets: int
    resident_mib: float


@dataclass(frozen=True)
class Soak:
    """What a run showed.

    Attributes:
        frames: of the stream.
        added: targets in all, those of the start included.
        dropped: targets in all.
        samples: at equal distances.
    """

    frames: int
    added: int
    dropped: int
    samples: tuple[MemorySample, ...]

    @property
    def warm(self) -> tuple[MemorySample, ...]:
        """The samples behind the first tenth of the stream."""
        return tuple(each for each in self.samples if each.frame > self.frames / 10)

    @property
    def growth(self) -> float:
        """Largest memory after warm-up over the first such sample, less 1."""
        sizes = [each.resident_mib for each in self.warm]
        return max(sizes) / sizes[0] - 1


def soak(
    tracker: Tracker,
    frames: int,
    *,
    seed: int = 0,
    change_every: int = 50,
    samples: int = 100,
    memory: ResidentMemory | None = None,
    progress: Progress | None = None,
) -> Soak:
    """Follow 0 to 4 targets through a rendered clip that is shown forward and backward.

    Args:
        tracker: to run.
        frames: of the stream, at least `samples`.
        seed: of the clip, and of which target is added or dropped.
        change_every: frames between two changes.
        samples: how often memory is looked at.
        memory: how; the default reads what the system says of this process.
        progress: called with frames done and MiB at every sample.

    Raises:
        InvalidArgument: fewer frames than samples.
        BackendUnavailable: this system does not say how much memory a process has.
    """
    if frames < samples:
        raise InvalidArgument(f"soak: frames {frames} must be at least samples = {samples}")
    memory = memory if memory is not None else resident_mib
    draw = random.Random(seed)
    clip = SyntheticSequence(random_recipe(seed, _SCENES))
    images, boxes = list(clip), clip.boxes_xywh
    stream = _back_and_forth(images, boxes)
    image, truth = next(stream)
    state = tracker.init(image, truth[:1])
    followed = {int(state.ids[0]): 0}  # id: number of the object in the clip
    added, dropped, taken = 1, 0, []
    for frame, (image, truth) in enumerate(itertools.islice(stream, frames), start=1):
        state, _ = tracker.update(state, image)
        if frame % change_every == 0:
            free = sorted(set(range(truth.shape[0])) - set(followed.values()))
            if free and (not followed or draw.random() < 0.5):
                chosen = draw.choice(free)
                state = tracker.add(state, image, truth[chosen])
                followed[int(state.ids[-1])] = chosen
                added += 1
            else:
                gone = draw.choice(sorted(followed))
                state = tracker.drop(state, gone)
                del followed[gone]
                dropped += 1
        if frame % (frames // samples) == 0:
            taken.append(MemorySample(frame, len(followed), memory()))
            if progress is not None:
                progress(frame, taken[-1].resident_mib)
    return Soak(frames, added, dropped, tuple(taken))


def resident_mib() -> float:
    """Resident memory of this process in MiB.

    Raises:
        BackendUnavailable: there is no /proc.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        raise BackendUnavailable("resident_mib: needs /proc/self/status, which Linux has")
    (line,) = (each for each in status.read_text("utf-8").splitlines() if each[:6] == "VmRSS:")
    return int(line.split()[1]) / 1024


def soak_record(found: Soak) -> dict[str, Any]:
    """The run as the entries of a record."""
    return {**asdict(found), "growth": found.growth}


def soak_table(record: Mapping[str, Any]) -> str:
    """The record as Markdown."""
    samples: Sequence[Mapping[str, Any]] = record["samples"]
    step = max(len(samples) // 10, 1)
    rows = [
        f"| {each['frame']} | {each['targets']} | {each['resident_mib']:.1f} |"
        for each in samples[step - 1 :: step]
    ]
    said = (
        f"{record['added']} targets were added and {record['dropped']} dropped. Largest resident "
        f"memory after the first tenth over that at its end: {record['growth']:+.2%}."
    )
    title = f"Memory over {record['frames']} frames, tracker {record['tracker']}"
    head = "| frames | targets | resident MiB |\n|---|---|---|"
    return "\n".join([*heading(record, title), "", said, "", head, *rows]) + "\n"


def _back_and_forth(
    images: Sequence[FrameArray], boxes: npt.NDArray[np.float64]
) -> Iterator[tuple[FrameArray, npt.NDArray[np.float64]]]:
    """Frames and boxes (N, 4) of the clip, turning round at both ends."""
    last = len(images) - 1
    order = itertools.cycle((*range(last), *range(last, 0, -1)))
    return ((images[t], boxes[t]) for t in order)
