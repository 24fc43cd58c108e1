"""ImageNet VID: `Data/VID/train/.../000000.JPEG` beside `Annotations/VID/train/.../000000.xml`."""

from __future__ import annotations

import os
from pathlib import Path

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.folders import FrameFiles, files_in, subfolders
from siamcorr.data.sequences.ilsvrc import Split, read_objects, split_of
from siamcorr.data.sequences.layout import catalogue, not_found
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.track_table import TrackTable
from siamcorr.errors import SourceError

__all__ = ["list_imagenet_vid"]


@DATASETS.register("imagenet_vid")
def list_imagenet_vid(root: Path) -> Catalogue:
    """List the snippets of one split of ImageNet VID.

    Args:
        root: `ILSVRC2015/Annotations/VID/train` (or `val`), the same under `Data`, or
            `ILSVRC2015` where it holds a single split. Snippets lie in it or, as those of `train`,
            one folder deeper.

    Convention:
        - Corners are taken as they stand, 0-based: w = xmax - xmin.
        - A target is a `trackid`; a snippet has N of them, or 0. NaN and `visible` 0 where a track
          has no object in a frame; `occluded` as annotated.
        - The class of a target is its WordNet id.
        - Every XML file is a frame, whether or not it holds objects.

    Source:
        https://image-net.org/challenges/LSVRC/2015, the layout of ILSVRC2015_VID.
    """
    split = split_of("imagenet_vid", root, "VID")
    outer = subfolders(split.annotations) if split.annotations.is_dir() else []
    snippets = [
        snippet
        for folder in outer
        for snippet in ([folder] if _has_xml(folder) else subfolders(folder))
        if snippet is folder or _has_xml(snippet)
    ]
    if not snippets:
        raise not_found(
            "imagenet_vid",
            root,
            "SNIPPET/000000.xml or ILSVRC2015_VID_train_0000/SNIPPET/000000.xml",
        )
    return catalogue(snippets, _Reader(split))


class _Reader:
    """Reads a snippet of a split; an object and no closure, so that it travels."""

    def __init__(self, split: Split) -> None:
        self._split = split

    def __call__(self, folder: Path) -> AnnotatedSequence:
        images = self._split.images / folder.relative_to(self._split.annotations)
        if not images.is_dir():
            raise SourceError(f"{images}: no folder of frames, but '{folder}' has annotations")
        files = files_in(folder, ".xml")
        table = TrackTable(len(files))
        size = None
        for index, file in enumerate(files):
            objects, size = read_objects(file)
            for each in objects:
                table.put(str(file), each.track, index, each.entry, each.name)
        frames = FrameFiles(images, tuple(f"{file.stem}.JPEG" for file in files))
        return table.sequence(folder.name, frame_files=frames, size=size)


def _has_xml(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".xml") and entry.name[0] != "." for entry in entries)
