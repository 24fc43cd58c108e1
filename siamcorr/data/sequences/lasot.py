"""LaSOT: `CATEGORY/CATEGORY-1/img/00000001.jpg`, pixels from 1, two files of absence flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_xywh
from siamcorr.data.sequences.folders import frame_files, subfolders
from siamcorr.data.sequences.layout import (
    annotations_for,
    catalogue,
    frame_flags,
    not_found,
    one_target,
)
from siamcorr.data.sequences.registry import DATASETS, Catalogue

__all__ = ["list_lasot"]

_ABSENCE = ("full_occlusion", "out_of_view")


@DATASETS.register("lasot")
def list_lasot(root: Path) -> Catalogue:
    """List the sequences of a LaSOT folder.

    Args:
        root: folder with `CATEGORY/CATEGORY-1/` or, flat, with `CATEGORY-1/`; each sequence holds
            `img/`, `groundtruth.txt`, `full_occlusion.txt` and `out_of_view.txt`.

    Convention:
        - Annotations count pixels from 1 and are shifted to 0. Some of the later extension set
          seem to count from 0; they are shifted all the same.
        - `visible` is 0 where the target is fully occluded or out of view, else 1; both are
          per-frame tags as well. Boxes stay as annotated there, whatever they say.
        - Every sequence found counts: the list of the 280 test sequences is part of LaSOT's own
          toolkit; give its names as `sequences`.
        - `classes["object_class"]` is the category, the name before the last `-`.

    Source:
        http://vision.cs.stonybrook.edu/~lasot; the origin at 1 as its authors state it in
        HengLan/LaSOT_Evaluation_Toolkit, issue 14.
    """
    folders = [
        folder
        for outer in (subfolders(root) if root.is_dir() else [])
        for folder in ([outer] if _is_sequence(outer) else subfolders(outer))
        if _is_sequence(folder)
    ]
    if not folders:
        raise not_found(
            "lasot", root, "CATEGORY/CATEGORY-1/groundtruth.txt or CATEGORY-1/groundtruth.txt"
        )
    return catalogue(folders, _read)


def _is_sequence(folder: Path) -> bool:
    return (folder / "groundtruth.txt").is_file()


def _read(folder: Path) -> AnnotatedSequence:
    frames, file = frame_files(folder / "img"), folder / "groundtruth.txt"
    boxes = read_xywh(file, one_based=True)
    tags = {tag: frame_flags(folder / f"{tag}.txt", len(frames)) == 1 for tag in _ABSENCE}
    absent = tags["full_occlusion"] | tags["out_of_view"]
    return one_target(
        folder.name,
        annotations_for(frames, boxes, file),
        visible=np.where(absent, 0.0, 1.0),
        frame_files=frames,
        frame_tags=tags,
        classes={"object_class": folder.name.rpartition("-")[0] or folder.name},
    )
