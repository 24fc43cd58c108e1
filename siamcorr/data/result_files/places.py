"""Where result files lie: checked names, made folders, and the spellings of other people."""

from __future__ import annotations

import os
import re
from pathlib import Path

from siamcorr.errors import InvalidArgument, SourceError, closest

__all__ = ["check_run", "existing_file", "place"]


def place(folder: str | os.PathLike[str], sequence_name: str, relative: str, who: str) -> Path:
    """Path of a file that belongs to a sequence.

    Args:
        folder: folder of the tracker.
        sequence_name: a plain name.
        relative: path below the folder; `{}` stands for the name.
        who: name of the caller, for the error.

    Raises:
        InvalidArgument: the name is empty or would lead out of the folder.
    """
    if not sequence_name or sequence_name != Path(sequence_name).name or sequence_name == "..":
        raise InvalidArgument(f"{who}: {sequence_name!r} is no name of a sequence, but a path")
    return Path(folder) / relative.replace("{}", sequence_name)


def check_run(run: int, who: str, *, several: bool) -> int:
    """Check the number of a run.

    Raises:
        InvalidArgument: less than 1, or more than 1 where the format holds one run only.
    """
    if run < 1:
        raise InvalidArgument(f"{who}: run = {run}; runs are numbered from 1")
    if run > 1 and not several:
        raise InvalidArgument(f"{who}: run = {run}, but this format holds one run a sequence")
    return run


def existing_file(path: Path, who: str) -> Path:
    """The file itself, or the only one in its folder whose name is spelt nearly so.

    Other people's folders differ in case and in how they number targets: `Jogging-1`,
    `jogging_1` and `Jogging.1` are one name, and so are `Human4` and `Human4_2`, its second and
    only annotated target.

    Raises:
        SourceError: no such file; lists the closest names.
        InvalidArgument: several files fit.
    """
    if path.is_file():
        return path
    others = list(path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
    fits = [other for other in others if _spelling(other.stem) == _spelling(path.stem)]
    if len(fits) > 1:
        raise InvalidArgument(
            f"{who}: several files stand for {path.name!r}: {sorted(f.name for f in fits)}"
        )
    if not fits:
        raise SourceError(
            f"{who}: no '{path}'{closest(path.name, (other.name for other in others))}"
            f"\n  the folder holds {len(others)} files of this kind"
        )
    return fits[0]


def _spelling(stem: str) -> str:
    plain = re.sub(r"[._]", "-", stem.lower())
    return "human4" if plain == "human4-2" else plain
