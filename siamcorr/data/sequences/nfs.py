"""NfS (Need for Speed): `NAME/30/NAME/00001.jpg` beside `NAME/30/NAME.txt`, and so for 240 fps."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_lines
from siamcorr.data.sequences.folders import frame_files, subfolders
from siamcorr.data.sequences.layout import FloatArray, annotations_for, not_found, one_target
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import InvalidArgument

__all__ = ["list_nfs", "list_nfs_240"]

_STRIDE = 8  # 240 fps over 30 fps


@DATASETS.register("nfs")
def list_nfs(root: Path) -> Catalogue:
    """List the sequences at 30 frames per second.

    Args:
        root: folder with `NAME/30/NAME.txt` and `NAME/30/NAME/*.jpg`.

    Convention:
        - A line holds `id x1 y1 x2 y2 frame lost ...`, with 0-based corners: w = x2 - x1,
          h = y2 - y1. Lines are frames in order; the column `frame`, which starts at 0 in some
          files and at 1 in others, is not read.
        - `visible` is 0 where `lost` is 1; the box stays as it is.
        - A file with about 8 lines a frame annotates the 240 fps video: every eighth line counts,
          from the first on. One line too many or one frame too many at the end, as some of the
          published files have, is cut off; a larger difference is an error.
        - `classes["object_class"]` is the label that ends a line, where there is one.

    Source:
        http://ci2cv.net/nfs; every eighth line and the cut follow the got-10k toolkit.
    """
    return _list(root, 30, "nfs")


@DATASETS.register("nfs_240")
def list_nfs_240(root: Path) -> Catalogue:
    """List the sequences at 240 frames per second.

    Args:
        root: folder with `NAME/240/NAME.txt` and `NAME/240/NAME/*.jpg`.

    Convention:
        That of `list_nfs`.

    Source:
        As `list_nfs`.
    """
    return _list(root, 240, "nfs_240")


def _list(root: Path, fps: int, name: str) -> Catalogue:
    found = {
        folder.name: file
        for folder in (subfolders(root) if root.is_dir() else [])
        if (file := folder / str(fps) / f"{folder.name}.txt").is_file()
    }
    if not found:
        raise not_found(name, root, f"NAME/{fps}/NAME.txt beside NAME/{fps}/NAME/00001.jpg")
    return {key: partial(_read, file) for key, file in found.items()}


def _read(file: Path) -> AnnotatedSequence:
    frames = frame_files(file.with_suffix(""))
    boxes, lost, label = _read_file(file)
    if abs(len(boxes) - len(frames)) > 1 >= abs(len(boxes[::_STRIDE]) - len(frames)):
        boxes, lost = boxes[::_STRIDE], lost[::_STRIDE]
    if abs(len(boxes) - len(frames)) == 1:
        total = min(len(boxes), len(frames))
        frames, boxes, lost = frames[:total], boxes[:total], lost[:total]
    return one_target(
        file.stem,
        annotations_for(frames, boxes, file),
        visible=np.where(lost, 0.0, 1.0),
        frame_files=frames,
        classes={"object_class": label} if label else {},
    )


def _read_file(file: Path) -> tuple[FloatArray, npt.NDArray[np.bool_], str]:
    """Boxes, lost flags and the label of one annotation file."""
    rows = [line.split(maxsplit=9) for line in read_lines(file)]
    for i, row in enumerate(rows, start=1):
        if len(row) < 7 or row[6] not in ("0", "1") or not all(map(_is_finite, row[1:5])):
            raise InvalidArgument(
                f"{file}, line {i}: expected `id x1 y1 x2 y2 frame lost ...` with lost 0 or 1, "
                f"got {' '.join(row)[:80]!r}"
            )
    corners = np.array([row[1:5] for row in rows], dtype=np.float64)
    boxes = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), axis=1)
    label = rows[0][9].strip('"') if len(rows[0]) > 9 else ""
    return boxes, np.array([row[6] == "1" for row in rows]), label


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
