"""What the readers share: folders, frame files, and the check that frames and boxes fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.images import IMAGE_SUFFIXES, is_image, natural_key
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_flags, read_lines
from siamcorr.data.sequences.registry import Catalogue
from siamcorr.errors import InvalidArgument, SourceError

__all__ = [
    "LengthMismatch",
    "annotations_for",
    "catalogue",
    "frame_files",
    "frame_flags",
    "listed_folders",
    "not_found",
    "one_target",
    "subfolders",
    "video_files",
]

_NO_VIDEO = IMAGE_SUFFIXES | {".csv", ".ini", ".json", ".md", ".txt", ".xml", ".yaml", ".zip"}

FloatArray = npt.NDArray[np.float64]


class LengthMismatch(InvalidArgument):
    """There are not as many annotations as frames; `frames` are those on disk."""

    def __init__(self, message: str, frames: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.frames = frames


def subfolders(root: Path) -> list[Path]:
    """Folders in `root` in natural order; hidden ones are passed over."""
    with os.scandir(root) as entries:
        found = [entry.name for entry in entries if entry.is_dir() and entry.name[0] != "."]
    return [root / name for name in sorted(found, key=lambda name: natural_key(Path(name)))]


def listed_folders(root: Path, annotation: str) -> list[Path]:
    """Sequence folders: those that `list.txt` names, in its order, else those with annotations.

    Args:
        root: folder of the data set.
        annotation: name of the file that makes a folder a sequence.
    """
    if (root / "list.txt").is_file():
        return [root / name for name in read_lines(root / "list.txt")]
    return [folder for folder in subfolders(root) if (folder / annotation).is_file()]


def catalogue(folders: Iterable[Path], read: Callable[[Path], AnnotatedSequence]) -> Catalogue:
    """Sequences named like their folders.

    Raises:
        InvalidArgument: two folders have the same name.
    """
    by_name: dict[str, Path] = {}
    for folder in folders:
        if by_name.setdefault(folder.name, folder) != folder:
            raise InvalidArgument(
                f"load_dataset: two sequences {folder.name!r}: '{by_name[folder.name]}' and "
                f"'{folder}'; give the folder of one of them as root"
            )
    return {name: partial(read, folder) for name, folder in by_name.items()}


def frame_files(folder: Path) -> tuple[Path, ...]:
    """Image files of one sequence in natural order: `9.jpg` comes before `10.jpg`.

    Raises:
        SourceError: no such folder, or no image in it.
    """
    try:
        with os.scandir(folder) as entries:
            files = [path for entry in entries if is_image(path := folder / entry.name)]
    except OSError as error:
        raise SourceError(f"{folder}: no folder of frames: {error.strerror or error}") from error
    if not files:
        raise SourceError(f"{folder}: holds no image")
    if all(path.stem.isdecimal() for path in files):  # as published sets name them; 4x faster
        return tuple(sorted(files, key=lambda path: (int(path.stem), path.name)))
    return tuple(sorted(files, key=lambda path: natural_key(Path(path.name))))


def video_files(folder: Path) -> list[Path]:
    """Files in `folder` that may be videos: every one that is no image, text or archive."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return [path for path in files if path.suffix and path.suffix.lower() not in _NO_VIDEO]


def not_found(name: str, root: Path, looked_for: str) -> SourceError:
    """The error for a root without the data set: what was looked for, what is there."""
    if root.is_file():
        return SourceError(f"load_dataset: {name}: '{root}' is a file\n  looked for: {looked_for}")
    entries = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    shown = ", ".join(entries[:8]) + (f", ... ({len(entries)} entries)" if entries[8:] else "")
    return SourceError(
        f"load_dataset: no {name} sequence in '{root}'\n  looked for: {looked_for}\n"
        f"  found     : {shown or 'an empty folder'}"
    )


def annotations_for(
    frames: tuple[Path, ...], boxes: FloatArray, file: Path, *, first_is_enough: bool = False
) -> FloatArray:
    """Check that there is one annotation a frame.

    Args:
        frames: the T image files of the sequence.
        boxes: (T, K) as read from `file`.
        file: for the error.
        first_is_enough: accept a single line, as test sets with withheld annotations have it; the
            rest is filled with NaN.

    Returns:
        (T, K).

    Raises:
        LengthMismatch: the counts differ; names both.
    """
    if first_is_enough and len(boxes) == 1:
        withheld: FloatArray = np.full((len(frames) - 1, boxes.shape[1]), np.nan)
        return np.concatenate((boxes, withheld))
    if len(boxes) != len(frames):
        raise LengthMismatch(
            f"{file}: {len(boxes)} annotations, but {len(frames)} frames in '{frames[0].parent}'",
            frames,
        )
    return boxes


def frame_flags(file: Path, total: int, *, largest: int = 1) -> npt.NDArray[np.int64]:
    """Read one integer of 0 ... largest a frame, (T,).

    Raises:
        InvalidArgument: other values.
        LengthMismatch: not as many as the `total` frames.
    """
    values = read_flags(file, largest=largest)
    if len(values) != total:
        raise LengthMismatch(f"{file}: {len(values)} values for {total} frames")
    return values


def one_target(
    name: str,
    boxes: FloatArray,
    *,
    visible: FloatArray | None = None,
    corners: FloatArray | None = None,
    frame_tags: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    **fields: Any,
) -> AnnotatedSequence:
    """Build a sequence with N = 1 from arrays without the axis of targets.

    Args:
        name: name of the sequence.
        boxes: (T, 4), 0-based.
        visible: (T,); None means 1 where there is a box and 0 where there is NaN.
        corners: (T, 4, 2), or None.
        frame_tags: (T,) bool a tag.
        fields: the other fields of `AnnotatedSequence`.
    """
    if visible is None:
        visible = np.where(np.isnan(boxes).any(axis=1), 0.0, 1.0)
    return AnnotatedSequence(
        name=name,
        boxes_xywh=boxes[:, None],
        visible=visible[:, None],
        corners_xy=None if corners is None else corners[:, None],
        frame_tags=dict(frame_tags or {}),
        **fields,
    )
