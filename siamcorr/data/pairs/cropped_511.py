"""PySOT's stored training crops: 511 x 511 pixels round every target of every frame, and a JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.data.images import read_image
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.text_files import read_json
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.types import FrameArray

__all__ = ["CroppedVideo", "PairVideo", "read_cropped_511"]

_SIDE = 511
_TEMPLATE, _CONTEXT = 127, 0.5  # of the recipe by which the crops were stored

Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CroppedVideo:
    """The stored crops of one video, an image of its own for every target in every frame.

    Attributes:
        name: of the video.
        folder: holds `{frame:06d}.{track}.x.jpg`.
        frame_numbers: (T,) numbers of the frames, ascending.
        track_names: of the N targets.
        boxes_xywh: (T, N, 4) in continuous pixels of each target's own crop; NaN where the target
            is not annotated.
        visible: (T, N), 1 where there is a box and 0 elsewhere.
    """

    name: str
    folder: Path
    frame_numbers: tuple[int, ...]
    track_names: tuple[str, ...]
    boxes_xywh: Boxes
    visible: Boxes

    def __len__(self) -> int:
        return len(self.frame_numbers)

    @property
    def has_masks(self) -> bool:
        """False: only images are stored."""
        return False

    def class_of(self, target: int) -> str | None:
        """None: the JSON tells no classes."""
        return None

    def crop(self, index: int, target: int) -> FrameArray:
        """Decode the crop of one target in one frame, (511, 511, 3) uint8 RGB.

        Raises:
            SourceError: the file cannot be read, or has another size.
        """
        name = f"{self.frame_numbers[index]:06d}.{self.track_names[target]}.x.jpg"
        image = read_image(self.folder / name)
        if image.shape[:2] != (_SIDE, _SIDE):
            raise SourceError(
                f"{self.folder / name}: is {image.shape[1]} x {image.shape[0]} pixels; PySOT "
                f"stores {_SIDE} x {_SIDE}"
            )
        return image


PairVideo: TypeAlias = AnnotatedSequence | CroppedVideo
"""What pairs are cut from: whole frames, or stored crops of every target."""


def read_cropped_511(root: str | Path, annotation: str | Path) -> list[CroppedVideo]:
    """Read a data set that was prepared for PySOT; no image is decoded.

    Args:
        root: the folder `crop511` with `{video}/{frame:06d}.{track}.x.jpg`.
        annotation: JSON `{video: {track: {frame: [x1, y1, x2, y2] or [w, h]}}}` in pixels of the
            original frame; only the sizes count.

    Returns:
        The videos in the order of the JSON.

    Convention:
        A crop was warped end-point to end-point, by 510 pixels over the side of 511/127 context
        squares, so it is 510/511 of the nominal scale and the target's middle is (255.5, 255.5).
        The boxes here are the true ones. PySOT calls them 511/510 larger and cuts pixel by pixel,
        where we resample by that factor.

    Raises:
        SourceError: no such folder or JSON, or a video without its folder.
        InvalidArgument: a JSON of another structure; names video, track and frame.

    Source:
        PySOT's `training_dataset/*/par_crop.py` and `gen_json.py`.
    """
    folder, file = Path(root), Path(annotation)
    if not folder.is_dir():
        raise SourceError(f"read_cropped_511: no folder '{folder}'; give PySOT's `crop511`")
    videos = []
    for name, tracks in _read_json(file).items():
        if not (folder / name).is_dir():
            raise SourceError(
                f"read_cropped_511: '{file}' names the video {name!r}, but there is no folder "
                f"'{folder / name}'"
            )
        videos.append(_video(f"{file}, video {name!r}", folder / name, name, tracks))
    return videos


def _read_json(file: Path) -> dict[str, Any]:
    content: Any = read_json(file)
    if not isinstance(content, dict) or not content:
        raise InvalidArgument(f"{file}: expected an object with a video an entry")
    return content


def _video(place: str, folder: Path, name: str, tracks: Any) -> CroppedVideo:
    """One entry of the JSON, checked; `place` names it in errors."""
    if not isinstance(tracks, dict) or not tracks:
        raise InvalidArgument(
            f"{place}: expected an object with a track an entry, got {tracks!r:.80}"
        )
    sizes: dict[tuple[int, int], tuple[float, float]] = {}
    for n, (track, frames) in enumerate(tracks.items()):
        where = f"{place}, track {track!r}"
        if not isinstance(frames, dict):
            raise InvalidArgument(f"{where}: expected an object with a frame an entry")
        for frame, numbers in frames.items():
            if frame.isdecimal():  # others, such as `meta`, are no frames
                sizes[int(frame), n] = _size(f"{where}, frame {frame!r}", numbers)
    frame_numbers = sorted({frame for frame, _ in sizes})
    rows = {frame: i for i, frame in enumerate(frame_numbers)}
    boxes = np.full((len(rows), len(tracks), 4), np.nan)
    for (frame, n), (width, height) in sizes.items():
        if width > 0 and height > 0:  # PySOT leaves the others out
            boxes[rows[frame], n] = _box_in_crop(width, height)
    visible = np.isfinite(boxes).all(-1).astype(np.float64)
    return CroppedVideo(name, folder, tuple(frame_numbers), tuple(tracks), boxes, visible)


def _size(where: str, numbers: Any) -> tuple[float, float]:
    """Width and height of an annotation."""
    fits = isinstance(numbers, list) and len(numbers) in (2, 4)
    if not fits or not all(isinstance(v, int | float) for v in numbers):
        raise InvalidArgument(f"{where}: expected [x1, y1, x2, y2] or [w, h], got {numbers!r:.80}")
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    return numbers[2] - numbers[0], numbers[3] - numbers[1]


def _box_in_crop(width: float, height: float) -> tuple[float, float, float, float]:
    """Box of a target of this size in its stored crop."""
    context = _CONTEXT * (width + height)
    side = ((width + context) * (height + context)) ** 0.5 * _SIDE / _TEMPLATE
    scale = (_SIDE - 1) / side
    w, h = width * scale, height * scale
    return _SIDE / 2 - w / 2, _SIDE / 2 - h / 2, w, h
