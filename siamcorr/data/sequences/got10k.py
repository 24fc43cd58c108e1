"""GOT-10k and data kept like it: frames, `groundtruth.txt` and labels in one folder a sequence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_lines, read_xywh
from siamcorr.data.sequences.folders import frame_files
from siamcorr.data.sequences.layout import (
    FloatArray,
    annotations_for,
    catalogue,
    frame_flags,
    listed_folders,
    not_found,
    one_target,
)
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["list_got10k"]

_SPLITS = ("train", "val", "test")
_CLASSES = ("object_class", "motion_class", "major_class", "root_class")


@DATASETS.register("got10k")
def list_got10k(root: Path) -> Catalogue:
    """List the sequences of one split of GOT-10k.

    Args:
        root: the folder of a split (`val`, `test`, `train`) with `list.txt` or, without it, with
            folders that hold `groundtruth.txt`; in each of them `00000001.jpg`, ..., and where
            they are known `cover.label`, `absence.label`, `cut_by_image.label`, `meta_info.ini`.

    Convention:
        - Coordinates are taken as they stand. Whether the annotators counted from 0 or 1 is not
          settled (boxes at 0 exist); the toolkit hands them on unchanged and the server compares
          them with what was handed in, so result files are written unchanged too.
        - `visible` = cover / 8, the toolkit's eighths; without `cover.label` it is 0 where
          `absence.label` says so and 1 elsewhere.
        - The test split annotates the first frame only: the other boxes and `visible` are NaN.
        - `classes` holds the classes that `meta_info.ini` names, `object_class` first of all.

    Source:
        http://got-10k.aitestunion.com and the layout that the got-10k toolkit reads.
    """
    folders = listed_folders(root, "groundtruth.txt") if root.is_dir() else []
    splits = [split for split in _SPLITS if (root / split).is_dir()]
    if not folders and splits:
        raise SourceError(
            f"load_dataset: got10k: '{root}' holds the splits {', '.join(splits)}; give one of "
            f"them, such as '{root / splits[0]}'"
        )
    if not folders:
        raise not_found(
            "got10k", root, "list.txt, or NAME/groundtruth.txt beside NAME/00000001.jpg"
        )
    return catalogue(folders, _read)


def _read(folder: Path) -> AnnotatedSequence:
    frames, file = frame_files(folder), folder / "groundtruth.txt"
    boxes = read_xywh(file)
    meta = _meta(folder / "meta_info.ini")
    tags = {
        tag: frame_flags(folder / f"{tag}.label", len(frames)) == 1
        for tag in ("absence", "cut_by_image")
        if (folder / f"{tag}.label").is_file()
    }
    return one_target(
        folder.name,
        annotations_for(frames, boxes, file, first_is_enough=True),
        visible=_visible(folder, len(boxes), len(frames)),
        frame_files=frames,
        frame_tags=tags,
        classes={key: meta[key] for key in _CLASSES if key in meta},
        size=_size(meta.get("resolution"), folder),
    )


def _visible(folder: Path, annotated: int, total: int) -> FloatArray:
    """(T,) visible share; NaN behind the first frame where only that one is annotated."""
    cover, absence = folder / "cover.label", folder / "absence.label"
    if cover.is_file():
        return np.asarray(frame_flags(cover, total, largest=8) / 8, dtype=np.float64)
    if absence.is_file():
        return np.where(frame_flags(absence, total) == 1, 0.0, 1.0)
    return np.where(np.arange(total) < annotated, 1.0, np.nan)


def _meta(file: Path) -> dict[str, str]:
    """`key: value` lines; the section header has no colon and falls out."""
    if not file.is_file():
        return {}
    pairs = (line.partition(":") for line in read_lines(file))
    return {key.strip(): value.strip() for key, colon, value in pairs if colon and value.strip()}


def _size(resolution: str | None, folder: Path) -> tuple[int, int] | None:
    """`(1920, 1080)`, width first, -> (height, width)."""
    if resolution is None:
        return None
    match = re.fullmatch(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)", resolution)
    if match is None:
        raise InvalidArgument(
            f"{folder / 'meta_info.ini'}: resolution {resolution!r} is not of the form (W, H)"
        )
    return int(match[2]), int(match[1])
