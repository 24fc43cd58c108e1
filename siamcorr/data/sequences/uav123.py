"""UAV123 and UAV20L: `data_seq/UAV123/NAME/000001.jpg` beside `anno/UAV123/NAME.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_xywh
from siamcorr.data.sequences.folders import files_in, frame_files
from siamcorr.data.sequences.layout import annotations_for, not_found, one_target
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import SourceError

__all__ = ["SEGMENTS", "list_uav20l", "list_uav123"]

_BOUNDS = {
    "bird1": ((1, 253), (775, 1477), (1573, 2437)),
    "car1": ((1, 751), (751, 1627), (1627, 2629)),
    "car6": ((1, 487), (487, 1807), (1807, 2953), (2953, 3925), (3925, 4861)),
    "car8": ((1, 1357), (1357, 2575)),
    "car16": ((1, 415), (415, 1993)),
    "group1": ((1, 1333), (1333, 2515), (2515, 3925), (3925, 4873)),
    "group2": ((1, 907), (907, 1771), (1771, 2683)),
    "group3": ((1, 1567), (1567, 2827), (2827, 4369), (4369, 5527)),
    "person2": ((1, 1189), (1189, 2623)),
    "person4": ((1, 1501), (1501, 2743)),
    "person5": ((1, 877), (877, 2101)),
    "person7": ((1, 1249), (1249, 2065)),
    "person8": ((1, 1075), (1075, 1525)),
    "person12": ((1, 601), (601, 1621)),
    "person14": ((1, 847), (847, 1813), (1813, 2923)),
    "person17": ((1, 1501), (1501, 2347)),
    "person19": ((1, 1243), (1243, 2791), (2791, 4357)),
    "truck4": ((1, 577), (577, 1261)),
    "uav1": ((1, 1555), (1555, 2377), (2473, 3469)),
}
SEGMENTS = {
    f"{video}_{i}": (video, *bounds)
    for video, segments in _BOUNDS.items()
    for i, bounds in enumerate(segments, start=1)
}
"""Sequence -> folder of frames, first and last frame number (both included), for the sequences of
UAV123 that are parts of one folder; neighbours share a frame."""


@DATASETS.register("uav123")
def list_uav123(root: Path) -> Catalogue:
    """List the 123 short sequences.

    Args:
        root: folder with `anno/UAV123/NAME.txt` and frames in `data_seq/UAV123/VIDEO/` or
            `data_seq/VIDEO/`.

    Convention:
        - Annotations count pixels from 1, as the OTB toolkit does that the set ships with, and are
          shifted to 0.
        - NaN means occluded altogether or out of view: `visible` is 0 there.
        - `SEGMENTS` names the frames of the sequences that are parts of one folder; every other
          sequence has a folder of its own, and all its files are frames.

    Source:
        https://cemse.kaust.edu.sa/ivul/uav123 and its list of sequences (`configSeqs`).
    """
    return _list(root, "UAV123")


@DATASETS.register("uav20l")
def list_uav20l(root: Path) -> Catalogue:
    """List the 20 long sequences, which use whole folders of UAV123's frames.

    Args:
        root: the folder of UAV123, with `anno/UAV20L/NAME.txt`.

    Convention:
        That of `list_uav123`.

    Source:
        As `list_uav123`.
    """
    return _list(root, "UAV20L")


def _list(root: Path, subset: str) -> Catalogue:
    annotations = files_in(root / "anno" / subset, ".txt")
    if not annotations:
        raise not_found(
            subset.lower(),
            root,
            f"anno/{subset}/NAME.txt beside data_seq/UAV123/NAME/000001.jpg",
        )
    return {file.stem: partial(_read, root, file, subset) for file in annotations}


def _read(root: Path, file: Path, subset: str) -> AnnotatedSequence:
    name = file.stem
    video, first, last = name, 1, None
    if subset == "UAV123" and name in SEGMENTS:
        video, first, last = SEGMENTS[name]
    frames: Sequence[Path] = frame_files(_folder(root, video))
    if last is not None:
        frames = tuple(f for f in frames if f.stem.isdecimal() and first <= int(f.stem) <= last)
    if not frames:
        raise SourceError(f"{_folder(root, video)}: holds none of the frames {first} ... {last}")
    boxes = read_xywh(file, one_based=True)
    return one_target(name, annotations_for(frames, boxes, file), frame_files=frames)


def _folder(root: Path, video: str) -> Path:
    flat = root / "data_seq" / video
    return flat if flat.is_dir() else root / "data_seq" / "UAV123" / video
