"""CVAT for video 1.1: `annotations.xml` with tracks, beside `images/` or a video file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.folders import frame_files, subfolders, video_files
from siamcorr.data.sequences.layout import not_found
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.track_table import Entry, TrackTable
from siamcorr.data.sequences.xml_files import attribute, number, read_xml
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["list_cvat"]

_FILE = "annotations.xml"
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_FRAME = re.compile(r"frame_(\d+)")


@DATASETS.register("cvat")
def list_cvat(root: Path) -> Catalogue:
    """List the unpacked exports of CVAT ("CVAT for video 1.1").

    Args:
        root: folder of one export, with `annotations.xml` and `images/frame_000000.png`, or with
            a single video file instead of `images/`; or a folder of such folders.

    Convention:
        - Coordinates are 0-based continuous pixels: w = xbr - xtl. A box with `rotation` counts by
          the extent of its turned corners.
        - A target is a track; its class is the label. `outside` means absent: NaN and `visible` 0.
        - Between two boxes of a track that are not outside, a frame without one gets the box
          between them in a straight line, which is what CVAT shows there; a full export has a box
          in every frame and nothing is filled in.
        - Images named `frame_000010.png` are frame 10, whatever frame step the task has; images of
          other names are counted from 0 in natural order, as are the frames of a video.
        - A sequence on a video ends with the last box of its tracks.

    Source:
        https://docs.cvat.ai, "XML annotation format", version 1.1.
    """
    folders = [root] if (root / _FILE).is_file() else []
    if root.is_dir() and not folders:
        folders = [folder for folder in subfolders(root) if (folder / _FILE).is_file()]
    if not folders:
        raise not_found("cvat", root, f"{_FILE}, or NAME/{_FILE}, beside images/frame_000000.png")
    return {folder.name: partial(_read, folder) for folder in folders}


def _read(folder: Path) -> AnnotatedSequence:
    file = folder / _FILE
    content = read_xml(file)
    tracks = content.findall("track")
    if not tracks:
        kind = "single images" if content.find("image") is not None else "nothing"
        raise InvalidArgument(
            f"{file}: holds {kind} and no track; export the task as 'CVAT for video 1.1'"
        )
    boxes = [_boxes(track, file) for track in tracks]
    frames, video = _frames(folder)
    if frames is None:
        numbers = list(range(1 + max(frame for track in boxes for frame in track)))
    else:
        numbers = _frame_numbers(frames)
    table = TrackTable(len(numbers))
    position = {frame: i for i, frame in enumerate(numbers)}
    for track, found in zip(tracks, boxes, strict=True):
        where = f"{file}, track {attribute(track, 'id', file)}"
        absent = sorted(set(found) - set(position))
        if absent:
            raise InvalidArgument(
                f"{where}: a box in frame {absent[0]}, which is none of the {len(numbers)} frames"
            )
        for frame, entry in _filled(found, numbers).items():
            label = attribute(track, "label", where)
            table.put(where, attribute(track, "id", file), position[frame], entry, label)
    return table.sequence(folder.name, frame_files=frames, video=video, size=_size(content))


def _boxes(track: Element, file: Path) -> dict[int, Entry | None]:
    """Entries of one track by frame number, None where it is outside."""
    where = f"{file}, track {attribute(track, 'id', file)}"
    others = sorted({child.tag for child in track} - {"box"})
    if others or not len(track):
        raise InvalidArgument(
            f"{where}: holds {', '.join(others) or 'nothing'}; only tracks of boxes are read"
        )
    found: dict[int, Entry | None] = {}
    for box in track:
        frame = int(number(attribute(box, "frame", where), where))
        if frame in found:
            raise InvalidArgument(f"{where}: two boxes in frame {frame}")
        found[frame] = _entry(box, where) if box.get("outside", "0") == "0" else None
    return dict(sorted(found.items()))


def _entry(box: Element, where: str) -> Entry:
    x1, y1, x2, y2 = (number(attribute(box, name, where), where) for name in _CORNERS)
    w, h = x2 - x1, y2 - y1
    turn = math.radians(number(box.get("rotation", "0"), where))
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    wide, high = (w * cos + h * sin, w * sin + h * cos) if turn else (w, h)
    corner = (x1 + (w - wide) / 2, y1 + (h - high) / 2)
    return Entry((*corner, wide, high), occluded=box.get("occluded", "0") == "1")


def _filled(found: dict[int, Entry | None], numbers: Sequence[int]) -> dict[int, Entry]:
    """The boxes that are there, and those on the line between two of them."""
    entries = {frame: entry for frame, entry in found.items() if entry is not None}
    for (start, before), (end, after) in pairwise(found.items()):
        if before is None or after is None or end == start + 1:
            continue
        for frame in (n for n in numbers if start < n < end):
            share = (frame - start) / (end - start)
            pairs = zip(before.box_xywh, after.box_xywh, strict=True)
            x, y, w, h = (a + share * (b - a) for a, b in pairs)
            entries[frame] = Entry((x, y, w, h), occluded=before.occluded)
    return entries


def _frames(folder: Path) -> tuple[Sequence[Path] | None, Path | None]:
    """Image files, or the video file."""
    if (folder / "images").is_dir():
        return frame_files(folder / "images"), None
    videos = video_files(folder)
    if len(videos) == 1:
        return None, videos[0]
    raise SourceError(
        f"{folder}: no frames beside {_FILE}\n  looked for: images/frame_000000.png, or one video "
        f"file\n  found     : {', '.join(sorted(path.name for path in folder.iterdir()))}"
    )


def _frame_numbers(frames: Sequence[Path]) -> list[int]:
    matches = [_FRAME.fullmatch(path.stem) for path in frames]
    if all(matches):
        return [int(match[1]) for match in matches if match]
    return list(range(len(frames)))


def _size(content: Element) -> tuple[int, int] | None:
    """(height, width) where the file states it: under `task` or, of older servers, `job`."""
    height, width = (content.findtext(f".//original_size/{k}", "") for k in ("height", "width"))
    return (int(height), int(width)) if height.isdecimal() and width.isdecimal() else None
