"""ImageNet (ILSVRC): where a split has its annotations and images, and what one XML file says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from siamcorr.data.sequences.folders import subfolders
from siamcorr.data.sequences.layout import not_found
from siamcorr.data.sequences.track_table import Entry
from siamcorr.data.sequences.xml_files import child_text, number, read_xml
from siamcorr.errors import SourceError

__all__ = ["ImageObject", "Split", "read_objects", "split_of"]

_SIZE = ("width", "height")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class Split(NamedTuple):
    """Folders of one split: `Annotations/VID/train` and `Data/VID/train`."""

    annotations: Path
    images: Path


class ImageObject(NamedTuple):
    """One `<object>` of an image.

    Attributes:
        track: `trackid` of a video, the number of the object in a single image.
        name: WordNet id of the class, such as `n02084071`.
        entry: box and occlusion.
    """

    track: str
    name: str
    entry: Entry


def split_of(name: str, root: Path, task: str) -> Split:
    """Find the folders of a split from its root or from either of them.

    Args:
        name: registered name of the data set, for errors.
        root: `ILSVRC2015` with a single split, or `ILSVRC2015/Annotations/VID/train`, or
            `ILSVRC2015/Data/VID/train`.
        task: `VID` or `DET`.

    Raises:
        SourceError: nothing of the kind is there, or several splits are.
    """
    outer = root / "Annotations" / task
    if outer.is_dir():
        splits = subfolders(outer)
        if len(splits) > 1:
            raise SourceError(
                f"load_dataset: {name}: '{root}' holds the splits "
                f"{', '.join(folder.name for folder in splits)}; give one of them, such as "
                f"'{splits[0]}'"
            )
        root = splits[0] if splits else root
    place = (root.parent.parent.name, root.parent.name)
    if place not in (("Annotations", task), ("Data", task)):
        raise not_found(
            name, root, f"Annotations/{task}/train beside Data/{task}/train, or either folder"
        )
    base, tail = root.parent.parent.parent, Path(task, root.name)
    return Split(base / "Annotations" / tail, base / "Data" / tail)


def read_objects(file: Path) -> tuple[list[ImageObject], tuple[int, int]]:
    """Read the annotation of one image.

    Returns:
        Its objects, and (height, width).

    Convention:
        Corners are taken as they stand, 0-based: w = xmax - xmin, h = ymax - ymin, as the trackers
        trained on ImageNet use them.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: no XML, or something is missing in it.
    """
    root = read_xml(file)
    width, height = (int(number(child_text(root, f"size/{k}", file), file)) for k in _SIZE)
    objects = []
    for i, element in enumerate(root.iterfind("object")):
        x1, y1, x2, y2 = (number(child_text(element, f"bndbox/{k}", file), file) for k in _CORNERS)
        entry = Entry(
            (x1, y1, x2 - x1, y2 - y1), occluded=element.findtext("occluded", "0").strip() == "1"
        )
        track = (element.findtext("trackid") or str(i)).strip()
        objects.append(ImageObject(track, child_text(element, "name", file), entry))
    return objects, (height, width)
