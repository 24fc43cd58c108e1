"""COCO: `annotations/instances_train2017.json` beside `train2017/*.jpg`, boxes and masks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.coco_masks import Segmentation, decode_segmentation
from siamcorr.data.sequences.folders import files_in
from siamcorr.data.sequences.layout import only_file
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.data.sequences.text_files import read_json
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["list_coco"]

_NEEDED = {
    "images": ("id", "file_name", "height", "width"),
    "annotations": ("image_id", "category_id", "bbox"),
    "categories": ("id", "name"),
}


@DATASETS.register("coco")
def list_coco(root: Path) -> Catalogue:
    """List the images of one COCO file as sequences of one frame.

    Args:
        root: a JSON with `images`, `annotations` and `categories`, such as
            `annotations/instances_val2017.json`, or a folder with a single
            `annotations/instances_*.json`. Images are looked for in `val2017/`, `images/val2017/`
            and `images/` beside `annotations/`, and beside the JSON itself.

    Convention:
        - Boxes are taken as they stand: 0-based continuous `x, y, w, h`.
        - An image with N instances is a sequence named like its file, T = 1, with N targets in the
          order of the file. Crowd regions (`iscrowd`) are no targets; images without another
          instance are left out.
        - An image has masks where each of its targets has one: the pixels whose centre lies in one
          of the polygons (by parity in each), or what a run-length code says, compressed or not.
          A mask is decoded when it is asked for.

    Source:
        https://cocodataset.org/#format-data.
    """
    file = _instances_of(root)
    content = _read_json(file)
    folder = _image_folder(root, file, content["images"])
    names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
    by_image: dict[Any, list[dict[str, Any]]] = {entry["id"]: [] for entry in content["images"]}
    for i, entry in enumerate(content["annotations"]):
        if entry["image_id"] not in by_image or entry["category_id"] not in names:
            raise InvalidArgument(
                f"{file}, annotation {i}: of image {entry['image_id']} and category "
                f"{entry['category_id']}, which the file does not hold"
            )
        if not entry.get("iscrowd"):
            entry["category"] = names[entry["category_id"]]
            by_image[entry["image_id"]].append(entry)
    catalogue = {
        Path(image["file_name"]).with_suffix("").as_posix(): partial(
            _read, folder, file, image, found
        )
        for image in content["images"]
        if (found := by_image[image["id"]])
    }
    if len(catalogue) != sum(map(bool, by_image.values())):
        raise InvalidArgument(f"{file}: two images have the same `file_name`, or the same `id`")
    return catalogue


def _instances_of(root: Path) -> Path:
    folder = root / "annotations"
    found = [file for file in files_in(folder, ".json") if file.name.startswith("instances_")]
    looked_for = "annotations/instances_val2017.json, or a JSON like it"
    return only_file("coco", root, found, ".json", looked_for)


def _read_json(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Parse and check the file once; polygons become arrays, a tenth of the lists in memory."""
    content = read_json(file, of_object=partial(_with_arrays, file))
    for part, keys in _NEEDED.items():
        entries = content.get(part) if isinstance(content, dict) else None
        if not isinstance(entries, list) or not entries:
            raise InvalidArgument(
                f"{file}: has no list `{part}`, so it is no instances file of COCO"
            )
        for i, entry in enumerate(entries):
            lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
            if lacking:
                raise InvalidArgument(f"{file}, {part}[{i}]: has no {', '.join(lacking)}")
    parts: dict[str, list[dict[str, Any]]] = content
    return parts


def _with_arrays(file: Path, entry: dict[str, Any]) -> dict[str, Any]:
    polygons = entry.get("segmentation")
    if isinstance(polygons, list):
        try:
            entry["segmentation"] = [np.asarray(polygon, dtype=np.float64) for polygon in polygons]
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                f"{file}, annotation of id {entry.get('id')}: `segmentation` holds something other "
                f"than lists of numbers: {polygons!r:.80}"
            ) from error
    return entry


def _image_folder(root: Path, file: Path, images: list[dict[str, Any]]) -> Path:
    base, split = file.parent.parent, file.stem.removeprefix("instances_")
    folders = [base / split, base / "images" / split, base / "images", file.parent]
    first = images[0]["file_name"]
    for folder in folders:
        if (folder / first).is_file():
            return folder
    raise SourceError(
        f"load_dataset: coco: no images of '{file}'\n  looked for: {first} in "
        f"{', '.join(str(folder) for folder in folders)}"
    )


@dataclass(frozen=True)
class _Segmentations:
    """Masks of the instances of one image."""

    name: str
    size: tuple[int, int]
    segmentations: tuple[Segmentation, ...]

    def __call__(self, index: int, target: int) -> npt.NDArray[np.bool_]:
        where = f"{self.name}, target {target}"
        return decode_segmentation(self.segmentations[target], self.size, where)


def _read(
    folder: Path, file: Path, image: Mapping[str, Any], found: list[dict[str, Any]]
) -> AnnotatedSequence:
    name, size = _name(image), (int(image["height"]), int(image["width"]))
    for entry in found:
        if not _is_box(entry["bbox"]):
            raise InvalidArgument(
                f"{file}, image {name!r}: bbox {entry['bbox']!r:.80} is not four finite numbers"
            )
    segmentations: tuple[Segmentation, ...] = tuple(
        entry.get("segmentation", ()) for entry in found
    )
    return AnnotatedSequence(
        name=name,
        boxes_xywh=np.array([[entry["bbox"] for entry in found]], dtype=np.float64),  # (1, N, 4)
        visible=np.ones((1, len(found))),
        frame_files=(folder / image["file_name"],),
        target_ids=tuple(str(entry.get("id", i)) for i, entry in enumerate(found)),
        target_classes=tuple(entry["category"] for entry in found),
        size=size,
        masks=_Segmentations(name, size, segmentations) if all(segmentations) else None,
    )


def _name(image: Mapping[str, Any]) -> str:
    """Name of the file without its suffix, with its folders if it has some."""
    return Path(image["file_name"]).with_suffix("").as_posix()


def _is_box(box: Any) -> bool:
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(type(value) in (int, float) and math.isfinite(value) for value in box)
    )
