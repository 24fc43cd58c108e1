"""Data sets by name: every reader lists its sequences and builds one only when it is wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, SourceError, UnknownName, closest
from siamcorr.registry import Registry

__all__ = ["DATASETS", "Catalogue", "Reader", "dataset_names", "list_sequences", "load_dataset"]

Catalogue: TypeAlias = Mapping[str, Callable[[], AnnotatedSequence]]
"""Sequence name -> function that reads its annotations, in the order of the data set."""
Reader: TypeAlias = Callable[[Path], Catalogue]
"""What stands behind a name: takes the root, finds the sequences, reads none of them yet."""

DATASETS: Registry[Reader] = Registry("data set")


def dataset_names() -> tuple[str, ...]:
    """Names that `load_dataset` knows."""
    return tuple(DATASETS)


def load_dataset(
    name: str, root: str | Path, *, sequences: Iterable[str] | None = None
) -> SequenceSet:
    """Read the annotations of a data set and find its frames; no frame is decoded.

    Args:
        name: a data set of the trackers, `otb`, `vot`, `got10k`, `lasot`, `trackingnet`, `uav123`,
            `uav20l`, `nfs` (30 fps), `nfs_240` or `davis`; one of video or images, `imagenet_vid`,
            `imagenet_det`, `youtube_bb` or `coco`; or your own data, `boxes_csv` (a CSV beside
            frames or a video), `mot` or `cvat`.
        root: folder in the published layout of the data set, which the module of each reader
            describes; for `otb` and `vot` also a PySOT annotation JSON, which gives sequences
            with annotations only.
        sequences: names of the sequences to read; None reads all.

    Returns:
        The sequences in the order of the data set: boxes (T, N, 4) float64 and `visible` (T, N).
        N is 1, but for `davis`, `imagenet_vid`, `imagenet_det`, `coco`, `boxes_csv`, `mot` and
        `cvat`, where a sequence holds all targets of its video or image.

    Convention:
        - Boxes are 0-based continuous pixels: files of OTB, LaSOT, UAV123 and MOTChallenge, which
          count from 1, are shifted; all others are taken as they stand.
        - A folder with k > 1 targets (OTB's Jogging, Skating2) gives the sequences `Jogging-1`,
          ..., `Jogging-k`.

    Raises:
        UnknownName: no such data set or sequence; lists the closest names.
        SourceError: `root` does not hold the data set; says what was looked for and found.
        InvalidArgument: a malformed annotation, or one that does not fit the frames.

    Example:
        >>> load_dataset("otb", "datasets/OTB100", sequences=["Deer"])  # doctest: +SKIP
        SequenceSet(name='otb', ...)
    """
    catalogue = list_sequences(name, root, sequences)
    return SequenceSet(name, tuple(read() for read in catalogue.values()))


def list_sequences(
    name: str, root: str | Path, sequences: Iterable[str] | None = None
) -> Catalogue:
    """What `load_dataset` reads, before it is read.

    Args:
        name: registered name.
        root: as `load_dataset` takes it.
        sequences: names of the sequences; None takes all.

    Raises:
        UnknownName: no such data set or sequence.
        SourceError: `root` does not hold the data set.
        InvalidArgument: `sequences` is empty or a text.
    """
    reader = DATASETS[name]
    # So that `.` and `train` have the names of their folders; resolve() would follow links as well.
    path = Path(os.path.abspath(root))  # noqa: PTH100
    if not path.exists():
        raise SourceError(f"load_dataset: {name}: '{root}' does not exist")
    catalogue = reader(path)
    wanted = _wanted(name, catalogue, sequences)
    return {key: read for key, read in catalogue.items() if key in wanted}


def _wanted(name: str, catalogue: Catalogue, sequences: Iterable[str] | None) -> frozenset[str]:
    """Check the names that were asked for."""
    if sequences is None:
        return frozenset(catalogue)
    if isinstance(sequences, str):
        raise InvalidArgument(
            f"load_dataset: sequences is the text {sequences!r}; give a list of names"
        )
    wanted = frozenset(sequences)
    if not wanted:
        raise InvalidArgument("load_dataset: sequences is empty; give None to read all")
    for unknown in sorted(wanted - frozenset(catalogue)):
        raise UnknownName(
            f"load_dataset: {name} has no sequence {unknown!r}{closest(unknown, catalogue)}"
            f"\n  known: {len(catalogue)} sequences, {', '.join(list(catalogue)[:8])} ..."
        )
    return wanted
