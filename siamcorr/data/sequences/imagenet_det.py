"""ImageNet DET: `Data/DET/train/.../NAME.JPEG` beside `Annotations/DET/train/.../NAME.xml`."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.ilsvrc import read_objects, split_of
from siamcorr.data.sequences.layout import not_found
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.track_table import TrackTable
from siamcorr.errors import InvalidArgument

__all__ = ["list_imagenet_det"]


@DATASETS.register("imagenet_det")
def list_imagenet_det(root: Path) -> Catalogue:
    """List the images of one split of ImageNet DET as sequences of one frame.

    Args:
        root: `ILSVRC/Annotations/DET/train` (or `val`), the same under `Data`, or `ILSVRC` where
            it holds a single split. XML files may lie in folders of any depth.

    Convention:
        - Corners are taken as they stand, 0-based: w = xmax - xmin.
        - An image is a sequence named like its file, with a target for each object, numbered in
          the order of the file; images without objects have N = 0.
        - The class of a target is its WordNet id.
        - Listing opens no file; an image's XML is read with its sequence.

    Source:
        https://image-net.org/challenges/LSVRC, the layout of ILSVRC_DET.
    """
    split = split_of("imagenet_det", root, "DET")
    names: dict[str, str] = {}  # image -> folder, relative to the split
    for folder, _, files in os.walk(split.annotations, followlinks=True):
        inner = os.path.relpath(folder, split.annotations)
        for name in (file[:-4] for file in files if file.endswith(".xml") and file[0] != "."):
            if names.setdefault(name, inner) != inner:
                raise InvalidArgument(
                    f"load_dataset: imagenet_det: two images {name!r}: in '{names[name]}' and in "
                    f"'{inner}' of '{split.annotations}'"
                )
    if not names:
        raise not_found("imagenet_det", root, "NAME.xml or ILSVRC2013_train/n01443537/NAME.xml")
    return {
        name: partial(_read, split.annotations / inner, split.images / inner, name)
        for name, inner in sorted(names.items())
    }


def _read(annotations: Path, images: Path, name: str) -> AnnotatedSequence:
    file = annotations / f"{name}.xml"
    objects, size = read_objects(file)
    table = TrackTable(1)
    for i, each in enumerate(objects):
        table.put(str(file), str(i), 0, each.entry, each.name)
    return table.sequence(name, frame_files=(images / f"{name}.JPEG",), size=size)
