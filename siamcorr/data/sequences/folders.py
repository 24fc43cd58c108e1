"""What lies in the folders of a data set: subfolders, files, frames; in natural order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from siamcorr.data.images import IMAGE_SUFFIXES, natural_key
from siamcorr.errors import SourceError

__all__ = ["FrameFiles", "files_in", "frame_files", "subfolders", "video_files"]

_NO_VIDEO = IMAGE_SUFFIXES | {"", ".csv", ".ini", ".json", ".md", ".txt", ".xml", ".yaml", ".zip"}


@dataclass(frozen=True, slots=True)
class FrameFiles(Sequence[Path]):
    """Files of one folder as paths that are made when asked for.

    A large training set has 10^7 frames: a name is 70 bytes and a `Path` 400.

    Attributes:
        folder: where they lie.
        names: their names in order.
    """

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> FrameFiles: ...
    def __getitem__(self, index: int | slice) -> Path | FrameFiles:
        if isinstance(index, slice):
            return FrameFiles(self.folder, self.names[index])
        return self.folder / self.names[index]


def subfolders(root: Path) -> list[Path]:
    """Folders in `root`; hidden ones are passed over."""
    with os.scandir(root) as entries:
        return [root / name for name in _in_order(e.name for e in entries if e.is_dir())]


def files_in(folder: Path, suffix: str) -> list[Path]:
    """Files with a suffix, such as `.txt`; none where there is no such folder.

    Hidden files are passed over: macOS leaves a `._NAME.txt` beside every file on foreign disks.
    """
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(suffix)]
    return [folder / name for name in _in_order(names)]


def frame_files(folder: Path) -> FrameFiles:
    """Image files of one sequence: `9.jpg` comes before `10.jpg`.

    Raises:
        SourceError: no such folder, or no image in it.
    """
    try:
        with os.scandir(folder) as entries:
            names = _in_order(e.name for e in entries if _suffix(e.name) in IMAGE_SUFFIXES)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{folder}: no folder of frames: {reason}") from error
    if not names:
        raise SourceError(f"{folder}: holds no image")
    return FrameFiles(folder, tuple(names))


def video_files(folder: Path) -> list[Path]:
    """Files in `folder` that may be videos: every one that is no image, text or archive."""
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_file() and _suffix(e.name) not in _NO_VIDEO]
    return [folder / name for name in _in_order(names)]


def _suffix(name: str) -> str:
    """`.jpg` of `0001.JPG`; empty without a dot."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def _in_order(names: Iterable[str]) -> list[str]:
    """Names that are not hidden, in natural order."""
    shown = [name for name in names if not name.startswith(".")]
    stems = [name.rpartition(".")[0] or name for name in shown]
    if all(map(str.isdecimal, stems)):  # as published sets name their frames; 10x faster
        return [name for _, name in sorted(zip(map(int, stems), shown, strict=True))]
    return sorted(shown, key=lambda name: natural_key(Path(name)))
