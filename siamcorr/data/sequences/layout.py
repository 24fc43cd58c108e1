"""What the readers share: sequence folders, errors, and the check that frames and boxes fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_flags, read_lines
from siamcorr.data.sequences.folders import subfolders
from siamcorr.data.sequences.registry import Catalogue
from siamcorr.errors import InvalidArgument, SourceError

__all__ = [
    "LengthMismatch",
    "annotations_for",
    "catalogue",
    "frame_flags",
    "listed_folders",
    "not_found",
    "one_target",
    "only_file",
]

FloatArray = npt.NDArray[np.float64]


class LengthMismatch(InvalidArgument):
    """There are not as many annotations as frames; `frames` are those on disk."""

    def __init__(self, message: str, frames: Sequence[Path] = ()) -> None:
        super().__init__(message)
        self.frames = frames


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


def only_file(name: str, root: Path, found: list[Path], suffix: str, looked_for: str) -> Path:
    """The one annotation file of a data set: `root` itself, or what was found in it.

    Raises:
        SourceError: there is none, or several are.
    """
    files = [root] if root.is_file() else found
    if not files or files[0].suffix != suffix:
        raise not_found(name, root, looked_for)
    if len(files) > 1:
        raise SourceError(
            f"load_dataset: {name}: '{root}' holds {', '.join(file.name for file in files)}; give "
            f"one of them, such as '{files[0]}'"
        )
    return files[0]


def annotations_for(
    frames: Sequence[Path], boxes: FloatArray, file: Path, *, first_is_enough: bool = False
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
