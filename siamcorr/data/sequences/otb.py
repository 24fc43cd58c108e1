"""OTB-50 and OTB-100: `NAME/img/0001.jpg` beside `NAME/groundtruth_rect.txt`, pixels from 1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.annotation_json import (
    gt_rects,
    is_annotation_json,
    read_annotation_json,
)
from siamcorr.data.sequences.box_files import read_lines, read_xywh
from siamcorr.data.sequences.folders import frame_files, subfolders
from siamcorr.data.sequences.layout import FloatArray, annotations_for, not_found, one_target
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import InvalidArgument

__all__ = ["OFFICIAL_FRAMES", "list_otb"]

OFFICIAL_FRAMES = {
    "BlurCar1": (247, 988),
    "BlurCar3": (3, 359),
    "BlurCar4": (18, 397),
    "David": (300, 770),
    "Diving": (1, 215),
    "Football1": (1, 74),
    "Freeman3": (1, 460),
    "Freeman4": (1, 283),
    "Tiger1": (6, 354),
}
"""First and last frame number, both included, of the sequences that do not use every frame file
or do not start at 1."""

_ORIGIN = np.array([1.0, 1.0, 0.0, 0.0])
_TARGETS = {"human4": 1, "jogging": 2, "skating2": 2}  # videos whose targets are numbered
_ANNOTATION = re.compile(r"groundtruth_rect(?:\.?(\d+))?\.txt")
_NUMBERED = re.compile(r"(.+)[-_.](\d+)")


@DATASETS.register("otb")
def list_otb(root: Path) -> Catalogue:
    """List the sequences of an OTB folder or of a PySOT annotation JSON.

    Args:
        root: folder with `NAME/img/*.jpg` and `NAME/groundtruth_rect.txt`, or with
            `groundtruth_rect.1.txt`, `.2.txt` for a video with several targets, or the JSON.

    Convention:
        - Annotations count pixels from 1 and are shifted to 0.
        - Several targets of one video become `NAME-1`, `NAME-2`. An annotation file without
          content beside a filled one is passed over (Human4 has one in the distribution), so
          Human4 stays one sequence.
        - `OFFICIAL_FRAMES` selects frames where the folder holds them all and the number of
          annotations fits; else every file is a frame.
        - `attrs.txt` (such as `SV, OCC, LR`) in the folder of a sequence, or `attr` in the JSON,
          gives its attributes; the distribution of the videos holds neither.

    Source:
        http://cvlab.hanyang.ac.kr/tracker_benchmark; the start of Tiger1 at frame 6 follows the
        `initOmit` of the toolkit, as the published results do.
    """
    if is_annotation_json(root):
        return _list_json(root)
    folders = subfolders(root) if root.is_dir() else []
    found = {folder: files for folder in folders if (files := _annotation_files(folder))}
    if not found:
        raise not_found(
            "otb", root, "NAME/img/0001.jpg ... and NAME/groundtruth_rect.txt, or OTB100.json"
        )
    targets = [
        (_target_name(folder.name, number, len(files)), folder, file)
        for folder, files in found.items()
        for number, file in files.items()
    ]
    return {name: partial(_read_folder, name, folder, file) for name, folder, file in targets}


def _annotation_files(folder: Path) -> dict[int, Path]:
    """Annotation files of a video by the number of their target; 0 for the only one."""
    matches = [(path, _ANNOTATION.fullmatch(path.name)) for path in sorted(folder.iterdir())]
    files = {int(match[1] or 0): path for path, match in matches if match}
    if len(files) > 1:
        files = {number: path for number, path in files.items() if path.read_bytes().strip()}
    if len(files) > 1 and 0 in files:
        raise InvalidArgument(
            f"{folder}: holds groundtruth_rect.txt and numbered ones too; keep the ones that count"
        )
    return files


def _target_name(video: str, number: int, count: int) -> str:
    several = count > 1 or _TARGETS.get(video.lower(), 1) > 1
    return f"{video}-{number}" if several and number else video


def _read_folder(name: str, folder: Path, file: Path) -> AnnotatedSequence:
    frames, boxes = _official(
        folder.name, frame_files(folder / "img"), read_xywh(file, one_based=True)
    )
    attributes = folder / "attrs.txt"
    tags = re.findall(r"[^,\s]+", " ".join(read_lines(attributes))) if attributes.is_file() else ()
    return one_target(
        name,
        annotations_for(frames, boxes, file),
        frame_files=frames,
        attributes=tuple(tags),
    )


def _official(
    name: str, frames: Sequence[Path], boxes: FloatArray
) -> tuple[Sequence[Path], FloatArray]:
    """Cut frames and annotations to the official range, where both show that it applies."""
    first, last = OFFICIAL_FRAMES.get(name, (1, 0))
    kept = tuple(f for f in frames if f.stem.isdecimal() and first <= int(f.stem) <= last)
    if not kept or len(kept) != last - first + 1:
        return frames, boxes
    if len(boxes) == len(kept):
        return kept, boxes
    if len(boxes) == last:  # annotated from frame 1 on, as Tiger1 is
        return kept, boxes[first - 1 :]
    return frames, boxes


def _list_json(path: Path) -> Catalogue:
    entries = read_annotation_json(path)
    catalogue = {
        name: partial(_from_json, path, name, key, entry)
        for key, entry in entries.items()
        for name in [_json_name(key, str(entry.get("name", key)))]
    }
    if len(catalogue) != len(entries):
        raise InvalidArgument(f"{path}: {len(entries)} sequences, but {len(catalogue)} names")
    return catalogue


def _json_name(key: str, name: str) -> str:
    """Name of the sequence as the folder layout gives it: `jogging_2` and `Jogging-2` are one."""
    match = _NUMBERED.fullmatch(key)
    if match is None or match[1].lower() not in _TARGETS:
        return name
    video = match[1] if name == key else name
    return _target_name(video, int(match[2]), 1)


def _from_json(path: Path, name: str, key: str, entry: Mapping[str, Any]) -> AnnotatedSequence:
    boxes = gt_rects(path, key, entry)
    attributes = entry.get("attr", [])
    if boxes.shape[1] != 4 or not isinstance(attributes, list):
        raise InvalidArgument(
            f"{path}, sequence {key!r}: expected x, y, w, h in `gt_rect` and a list in `attr`"
        )
    return one_target(name, boxes - _ORIGIN, attributes=tuple(map(str, attributes)))
