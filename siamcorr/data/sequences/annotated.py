"""A video on disk with its ground truth: what every data set reader returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from siamcorr.data.images import read_image
from siamcorr.data.sequences.image_size import image_size
from siamcorr.data.video import open_source
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.types import FrameArray

__all__ = ["AnnotatedSequence", "MaskReader"]


class MaskReader(Protocol):
    """Decodes one mask of a sequence; travels to other processes, so a function or a dataclass."""

    def __call__(self, index: int, target: int) -> npt.NDArray[np.bool_]:
        """(H, W) bool: the pixels of one target in one frame."""
        ...


@dataclass(frozen=True, eq=False)
class AnnotatedSequence:
    """Frames and ground truth of one video; satisfies `siamcorr.types.Sequence`.

    Attributes:
        name: name of the sequence in its data set.
        boxes_xywh: (T, N, 4) float64, 0-based continuous pixels; NaN where there is no annotation.
        visible: (T, N) float64 in 0 ... 1, the visible share; 0 means absent. NaN where the
            annotation is withheld, as behind the first frame of a test set.
        frame_files: image files in order; None where the frames are those of `video`, or only the
            annotations are at hand.
        corners_xy: (T, N, 4, 2) float64, 0-based corners of rotated annotations, or None.
        attributes: tags of the whole sequence, such as `Occlusion` or `OCC`.
        frame_tags: (T,) bool for every per-frame tag, such as VOT's `camera_motion`.
        classes: kind of class -> class, such as `object_class` -> `bear` (GOT-10k, LaSOT).
        size: (height, width) in pixels where the annotations state it; else read from a frame.
        video: video file whose frame `index` is frame `index` here, or None. A frame out of order
            costs decoding all before it; `siamcorr data extract` makes images once.
        target_ids: what the annotations call the N targets; empty where they have no names.
        target_classes: class of each of the N targets; empty where `classes` says all.
        occluded: (T, N) bool, where annotators saw the target partly hidden; None where they did
            not say.
        masks: reads the mask of a target, or None where the data set has none.
    """

    name: str
    boxes_xywh: npt.NDArray[np.float64]
    visible: npt.NDArray[np.float64]
    frame_files: Sequence[Path] | None = None
    corners_xy: npt.NDArray[np.float64] | None = None
    attributes: tuple[str, ...] = ()
    frame_tags: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    video: Path | None = None
    target_ids: tuple[str, ...] = ()
    target_classes: tuple[str, ...] = ()
    occluded: npt.NDArray[np.bool_] | None = None
    masks: MaskReader | None = None

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    def __iter__(self) -> Iterator[FrameArray]:
        if self.frame_files is None and self.video is not None:
            return self._video_frames(self.video)
        return (self.frame(i) for i in range(len(self)))

    def frame(self, index: int) -> FrameArray:
        """Decode one frame.

        Args:
            index: 0 ... T - 1.

        Returns:
            (H, W, 3) uint8, RGB.

        Raises:
            InvalidArgument: no such frame, or the sequence has annotations only.
            SourceError: the file cannot be read.
        """
        self._check_index(index)
        if self.frame_files is not None:
            return read_image(self.frame_files[index])
        if self.video is None:
            raise InvalidArgument(
                f"{self.name}: only its annotations are at hand; frames need the data set's folder"
            )
        try:
            with open_source(self.video, start=index, stop=index + 1, read_ahead=0) as source:
                return next(iter(source)).image
        except InvalidArgument as error:
            raise SourceError(f"{self.name}: frame {index} is annotated, but {error}") from error

    @property
    def has_masks(self) -> bool:
        """Whether `mask` gives masks; nothing is decoded for the answer."""
        return self.masks is not None

    def mask(self, index: int, target: int = 0) -> npt.NDArray[np.bool_]:
        """Decode the mask of one target in one frame.

        Args:
            index: 0 ... T - 1.
            target: position among the N targets.

        Returns:
            (H, W) bool; all False where the target is absent.

        Raises:
            InvalidArgument: no such frame or target, or no mask is annotated there.
            SourceError: the file cannot be read.
        """
        self._check_index(index)
        self._check_target(target)
        if self.masks is None:
            raise InvalidArgument(
                f"{self.name}: has boxes but no masks; ask `has_masks` first. DAVIS and COCO have "
                "masks"
            )
        return self.masks(index, target)

    def class_of(self, target: int = 0) -> str | None:
        """Class of one target, or None where the annotations name none."""
        self._check_target(target)
        return (
            self.target_classes[target] if self.target_classes else self.classes.get("object_class")
        )

    @cached_property
    def frame_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        if self.size is not None:
            return self.size
        if self.frame_files is not None:
            return image_size(self.frame_files[0])
        height, width, _ = self.frame(0).shape
        return height, width

    def _video_frames(self, video: Path) -> Iterator[FrameArray]:
        """All frames in one pass; the video may go on behind the last annotation."""
        with open_source(video, stop=len(self)) as source:
            done = 0
            for frame in source:
                done += 1
                yield frame.image
        if done < len(self):
            raise SourceError(
                f"{self.name}: {len(self)} frames are annotated, but '{video}' ends after {done}"
            )

    def _check_index(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise InvalidArgument(f"{self.name}: frame {index} is not in 0 ... {len(self) - 1}")

    def _check_target(self, target: int) -> None:
        targets = self.boxes_xywh.shape[1]
        if not 0 <= target < targets:
            raise InvalidArgument(f"{self.name}: no target {target} among its {targets}")
