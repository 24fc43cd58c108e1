"""Times beside results: one column a run, one line a frame, in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.files import atomic_path
from siamcorr.data.result_files.numbers import format_row
from siamcorr.data.sequences.box_files import read_lines, split_numbers
from siamcorr.errors import InvalidArgument

__all__ = ["read_times", "write_times"]


def write_times(file: Path, seconds: npt.ArrayLike, run: int, frames: int, who: str) -> None:
    """Put the times of one run into the column of that run; the others are kept.

    Args:
        file: the file; made where it is missing.
        seconds: (T,) times.
        run: number of the run from 1; runs before it without times get NaN.
        frames: T as the boxes have it.
        who: name of the caller, for the error.

    Raises:
        InvalidArgument: another shape, or the file holds another number of frames.
    """
    column = np.asarray(seconds, dtype=np.float64)
    if column.shape != (frames,):
        raise InvalidArgument(f"{who}: seconds has shape {column.shape}; expected ({frames},)")
    table = _read_table(file) if file.is_file() else np.empty((frames, 0))
    if len(table) != frames:
        raise InvalidArgument(
            f"{who}: {frames} times do not fit into '{file}', which holds runs of {len(table)} "
            "frames; remove it if the sequence has changed"
        )
    missing = np.full((frames, max(0, run - 1 - table.shape[1])), np.nan)
    table = np.column_stack((table[:, : run - 1], missing, column, table[:, run:]))
    with atomic_path(file) as temporary:
        temporary.write_text("".join(format_row(row, who) for row in table.tolist()))


def read_times(file: Path, run: int) -> npt.NDArray[np.float64]:
    """Read the (T,) times of one run.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: the file is malformed or has no such run.
    """
    table = _read_table(file)
    if run > table.shape[1]:
        raise InvalidArgument(f"{file}: holds {table.shape[1]} runs; there is no run {run}")
    return table[:, run - 1]


def _read_table(file: Path) -> npt.NDArray[np.float64]:
    rows = [split_numbers(line, file, i) for i, line in enumerate(read_lines(file), start=1)]
    for i, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InvalidArgument(
                f"{file}, line {i}: {len(row)} times, but line 1 has {len(rows[0])}"
            )
    return np.array(rows, dtype=np.float64)
