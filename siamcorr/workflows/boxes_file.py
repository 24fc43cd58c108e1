"""Start boxes from text: one `x,y,w,h`, or a file with a line a target."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from torch import Tensor

from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.geometry.boxes import as_boxes_xywh

__all__ = ["parse_box", "read_boxes"]

_FORMATS = "a .csv or .txt file with x,y,w,h on each line, or a .json file with a list of them"


def parse_box(text: str, name: str = "box") -> list[float]:
    """Read four numbers `x,y,w,h`, separated by commas, semicolons or blanks.

    Args:
        text: 0-based continuous pixels, such as `312,146,106,96`.
        name: how the caller calls it, for the error.

    Raises:
        InvalidArgument: not four finite numbers, or width or height not above 0.

    Example:
        >>> parse_box("312,146,106,96")
        [312.0, 146.0, 106.0, 96.0]
    """
    parts = re.split(r"\s*[,;]\s*|\s+", text.strip())
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 4:
        raise InvalidArgument(
            f"{name}: expected four numbers x,y,w,h in pixels, such as 312,146,106,96, got {text!r}"
        )
    as_boxes_xywh(numbers, name)
    return numbers


def read_boxes(path: str | Path) -> Tensor:
    """Read start boxes from a file, one a target.

    `.csv` and `.txt` hold `x,y,w,h` on each line, separated by commas, semicolons, tabs or blanks;
    empty lines, `#` comments and a first line `x,y,w,h` are skipped. `.json` holds
    `[[x, y, w, h], ...]` or `{"boxes_xywh": [[x, y, w, h], ...]}`.

    Args:
        path: of the file.

    Returns:
        (N, 4) float64, 0-based continuous pixels.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: it holds no box or a malformed one; names the line.
    """
    path = Path(path)
    if path.suffix.lower() not in {".csv", ".txt", ".json"}:
        raise InvalidArgument(f"{path}: not a file of boxes; expected {_FORMATS}")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise SourceError(f"{path}: cannot be read: {reason}") from error
    rows = (
        _json_rows(content, path) if path.suffix.lower() == ".json" else _text_rows(content, path)
    )
    if not rows:
        raise InvalidArgument(f"{path}: holds no box; expected {_FORMATS}")
    return as_boxes_xywh(rows, str(path))


def _text_rows(content: str, path: Path) -> list[list[float]]:
    rows: list[list[float]] = []
    for number, line in enumerate(content.splitlines(), start=1):
        text = line.partition("#")[0].strip()
        is_header = not rows and re.sub(r"[\s,;]+", "", text.lower()) == "xywh"
        if text and not is_header:
            rows.append(parse_box(text, f"{path}, line {number}"))
    return rows


def _json_rows(content: str, path: Path) -> list[Any]:
    try:
        data = json.loads(content)
    except json.JSONDecodeError as error:
        raise InvalidArgument(
            f"{path}, line {error.lineno}: not valid JSON: {error.msg}"
        ) from error
    rows = data.get("boxes_xywh") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise InvalidArgument(
            f"{path}: expected [[x, y, w, h], ...] or {{'boxes_xywh': [[x, y, w, h], ...]}}, "
            f"got {type(rows).__name__}"
        )
    for number, row in enumerate(rows, start=1):
        is_box = isinstance(row, list) and len(row) == 4
        if not is_box or not all(type(value) in (int, float) for value in row):
            raise InvalidArgument(f"{path}, box {number}: expected [x, y, w, h], got {row!r}")
    return rows
