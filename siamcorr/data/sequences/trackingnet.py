"""TrackingNet: `frames/NAME/0.jpg` and `anno/NAME.txt` in the folder of one chunk."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_xywh
from siamcorr.data.sequences.folders import files_in, frame_files, subfolders
from siamcorr.data.sequences.layout import annotations_for, not_found, one_target
from siamcorr.data.sequences.registry import DATASETS, Catalogue
from siamcorr.errors import SourceError

__all__ = ["list_trackingnet"]


@DATASETS.register("trackingnet")
def list_trackingnet(root: Path) -> Catalogue:
    """List the sequences of one chunk of TrackingNet.

    Args:
        root: the folder of a chunk (`TEST`, `TRAIN_0`, ...) with `frames/NAME/%d.jpg` and
            `anno/NAME.txt`.

    Convention:
        - Coordinates are taken as they stand, 0-based; boxes may reach outside the frame.
        - Frames are in natural order: `0.jpg`, `1.jpg`, ..., `10.jpg`.
        - `TEST` annotates the first frame only: the other boxes and `visible` are NaN.

    Source:
        https://tracking-net.org and the layout of its development kit.
    """
    annotations = files_in(root / "anno", ".txt")
    if not annotations and root.is_dir():
        chunks = [folder.name for folder in subfolders(root) if (folder / "anno").is_dir()]
        if chunks:
            raise SourceError(
                f"load_dataset: trackingnet: '{root}' holds the chunks {', '.join(chunks)}; give "
                f"one of them, such as '{root / chunks[0]}'"
            )
    if not annotations:
        raise not_found("trackingnet", root, "anno/NAME.txt beside frames/NAME/0.jpg")
    return {file.stem: partial(_read, root, file) for file in annotations}


def _read(root: Path, file: Path) -> AnnotatedSequence:
    frames = frame_files(root / "frames" / file.stem)
    boxes = read_xywh(file)
    return one_target(
        file.stem,
        annotations_for(frames, boxes, file, first_is_enough=True),
        visible=np.where(np.arange(len(frames)) < len(boxes), 1.0, np.nan),
        frame_files=frames,
    )
