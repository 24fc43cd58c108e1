"""MOTChallenge, and CVAT's export in its format: `NAME/gt/gt.txt` beside `NAME/img1/000001.jpg`."""

from __future__ import annotations

from pathlib import Path

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_lines, split_numbers
from siamcorr.data.sequences.folders import frame_files, subfolders
from siamcorr.data.sequences.layout import LengthMismatch, catalogue, not_found
from siamcorr.data.sequences.one_based import from_one_based
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.text_files import read_text
from siamcorr.data.sequences.track_table import Entry, TrackTable
from siamcorr.errors import InvalidArgument

__all__ = ["list_mot"]

_FIELDS = "frame, id, x, y, w, h, considered, class, visibility"


@DATASETS.register("mot")
def list_mot(root: Path) -> Catalogue:
    """List the sequences of a MOT folder.

    Args:
        root: folder with `NAME/gt/gt.txt` and `NAME/img1/*.jpg`, such as `MOT17/train`, or the
            folder of one such sequence, such as an unpacked CVAT export. `NAME/seqinfo.ini` names
            the image folder, the number of frames and their size where it is there.

    Convention:
        - Frames count from 1. Boxes count from 1 and are shifted to 0, but not those of a CVAT
          export, known by `gt/labels.txt`, which writes 0-based boxes.
        - Rows whose seventh number is 0 are not considered by the benchmark (reflections, static
          persons, distractors) and are left out.
        - `visible` is the ninth number; 1 where there are fewer, or ten as in MOT15, whose last
          three are a position in the world.
        - Targets are ordered by id; NaN and `visible` 0 where a target has no row. Their class is
          the number of the eighth field, or its name in `gt/labels.txt`.

    Source:
        https://motchallenge.net/instructions; https://docs.cvat.ai, format MOT.
    """
    folders = [root] if _is_sequence(root) else []
    if root.is_dir() and not folders:
        folders = [folder for folder in subfolders(root) if _is_sequence(folder)]
    if not folders:
        raise not_found("mot", root, "NAME/gt/gt.txt beside NAME/img1/000001.jpg")
    return catalogue(folders, _read)


def _is_sequence(folder: Path) -> bool:
    return (folder / "gt" / "gt.txt").is_file()


def _read(folder: Path) -> AnnotatedSequence:
    file, info = folder / "gt" / "gt.txt", _info(folder / "seqinfo.ini")
    frames = frame_files(folder / info.get("imdir", "img1"))
    stated = info.get("seqlength", str(len(frames)))
    if stated != str(len(frames)):
        raise LengthMismatch(
            f"{folder / 'seqinfo.ini'}: seqLength is {stated}, but there are {len(frames)} frames "
            f"in '{frames[0].parent}'",
            frames,
        )
    labels = folder / "gt" / "labels.txt"
    names = read_lines(labels) if labels.is_file() else None
    table = TrackTable(len(frames))
    for i, line in enumerate(read_lines(file), start=1):
        where = f"{file}, line {i}"
        fields = split_numbers(line, file, i)
        if not 6 <= len(fields) <= 10:
            raise InvalidArgument(f"{where}: {len(fields)} numbers; expected {_FIELDS}")
        if len(fields) < 7 or float(fields[6]) != 0:
            target, frame = _whole(fields[1], "id", where), _whole(fields[0], "frame", where) - 1
            entry = _entry(fields, one_based=names is None)
            table.put(where, str(target), frame, entry, _class_of(fields, names, where))
    return table.sequence(folder.name, frame_files=frames, size=_size(info))


def _entry(fields: list[str], *, one_based: bool) -> Entry:
    shift = from_one_based if one_based else float
    x, y, w, h = shift(fields[2]), shift(fields[3]), float(fields[4]), float(fields[5])
    return Entry((x, y, w, h), visible=float(fields[8]) if len(fields) == 9 else 1.0)


def _class_of(fields: list[str], names: list[str] | None, where: str) -> str:
    """Name of the class; empty where the row has none (-1 in MOT15)."""
    if len(fields) not in (8, 9) or float(fields[7]) < 1:
        return ""
    number = _whole(fields[7], "class", where)
    if names is None:
        return str(number)
    if number > len(names):
        raise InvalidArgument(f"{where}: class {number}, but labels.txt names {len(names)}")
    return names[number - 1]


def _whole(text: str, name: str, where: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise InvalidArgument(f"{where}: {name} {text} is no whole number")
    return int(value)


def _info(file: Path) -> dict[str, str]:
    """`key=value` lines, keys in lower case."""
    if not file.is_file():
        return {}
    pairs = (line.partition("=") for line in read_text(file).splitlines())
    return {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}


def _size(info: dict[str, str]) -> tuple[int, int] | None:
    """(height, width) where the file states it."""
    height, width = info.get("imheight", ""), info.get("imwidth", "")
    return (int(height), int(width)) if height.isdecimal() and width.isdecimal() else None
