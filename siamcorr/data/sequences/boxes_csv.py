"""Your own data: a folder of frames or a video file beside a CSV with a box a line."""

from __future__ import annotations

import csv
import io
import math
from functools import partial
from pathlib import Path

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.folders import files_in, frame_files, video_files
from siamcorr.data.sequences.layout import not_found
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.text_files import read_text
from siamcorr.data.sequences.track_table import Entry, TrackTable
from siamcorr.errors import InvalidArgument, SourceError, closest

__all__ = ["list_boxes_csv"]

_BOX = ("x", "y", "w", "h")
_NEEDED = ("frame", *_BOX)
_KNOWN = (*_NEEDED, "id", "visible", "class", "lost", "time_s", "score")
_ALIASES = {"frame_index": "frame"}
_MOST_FRAMES = 10**8  # 38 days at 30 frames a second
_SEPARATORS = (",", ";", "\t")


@DATASETS.register("boxes_csv")
def list_boxes_csv(root: Path) -> Catalogue:
    """List videos that lie beside a CSV of the same name.

    Args:
        root: `NAME.csv` with `NAME/` (images) or `NAME.mp4` (any video file) beside it, or a
            folder of such pairs. The first line names the columns, in any order:
            `frame,x,y,w,h` and, where wanted, `id`, `visible`, `class`. A `tracks.csv` written by
            `siamcorr track` is read as it is, under the name of its video.

    Convention:
        - `frame` counts from 0: the images in natural order, or the frames of the video.
        - Boxes are 0-based continuous pixels.
        - A row is one target in one frame. Without `id` there is one target. No row, or one with
          empty `x,y,w,h`, means that the target is absent: NaN and `visible` 0.
        - `visible` is the visible share in 0 ... 1, and 1 without that column; rows of
          `tracks.csv` with `lost` 1 have `visible` 0. `time_s` and `score` are not read.
        - A sequence on a video ends with the last frame that has a row; one on images has a frame
          for every image.
        - Fields may be apart by commas, semicolons or tabs.

    Source:
        Our own format.
    """
    files = [root] if root.is_file() else files_in(root, ".csv")
    if not files or files[0].suffix.lower() != ".csv":
        raise not_found("boxes_csv", root, "NAME.csv beside NAME/*.jpg or NAME.mp4")
    return {file.stem: partial(_read, file) for file in files}


def _read(file: Path) -> AnnotatedSequence:
    rows = _read_rows(file)
    last = max(frame for _, frame, _, _, _ in rows)
    images, video = file.with_suffix(""), _video_beside(file)
    if images.is_dir() and video is not None:
        raise InvalidArgument(f"{file}: both '{images}' and '{video}' are beside it; move one away")
    if not images.is_dir() and video is None:
        raise SourceError(
            f"{file}: no frames beside it\n  looked for: the folder '{images.name}/' or a video "
            f"file '{images.name}.mp4' (.avi, .mkv, ...) in '{file.parent}'"
        )
    frames = frame_files(images) if images.is_dir() else None
    table = TrackTable(last + 1 if frames is None else len(frames))
    for line, frame, target, entry, target_class in rows:
        table.put(f"{file}, line {line}", target, frame, entry, target_class)
    return table.sequence(file.stem, frame_files=frames, video=video)


def _video_beside(file: Path) -> Path | None:
    """The only video file of the same name."""
    found = [path for path in video_files(file.parent) if path.stem == file.stem]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InvalidArgument(f"{file}: several files of its name: {names}; move all but one away")
    return found[0] if found else None


def _read_rows(file: Path) -> list[tuple[int, int, str, Entry, str]]:
    """Line, frame, id, entry and class of every row."""
    text = read_text(file)
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns = _columns(file, next(reader, []))
    rows = []
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        where = f"{file}, line {reader.line_num}"
        if len(fields) != len(columns):
            raise InvalidArgument(
                f"{where}: {len(fields)} fields, but the header has {len(columns)}"
            )
        row = dict(zip(columns, (field.strip() for field in fields), strict=True))
        frame, entry = _frame(row["frame"], where), _entry(row, where)
        rows.append((reader.line_num, frame, row.get("id", ""), entry, row.get("class", "")))
    if not rows:
        raise InvalidArgument(f"{file}: has a header but no row")
    return rows


def _columns(file: Path, header: list[str]) -> list[str]:
    """Names of the columns, checked."""
    names = [name.strip().lower() for name in header]
    columns = [_ALIASES.get(name, name) for name in names]
    lacking = [name for name in _NEEDED if name not in columns]
    if lacking:
        raise InvalidArgument(
            f"{file}, line 1: the header lacks {', '.join(lacking)}; it is {','.join(names)!r:.80} "
            "and should be like 'frame,id,x,y,w,h'"
        )
    for name in columns:
        if name not in _KNOWN:
            raise InvalidArgument(
                f"{file}, line 1: unknown column {name!r}{closest(name, _KNOWN)}\n  known: "
                f"{', '.join(_KNOWN)}"
            )
    if len(set(columns)) != len(columns):
        raise InvalidArgument(f"{file}, line 1: a column is there twice: {','.join(names)}")
    return columns


def _frame(text: str, where: str) -> int:
    value = _number(text, "frame", where)
    if not value.is_integer() or value < 0:
        raise InvalidArgument(f"{where}: frame {text!r} is no whole number from 0 on")
    if value >= _MOST_FRAMES:
        raise InvalidArgument(f"{where}: frame {text} is no number of a frame; a time?")
    return int(value)


def _entry(row: dict[str, str], where: str) -> Entry:
    """Box and visibility of one row."""
    has_box = any(row[name] for name in _BOX)
    visible = _number(row["visible"], "visible", where) if row.get("visible") else float(has_box)
    lost = _number(row["lost"], "lost", where) if row.get("lost") else 0.0
    if not 0 <= visible <= 1 or lost not in (0, 1):
        raise InvalidArgument(
            f"{where}: visible {visible:g} and lost {lost:g}; expected 0 ... 1, and 0 or 1"
        )
    if not has_box:
        if visible:
            raise InvalidArgument(f"{where}: visible {visible:g}, but no x, y, w, h")
        return Entry((math.nan,) * 4, visible=0.0)
    x, y, w, h = (_number(row[name], name, where) for name in _BOX)
    return Entry((x, y, w, h), visible=0.0 if lost else visible)


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidArgument(f"{where}: {name} is {text!r} and no finite number")
    return value
