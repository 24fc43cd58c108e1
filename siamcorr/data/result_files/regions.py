"""Regions of a VOT run: a code, a box or a polygon a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.data.result_files.numbers import format_row
from siamcorr.data.sequences.box_files import read_lines, split_numbers
from siamcorr.errors import InvalidArgument

__all__ = ["FAILURE", "INIT", "SKIPPED", "Region", "format_regions", "read_regions"]

Region: TypeAlias = int | npt.NDArray[np.float64]
"""A code, or (4,) `x, y, w, h`, or an even number >= 6 of polygon coordinates `x1, y1, ...`."""

SKIPPED, INIT, FAILURE = 0, 1, 2
_CODES = (SKIPPED, INIT, FAILURE)


def read_regions(path: str | os.PathLike[str]) -> list[Region]:
    """Read a file with one region a frame.

    Args:
        path: text file; a line is a code (0 skipped, 1 started here, 2 failure), a box of 4
            numbers or a polygon, with the separators that `read_boxes` knows.

    Returns:
        T codes (int) and float64 arrays, as they stand in the file.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: the file is empty, or a line is none of the three; names file and line.
            Masks of the later VOT years are not read.
    """
    regions: list[Region] = []
    for i, line in enumerate(read_lines(path), start=1):
        numbers = np.array(split_numbers(line, path, i), dtype=np.float64)
        if len(numbers) == 1 and numbers[0] in _CODES:
            regions.append(int(numbers[0]))
        elif len(numbers) == 4 or (len(numbers) >= 6 and len(numbers) % 2 == 0):
            regions.append(numbers)
        else:
            raise InvalidArgument(
                f"{path}, line {i}: {line[:80]!r} is no code 0, 1 or 2, no box and no polygon"
            )
    return regions


def format_regions(regions: Sequence[Region], who: str) -> str:
    """The text of a region file.

    Raises:
        InvalidArgument: no region, or one that `read_regions` would not take.
    """
    if not regions:
        raise InvalidArgument(f"{who}: regions is empty; expected one a frame")
    return "".join(
        _format_region(region, f"{who}: regions[{i}]") for i, region in enumerate(regions)
    )


def _format_region(region: Region, who: str) -> str:
    numbers = np.asarray(region, dtype=np.float64)
    if numbers.ndim == 0 and numbers in _CODES:
        return f"{int(numbers)}\n"
    if numbers.ndim != 1 or not (
        numbers.size == 4 or (numbers.size >= 6 and numbers.size % 2 == 0)
    ):
        raise InvalidArgument(f"{who} = {region!r} is no code 0, 1 or 2, no box and no polygon")
    return format_row(numbers.tolist(), who)
