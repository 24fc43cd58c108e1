"""Text files of numbers, as annotations and results are stored: one strict, tolerant reader."""

from __future__ import annotations

import os
import re

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.one_based import from_one_based
from siamcorr.data.sequences.text_files import read_text
from siamcorr.errors import InvalidArgument

__all__ = ["read_boxes", "read_flags", "read_lines", "read_xywh", "split_numbers"]

_LINE_END = re.compile(r"\r\n|\n|\r")
_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:,-?\d+(?:\.\d+)?)*", re.ASCII)
_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan(?:\(\w*\))?)", re.ASCII | re.IGNORECASE
)


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Read the lines of a text file; a byte order mark and blank lines at the end are dropped.

    Args:
        path: a UTF-8 file with any line ends.

    Returns:
        At least one line, stripped; none is blank.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: no text, nothing but blank lines, or a blank line among the others.
    """
    text = read_text(path).rstrip()
    if not text:
        raise InvalidArgument(f"{path}: is empty; expected a line of numbers for every frame")
    lines = [line.strip() for line in _LINE_END.split(text)]
    if "" in lines:
        raise InvalidArgument(
            f"{path}, line {lines.index('') + 1}: is blank, but lines follow; write NaN for a "
            "frame without a box"
        )
    return lines


def split_numbers(line: str, path: object, number: int) -> list[str]:
    """Split one line into its numbers, still as text so that no digit is lost.

    Args:
        line: numbers apart by comma, semicolon, tab or blank; one separator may end the line.
        path: file of the line, for the error.
        number: number of the line in the file, 1-based, for the error.

    Raises:
        InvalidArgument: a field is empty, infinite or no number.
    """
    if _PLAIN.fullmatch(line):
        return line.split(",")  # 5x faster; the large sets are written so
    fields = _SEPARATOR.split(re.sub(r"\s*[,;]$", "", line))
    for field in fields:
        if not _NUMBER.fullmatch(field):
            what = f"{field!r} is no finite number" if field else "a number is missing"
            raise InvalidArgument(f"{path}, line {number}: {what} in {line[:80]!r}")
    return [field.partition("(")[0] for field in fields]


def read_boxes(path: str | os.PathLike[str]) -> npt.NDArray[np.float64]:
    r"""Read a file with one box or polygon a line, as it stands: no conversion of coordinates.

    Args:
        path: text file; the numbers of a line are apart by comma, semicolon, tab or blank, mixed
            as it may be. NaN is a number here.

    Returns:
        (T, K) float64 with K = 4 (`x, y, w, h`) or an even K >= 6 (corners `x1, y1, x2, y2, ...`).

    Convention:
        A byte order mark, any line ends and blank lines at the end of the file are passed over; a
        blank line before others is an error, because it would shift the frames.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: the file is empty; a line is malformed or has another count of numbers.
            Names the file and the line.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> file = Path(tempfile.mkdtemp()) / "groundtruth_rect.txt"
        >>> _ = file.write_text("198,214,34,81\n197\t214 34; nan\n")
        >>> read_boxes(file).shape
        (2, 4)
    """
    return _as_array(_read_rows(path), path)


def read_xywh(path: str | os.PathLike[str], *, one_based: bool = False) -> npt.NDArray[np.float64]:
    """Read a file with one upright box a line.

    Args:
        path: as `read_boxes` takes it.
        one_based: whether the file counts pixels from 1; x and y are shifted then.

    Returns:
        (T, 4) float64 `x, y, w, h`; 0-based if `one_based` says how the file counts.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: as `read_boxes`, or the file holds polygons.
    """
    rows = _read_rows(path)
    if len(rows[0]) != 4:
        raise InvalidArgument(f"{path}, line 1: {len(rows[0])} numbers; expected 4: x, y, w, h")
    boxes = _as_array(rows, path)
    if one_based:
        boxes[:, :2] = [[from_one_based(x), from_one_based(y)] for x, y, _, _ in rows]
    return boxes


def _read_rows(path: str | os.PathLike[str]) -> list[list[str]]:
    """Numbers of all lines as text; every line has the same count, that of a box or a polygon."""
    rows = [split_numbers(line, path, i) for i, line in enumerate(read_lines(path), start=1)]
    width = len(rows[0])
    if width != 4 and (width < 6 or width % 2):
        raise InvalidArgument(
            f"{path}, line 1: {width} numbers; expected 4 (x, y, w, h) or the 6, 8, ... numbers of "
            "a polygon"
        )
    for i, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InvalidArgument(
                f"{path}, line {i}: {len(row)} numbers, but line 1 has {width}: "
                f"{' '.join(row)[:80]}"
            )
    return rows


def _as_array(rows: list[list[str]], path: object) -> npt.NDArray[np.float64]:
    numbers = np.array(rows, dtype=np.float64)
    if np.isinf(numbers).any():
        line = int(np.isinf(numbers).any(axis=1).argmax())
        raise InvalidArgument(f"{path}, line {line + 1}: a number is too large: {rows[line]}")
    return numbers


def read_flags(path: str | os.PathLike[str], *, largest: int = 1) -> npt.NDArray[np.int64]:
    """Read one small integer a frame: a line each, or all on one line as LaSOT stores them.

    Args:
        path: text file with the separators of `read_boxes`.
        largest: the largest value that is allowed; the smallest is 0.

    Returns:
        (T,) int64.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: the file is empty or holds something else; names the file and the line.
    """
    values: list[int] = []
    for i, line in enumerate(read_lines(path), start=1):
        for field in split_numbers(line, path, i):
            value = float(field)
            if value not in range(largest + 1):
                raise InvalidArgument(f"{path}, line {i}: {field} is not one of 0 ... {largest}")
            values.append(int(value))
    return np.array(values, dtype=np.int64)
