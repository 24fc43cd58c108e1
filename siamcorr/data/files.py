"""Files that are whole or absent: written beside their place, moved there when complete."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from siamcorr.errors import InvalidArgument

__all__ = ["atomic_folder", "atomic_path", "check_target"]


def check_target(path: Any, who: str) -> Path:
    """Check that a file can be put at a path: the folder exists, and no folder has this name.

    Args:
        path: where the file shall be.
        who: name of the caller, for the error.

    Raises:
        InvalidArgument: not a path, an existing folder, or a path in an absent folder.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise InvalidArgument(f"{who}: expected the path of a file to write, got {path!r}")
    target = Path(path)
    if target.is_dir():
        raise InvalidArgument(f"{who}: {str(target)!r} is a folder; give the path of a file in it")
    if not target.parent.is_dir():
        raise InvalidArgument(
            f"{who}: cannot write {str(target)!r}: the folder {str(target.parent)!r} does not "
            "exist; make it first"
        )
    return target


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to `path` if the block succeeds.

    A reader sees the old file or the new one, never half of one. The temporary name keeps the
    suffix, because writers such as `numpy.savez` append a missing one.

    Args:
        path: where the file shall be; an existing file is replaced.

    Yields:
        The path to write to. It does not exist yet.

    Raises:
        InvalidArgument: `path` is a folder or lies in an absent one, or the block wrote nothing.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "boxes.csv"
        >>> with atomic_path(target) as temporary:
        ...     _ = temporary.write_text("x,y,w,h")
        >>> target.read_text(), len(list(target.parent.iterdir()))
        ('x,y,w,h', 1)
    """
    target = check_target(path, "atomic_path")
    temporary = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:12]}.partial{target.suffix}")
    try:
        yield temporary
        if not temporary.exists():
            raise InvalidArgument(
                f"atomic_path: nothing was written for {str(target)!r}; write to the path that the "
                "with-statement gives"
            )
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a new folder beside a path; rename it to the path if the block succeeds.

    A reader sees the old folder or the new one, or none for the moment between two renamings.

    Args:
        path: where the folder shall be; what is there is replaced.

    Yields:
        The folder to write into.

    Raises:
        InvalidArgument: `path` lies in an absent folder.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "graphs"
        >>> with atomic_folder(target) as temporary:
        ...     _ = (temporary / "a.txt").write_text("a")
        >>> [file.name for file in target.iterdir()], len(list(target.parent.iterdir()))
        (['a.txt'], 1)
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InvalidArgument(
            f"atomic_folder: cannot make {str(target)!r}: the folder {str(target.parent)!r} does "
            "not exist; make it first"
        )
    mark = uuid.uuid4().hex[:12]
    temporary, old = (
        target.with_name(f".{target.name}.{mark}.{kind}") for kind in ("partial", "old")
    )
    temporary.mkdir()
    try:
        yield temporary
        if target.exists():
            target.replace(old)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
