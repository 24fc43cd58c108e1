"""YouTube-BB: `yt_bb_detection_train.csv` beside the frames that were taken from the videos."""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.folders import files_in, subfolders
from siamcorr.data.sequences.image_size import image_size
from siamcorr.data.sequences.layout import not_found, one_target, only_file
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.xml_files import number
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["list_youtube_bb"]

_COLUMNS = (
    "youtube_id",
    "timestamp_ms",
    "class_id",
    "class_name",
    "object_id",
    "object_presence",
    "xmin",
    "xmax",
    "ymin",
    "ymax",
)
_CSV = "yt_bb_detection_"
_FRAME_NAME = "YOUTUBE-ID_MILLISECONDS_CLASS-ID_OBJECT-ID.jpg"
_ROW = 6  # numbers kept of a row: time in ms, presence, xmin, xmax, ymin, ymax


@DATASETS.register("youtube_bb")
def list_youtube_bb(root: Path) -> Catalogue:
    """List the tracks whose frames are on disk; most videos have left YouTube.

    Args:
        root: `yt_bb_detection_train.csv` (or `..._validation.csv`) as published, without header,
            or the folder of a single one. Frames lie in a folder of the CSV's name, as the
            published download scripts and PySOT's `par_crop` have them:
            `yt_bb_detection_train/CLASS_ID/YOUTUBE-ID_MILLISECONDS_CLASS-ID_OBJECT-ID.jpg`.

    Convention:
        - Boxes are shares of the frame, 0 ... 1; they become pixels by the size in the header of
          the first frame, so x = xmin * W and w = (xmax - xmin) * W.
        - A sequence is one object of one video, `YOUTUBE-ID_CLASS-ID_OBJECT-ID`: its rows with a
          frame on disk, in the order of time, one a second.
        - Rows of presence `absent` have NaN for a box and `visible` 0, and so have rows without a
          box: a negative number, or a right edge before the left one. Others count as visible,
          `uncertain` ones too.
        - `classes["object_class"]` is the class name.

    Source:
        https://research.google.com/youtube-bb, the detection files; rows without a box are left
        out as in PySOT's `gen_json.py`.
    """
    file = _csv_of(root)
    images = file.with_suffix("")
    if not images.is_dir():
        raise not_found("youtube_bb", root, f"{images.name}/CLASS_ID/*.jpg beside {file.name}")
    tracks = _tracks_on_disk(images)
    if not tracks:
        raise not_found("youtube_bb", images, f"CLASS_ID/{_FRAME_NAME}")
    rows, classes = _read_rows(file, tracks)
    if not rows:
        raise SourceError(f"{file}: annotates none of the {len(tracks)} tracks in '{images}'")
    return {name: partial(_read, images, name, classes[name], rows[name]) for name in rows}


def _csv_of(root: Path) -> Path:
    found = [file for file in files_in(root, ".csv") if file.name.startswith(_CSV)]
    looked_for = f"{_CSV}train.csv beside {_CSV}train/CLASS_ID/*.jpg"
    return only_file("youtube_bb", root, found, ".csv", looked_for)


def _tracks_on_disk(images: Path) -> set[str]:
    """Names of the tracks with at least one frame; a YouTube id may hold underscores itself."""
    tracks = set()
    for folder in subfolders(images):
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, dot, suffix = entry.name.rpartition(".")
                parts = stem.rsplit("_", 3)
                if dot and suffix == "jpg" and len(parts) == 4:
                    tracks.add("_".join((parts[0], parts[2], parts[3])))
    return tracks


def _read_rows(file: Path, tracks: set[str]) -> tuple[dict[str, array[float]], dict[str, str]]:
    """Numbers of the rows of each track, `_ROW` a row, and its class; other tracks are left out."""
    rows: dict[str, array[float]] = {}
    classes: dict[str, str] = {}
    for line, row in _csv_rows(file):
        if len(row) != len(_COLUMNS):
            raise InvalidArgument(
                f"{file}, line {line}: {len(row)} fields; expected {', '.join(_COLUMNS)}"
            )
        video, time, class_id, class_name, target, presence = row[:6]
        name = f"{video}_{class_id}_{target}"
        if name not in tracks:
            continue
        where = f"{file}, line {line}"
        numbers = [number(text, where) for text in (time, *row[6:])]
        classes[name] = class_name
        rows.setdefault(name, array("d")).extend(
            (numbers[0], float(presence != "absent"), *numbers[1:])
        )
    return rows, classes


def _csv_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with file.open(encoding="utf-8", newline="") as content:
            yield from enumerate(csv.reader(content), start=1)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{file}: cannot be read: {error}") from error


def _read(images: Path, name: str, class_name: str, numbers: array[float]) -> AnnotatedSequence:
    video, class_id, target = name.rsplit("_", 2)
    table = np.array(numbers).reshape(-1, _ROW)
    table = table[np.argsort(table[:, 0], kind="stable")]
    files = [
        images / class_id / f"{video}_{time:.0f}_{class_id}_{target}.jpg" for time in table[:, 0]
    ]
    kept = [i for i, file in enumerate(files) if file.is_file()]
    if not kept:
        raise SourceError(f"{name}: the frames in '{images / class_id}' are of other times")
    table, files = table[kept], [files[i] for i in kept]
    height, width = image_size(files[0])
    left, right, top, bottom = table[:, 2:].T * [[width], [width], [height], [height]]
    boxes = np.stack((left, top, right - left, bottom - top), axis=1)
    present = (table[:, 1] == 1) & (table[:, 2:] >= 0).all(axis=1) & (boxes[:, 2:] >= 0).all(axis=1)
    boxes[~present] = np.nan
    return one_target(
        name,
        boxes,
        visible=np.where(present, 1.0, 0.0),
        frame_files=tuple(files),
        classes={"object_class": class_name},
        size=(height, width),
    )
