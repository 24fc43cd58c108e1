"""VOT short-term sets: `NAME/groundtruth.txt` with boxes or polygons, tags a frame."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.annotation_json import (
    gt_rects,
    is_annotation_json,
    read_annotation_json,
)
from siamcorr.data.sequences.box_files import read_boxes, read_lines
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
from siamcorr.data.sequences.polygons import area_equivalent_boxes
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import InvalidArgument

__all__ = ["VOT_TAGS", "list_vot"]

VOT_TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")
"""The five attributes that VOT annotates a frame."""


@DATASETS.register("vot")
def list_vot(root: Path) -> Catalogue:
    """List the sequences of a VOT folder or of a PySOT annotation JSON.

    Args:
        root: folder with `NAME/groundtruth.txt` and frames in `NAME/color/` or in `NAME/` itself;
            `list.txt` names the sequences and their order where it is there. Or the JSON.

    Convention:
        - Coordinates are taken as they stand, as 0-based, which is how PySOT uses them.
        - A polygon of 8 numbers gives `corners_xy` and the box of `area_equivalent_boxes`; a box
          of 4 numbers stays as it is and has no corners.
        - `TAG.tag` or `TAG.label` holds 0 or 1 a frame. A tag without values is not annotated and
          is left out, which is not the same as a tag that is 0 everywhere.

    Source:
        The data sets of https://www.votchallenge.net up to 2019. The masks of later years are not
        read.
    """
    if is_annotation_json(root):
        entries = read_annotation_json(root)
        return {name: partial(_from_json, root, name, entry) for name, entry in entries.items()}
    folders = listed_folders(root, "groundtruth.txt") if root.is_dir() else []
    if not folders:
        raise not_found(
            "vot",
            root,
            "list.txt, or NAME/groundtruth.txt beside NAME/color/*.jpg, or VOT2018.json",
        )
    return catalogue(folders, _read_folder)


def _read_folder(folder: Path) -> AnnotatedSequence:
    color = folder / "color"
    frames = frame_files(color if color.is_dir() else folder)
    file = folder / "groundtruth.txt"
    rows = annotations_for(frames, read_boxes(file), file)
    return _sequence(
        folder.name,
        rows,
        str(file),
        frame_files=frames,
        frame_tags=_folder_tags(folder, len(frames)),
        size=_stated_size(folder / "sequence"),
    )


def _folder_tags(folder: Path, total: int) -> dict[str, npt.NDArray[np.bool_]]:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".tag", ".label"))
    filled = [path for path in files if path.read_bytes().strip()]
    return {path.stem: frame_flags(path, total) == 1 for path in filled}


def _stated_size(file: Path) -> tuple[int, int] | None:
    """(height, width) from the description file that the newer toolkit puts beside a sequence."""
    if not file.is_file():
        return None
    stated = dict(line.partition("=")[::2] for line in read_lines(file))
    height, width = stated.get("height", ""), stated.get("width", "")
    return (int(height), int(width)) if height.isdecimal() and width.isdecimal() else None


def _from_json(path: Path, name: str, entry: Mapping[str, Any]) -> AnnotatedSequence:
    rows = gt_rects(path, name, entry)
    size = (entry["height"], entry["width"]) if {"height", "width"} <= entry.keys() else None
    return _sequence(
        name,
        rows,
        f"{path}, sequence {name!r}",
        frame_tags=_json_tags(path, name, entry, len(rows)),
        size=size,
    )


def _json_tags(
    path: Path, name: str, entry: Mapping[str, Any], total: int
) -> dict[str, npt.NDArray[np.bool_]]:
    tags = {}
    for tag in VOT_TAGS:
        values = entry.get(tag) or []
        fits = isinstance(values, list) and len(values) == total
        if values and not (fits and all(value in (0, 1) for value in values)):
            raise InvalidArgument(f"{path}, sequence {name!r}: `{tag}` is not {total} times 0 or 1")
        if values:
            tags[tag] = np.array(values) == 1
    return tags


def _sequence(name: str, rows: FloatArray, where: str, **fields: Any) -> AnnotatedSequence:
    """Boxes as they are; polygons as corners and as area-equivalent boxes."""
    if rows.shape[1] == 4:
        return one_target(name, rows, **fields)
    if rows.shape[1] != 8:
        raise InvalidArgument(
            f"{where}: polygons of {rows.shape[1] // 2} corners; expected 4 numbers or 4 corners"
        )
    corners = rows.reshape(-1, 4, 2)
    return one_target(name, area_equivalent_boxes(corners), corners=corners, **fields)
