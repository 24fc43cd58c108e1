"""Boxes of many targets, put in one by one, as one sequence: what formats with track ids share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.errors import InvalidArgument

__all__ = ["Entry", "TrackTable"]


class Entry(NamedTuple):
    """What the annotations say of one target in one frame.

    Attributes:
        box_xywh: 0-based; four NaN where the target is absent.
        visible: visible share in 0 ... 1.
        occluded: whether the annotators saw it partly hidden.
    """

    box_xywh: tuple[float, float, float, float]
    visible: float = 1.0
    occluded: bool = False


class TrackTable:
    """Entries by target and frame.

    Args:
        total: number of frames T.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._entries: dict[str, dict[int, Entry]] = {}
        self._classes: dict[str, str] = {}

    def put(
        self, where: str, target: str, frame: int, entry: Entry, target_class: str = ""
    ) -> None:
        """Store one entry.

        Args:
            where: file and line, for the error.
            target: what the annotations call the target.
            frame: 0-based.
            entry: box, visibility, occlusion.
            target_class: its class; empty where the annotations name none.

        Raises:
            InvalidArgument: the frame is none of the sequence, or the target is there twice.
        """
        if not 0 <= frame < self._total:
            raise InvalidArgument(
                f"{where}: target {target!r} in frame {frame}, counted from 0, but there are "
                f"{self._total} frames"
            )
        frames = self._entries.setdefault(target, {})
        if frame in frames:
            raise InvalidArgument(f"{where}: target {target!r} twice in frame {frame}")
        frames[frame] = entry
        if self._classes.setdefault(target, target_class) != target_class:
            raise InvalidArgument(
                f"{where}: target {target!r} is {target_class!r}, but "
                f"{self._classes[target]!r} before"
            )

    def sequence(self, name: str, **fields: Any) -> AnnotatedSequence:
        """The sequence of all targets, ordered by number or else by name.

        Args:
            name: name of the sequence.
            fields: the other fields of `AnnotatedSequence`.

        Returns:
            Boxes (T, N, 4); NaN and `visible` 0 where a target has no entry.
        """
        ids = sorted(self._entries, key=_by_number)
        boxes = np.full((self._total, len(ids), 4), np.nan)
        visible = np.zeros((self._total, len(ids)))
        occluded = np.zeros((self._total, len(ids)), dtype=np.bool_)
        for n, target in enumerate(ids):
            for frame, entry in self._entries[target].items():
                boxes[frame, n] = entry.box_xywh
                visible[frame, n], occluded[frame, n] = entry.visible, entry.occluded
        classes = tuple(self._classes[target] for target in ids)
        return AnnotatedSequence(
            name=name,
            boxes_xywh=boxes,
            visible=visible,
            occluded=occluded,
            target_ids=tuple(ids),
            target_classes=classes if any(classes) else (),
            **fields,
        )


def _by_number(target: str) -> tuple[bool, int, str]:
    is_number = target.isdecimal()
    return not is_number, int(target) if is_number else 0, target
