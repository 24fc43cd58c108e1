"""Tracks as files while they are made: `tracks.csv` and `tracks.json`, a row per target and frame.

Columns of both: `frame_index` (0-based, in the source), `time_s` (seconds in the source; empty or
null where it has no clock), `id`, `x`, `y`, `w`, `h` (0-based continuous pixels), `score` (larger
is better), `lost` (0 or 1 in the csv, false or true in the json).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from siamcorr.types import TrackResult

__all__ = ["COLUMNS", "CsvTracks", "JsonTracks", "ResultWriter", "rows_of"]

COLUMNS = ("frame_index", "time_s", "id", "x", "y", "w", "h", "score", "lost")


class ResultWriter(Protocol):
    """Writes results under a temporary name; `close` completes the file and names it."""

    def write(self, result: TrackResult) -> None:
        """Append one frame."""
        ...

    def close(self, ending: Mapping[str, Any]) -> None:
        """Complete the file; `ending` tells how the run ended."""
        ...


def rows_of(result: TrackResult) -> Iterator[dict[str, Any]]:
    """The rows of one frame, in the order of `result.ids`; numbers that are not finite are None."""
    time_s = _finite(result.time_s, 6)
    boxes, scores = result.boxes_xywh.tolist(), result.scores.tolist()
    for i, target_id in enumerate(result.ids.tolist()):
        x, y, w, h = (_finite(number, 4) for number in boxes[i])
        score, lost = _finite(scores[i], 6), bool(result.lost[i])
        values = (result.frame_index, time_s, target_id, x, y, w, h, score, lost)
        yield dict(zip(COLUMNS, values, strict=True))


class CsvTracks:
    """`tracks.csv`: a header and a line per target and frame."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_name(f"{path.name}.partial")
        self._file = self._partial.open("w", encoding="utf-8", newline="")
        self._rows = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
        self._rows.writeheader()

    def write(self, result: TrackResult) -> None:
        """Append one frame."""
        self._rows.writerows({**row, "lost": int(row["lost"])} for row in rows_of(result))

    def close(self, ending: Mapping[str, Any]) -> None:
        """Complete the file and give it its name; how the run ended stands in the json."""
        self._file.close()
        self._partial.replace(self._path)


class JsonTracks:
    """`tracks.json`: the run's metadata, `tracks` with a row per target and frame, the ending."""

    def __init__(self, path: Path, metadata: Mapping[str, Any]) -> None:
        self._path, self._partial = path, path.with_name(f"{path.name}.partial")
        head = json.dumps({**metadata, "columns": COLUMNS}, indent=1, allow_nan=False)
        self._file = self._partial.open("w", encoding="utf-8")
        self._file.write(head.removesuffix("\n}") + ',\n "tracks": [')
        self._separator = "\n"

    def write(self, result: TrackResult) -> None:
        """Append one frame."""
        for row in rows_of(result):
            self._file.write(f"{self._separator}  {json.dumps(row, allow_nan=False)}")
            self._separator = ",\n"

    def close(self, ending: Mapping[str, Any]) -> None:
        """Complete the file with how the run ended, and give it its name."""
        tail = json.dumps(dict(ending), indent=1, allow_nan=False)
        self._file.write("\n ],\n" + tail.removeprefix("{\n") + "\n")
        self._file.close()
        self._partial.replace(self._path)


def _finite(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
