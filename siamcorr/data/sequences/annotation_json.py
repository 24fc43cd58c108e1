"""Annotation files of the PySOT toolkit: one JSON with the ground truth of a whole data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.text_files import read_json
from siamcorr.errors import InvalidArgument

__all__ = ["gt_rects", "is_annotation_json", "read_annotation_json"]

_FRAMES = ("img_names", "image_files")  # PySOT's name, and that of the files made for SiamMask


def is_annotation_json(root: Path) -> bool:
    """Whether the root of a data set is a JSON file instead of a folder."""
    return root.is_file() and root.suffix.lower() == ".json"


def read_annotation_json(path: Path) -> dict[str, dict[str, Any]]:
    """Read and check the outer structure.

    Returns:
        Sequence -> entry with `gt_rect` and what else the file gives, in the order of the file.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: no JSON, or not of the form `{sequence: {gt_rect: [...], ...}}`.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InvalidArgument(f"{path}: expected an object with a sequence an entry")
    for name, entry in content.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("gt_rect"), list):
            raise InvalidArgument(f"{path}, sequence {name!r}: has no list `gt_rect`")
    return content


def gt_rects(path: Path, name: str, entry: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Annotations of one entry as they stand, checked against the number of frame names.

    Returns:
        (T, K) float64, K = 4 or 8.

    Raises:
        InvalidArgument: no annotation, lines of different or wrong length, something that is no
            number, or another count of frame names.
    """
    rows = entry["gt_rect"]
    width = len(rows[0]) if rows and isinstance(rows[0], list) else 0
    if width not in (4, 8):
        raise InvalidArgument(
            f"{path}, sequence {name!r}: the first annotation has not 4 or 8 numbers"
        )
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width or not all(map(_is_number, row)):
            raise InvalidArgument(
                f"{path}, sequence {name!r}, frame {i}: expected {width} numbers, got {row!r:.80}"
            )
    for key in _FRAMES:
        if key in entry and not isinstance(entry[key], list):
            raise InvalidArgument(f"{path}, sequence {name!r}: `{key}` is no list")
        if key in entry and len(entry[key]) != len(rows):
            raise InvalidArgument(
                f"{path}, sequence {name!r}: {len(rows)} annotations in `gt_rect`, but "
                f"{len(entry[key])} frames in `{key}`"
            )
    return np.array(rows, dtype=np.float64)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
