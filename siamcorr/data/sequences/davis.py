"""DAVIS 2016 and 2017: `JPEGImages/480p/NAME/00000.jpg` and `Annotations/480p/NAME/00000.png`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_lines
from siamcorr.data.sequences.folders import frame_files, subfolders
from siamcorr.data.sequences.label_images import boxes_of_labels, read_labels
from siamcorr.data.sequences.layout import not_found
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["list_davis"]

_RESOLUTIONS = ("480p", "Full-Resolution", "1080p")
_SINGLE_OBJECT = ("2016", "480p", "1080p")  # folders of DAVIS 2016 under ImageSets
_FOREGROUND = 255  # what DAVIS 2016 paints its one object with; void in later sets


@DATASETS.register("davis")
def list_davis(root: Path) -> Catalogue:
    """List the sequences of DAVIS.

    Args:
        root: folder with `JPEGImages/480p/NAME/` and `Annotations/480p/NAME/` (or
            `Full-Resolution`, `1080p`), which gives all its sequences, or a list in it such as
            `ImageSets/2017/val.txt` or, for DAVIS 2016, `ImageSets/480p/val.txt`.

    Convention:
        - There are no boxes in DAVIS: x, y, w, h cover the pixels of a mask, so columns a ... b
          give x = a and w = b - a + 1. Listing decodes nothing, reading a sequence its masks.
        - A target is a palette index and carries it as its id; masks of DAVIS 2016, which hold 0
          and 255, have the one target `255`. Index 255 beside others is void and no target.
        - A list of DAVIS 2016 makes one target of all objects, as its own masks do, and one in
          `ImageSets/480p` or `ImageSets/1080p` takes that resolution.
        - `visible` is 1 where the mask has pixels, else 0. A frame without a mask file, as in the
          test splits behind the first, has NaN for boxes and `visible`.

    Source:
        https://davischallenge.org and the layout of its downloads.
    """
    base, names, kind = _selection(root)
    choice = (kind,) if kind in _RESOLUTIONS else _RESOLUTIONS
    found = [r for r in choice if (base / "Annotations" / r).is_dir()]
    if not found:
        raise not_found(
            "davis",
            root,
            "Annotations/480p/NAME/00000.png beside JPEGImages/480p/NAME/00000.jpg, or a list "
            "ImageSets/2017/val.txt",
        )
    masks, images = base / "Annotations" / found[0], base / "JPEGImages" / found[0]
    names = names or tuple(folder.name for folder in subfolders(masks))
    if not names:
        raise not_found("davis", masks, "NAME/00000.png")
    merge = kind in _SINGLE_OBJECT
    return {name: partial(_read, images / name, masks / name, merge) for name in names}


def _selection(root: Path) -> tuple[Path, tuple[str, ...], str]:
    """The folder of the data set, the names in a list, the folder under `ImageSets` it lies in."""
    if root.is_dir():
        return root, (), ""
    if root.suffix != ".txt" or root.parent.parent.name != "ImageSets":
        raise not_found("davis", root, "a folder, or a list such as ImageSets/2017/val.txt")
    lines = read_lines(root)  # `bear`; of 2016 `/JPEGImages/480p/bear/00000.jpg /Annotations/...`
    names = dict.fromkeys(Path(line.split()[0]).parent.name or line for line in lines)
    return root.parent.parent.parent, tuple(names), root.parent.name


@dataclass(frozen=True)
class _LabelMasks:
    """Masks out of label images: of one label a target, or of all together."""

    name: str
    files: tuple[Path | None, ...]
    labels: tuple[int, ...]
    merge: bool

    def __call__(self, index: int, target: int) -> npt.NDArray[np.bool_]:
        file = self.files[index]
        if file is None:
            raise InvalidArgument(f"{self.name}: frame {index} has no mask file")
        image = read_labels(file)
        return np.isin(image, self.labels) if self.merge else image == self.labels[target]


def _read(images: Path, masks: Path, merge: bool) -> AnnotatedSequence:
    frames = frame_files(images)
    files = tuple(f if (f := masks / f"{frame.stem}.png").is_file() else None for frame in frames)
    boxes: list[dict[int, npt.NDArray[np.float64]]] = []
    size = None
    for file in files:
        image = None if file is None else read_labels(file)
        boxes.append({} if image is None else boxes_of_labels(image))
        size = size if image is None else image.shape
    seen = sorted({label for each in boxes for label in each})
    labels = tuple(label for label in seen if label != _FOREGROUND or seen == [_FOREGROUND])
    if not labels:
        raise SourceError(f"{masks}: no mask of these {len(frames)} frames holds an object")
    table = np.stack([_rows(each, labels, merge) for each in boxes])  # (T, N, 4)
    withheld = np.array([file is None for file in files])[:, None]
    return AnnotatedSequence(
        name=images.name,
        boxes_xywh=table,
        visible=np.where(withheld, np.nan, np.where(np.isnan(table[..., 0]), 0.0, 1.0)),
        frame_files=frames,
        target_ids=("all",) if merge else tuple(map(str, labels)),
        size=size,
        masks=_LabelMasks(images.name, files, labels, merge),
    )


def _rows(
    boxes: dict[int, npt.NDArray[np.float64]], labels: tuple[int, ...], merge: bool
) -> npt.NDArray[np.float64]:
    """(N, 4) boxes of the targets in one frame, NaN where there is none."""
    rows = np.stack([boxes.get(label, np.full(4, np.nan)) for label in labels])
    if not merge or np.isnan(rows).all():
        return rows[:1] if merge else rows
    low = np.nanmin(rows[:, :2], axis=0)
    return np.concatenate((low, np.nanmax(rows[:, :2] + rows[:, 2:], axis=0) - low))[None]
