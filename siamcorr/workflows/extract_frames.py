"""Frames of annotated video files as images, so that they can be read in any order."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from siamcorr.data.files import atomic_path
from siamcorr.data.sequences import AnnotatedSequence
from siamcorr.data.sequences.registry import list_sequences
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["ExtractProgress", "extract_frames"]

ExtractProgress = Callable[[str, int, int], None]
"""Is told the sequence, how many of its frames are written, and their number in all."""

_COLUMNS = ("frame", "id", "x", "y", "w", "h", "visible", "class")
_QUALITY = 95


def extract_frames(
    name: str,
    root: str | Path,
    out: str | Path,
    *,
    sequences: Iterable[str] | None = None,
    progress: ExtractProgress | None = None,
) -> list[str]:
    """Write the sequences of a data set that lie in video files as images beside a CSV.

    Args:
        name: a name of `siamcorr.data.dataset_names()` whose sequences may be video files.
        root: its folder, as `load_dataset` takes it.
        out: folder to make; `load_dataset("boxes_csv", out)` reads it.
        sequences: names of the sequences to write; None writes all.
        progress: told at every frame.

    Returns:
        Names of the sequences that were written; those that have images already are left out.

    Convention:
        - A sequence becomes `NAME/000000.jpg`, ... (JPEG of quality 95) and `NAME.csv`, with the
          same boxes, visibility, ids and classes. What the CSV cannot say is lost: occlusion.
        - The CSV is written when all frames are, so an interrupted sequence is no sequence.

    Raises:
        UnknownName: no such data set or sequence.
        SourceError: a video cannot be read, or ends before its annotations.
        InvalidArgument: no sequence lies in a video file, or one is in `out` already.
    """
    written = []
    for read in list_sequences(name, root, sequences).values():
        sequence = read()
        if sequence.frame_files is None and sequence.video is not None:
            _write(sequence, Path(out), progress)
            written.append(sequence.name)
    if not written:
        raise InvalidArgument(
            f"extract_frames: no sequence of '{root}' lies in a video file; there is nothing to do"
        )
    return written


def _write(sequence: AnnotatedSequence, out: Path, progress: ExtractProgress | None) -> None:
    folder, table = out / sequence.name, out / f"{sequence.name}.csv"
    if folder.exists() or table.exists():
        raise InvalidArgument(
            f"extract_frames: '{folder}' or '{table}' exists; remove both or give another folder"
        )
    folder.mkdir(parents=True)
    for index, frame in enumerate(sequence):
        _write_image(folder / f"{index:06d}.jpg", frame)
        if progress is not None:
            progress(sequence.name, index + 1, len(sequence))
    with atomic_path(table) as temporary:
        _write_table(sequence, temporary)


def _write_image(path: Path, frame: FrameArray) -> None:
    cv2 = load_cv2()
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
        raise SourceError(f"{path}: cannot be written; is the disk full?")


def _write_table(sequence: AnnotatedSequence, path: Path) -> None:
    """A row for every box; a target has no row where it has none."""
    annotated = np.isfinite(sequence.boxes_xywh).all(-1)  # (T, N)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for frame, target in np.argwhere(annotated).tolist():
            target_id = sequence.target_ids[target] if sequence.target_ids else str(target)
            box = map(repr, sequence.boxes_xywh[frame, target].tolist())
            visible = f"{sequence.visible[frame, target]:g}"
            kind = sequence.class_of(target) or ""
            writer.writerow((frame, target_id, *box, visible, kind))
