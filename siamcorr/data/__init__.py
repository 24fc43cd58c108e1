"""Video in and out, data sets, result files, synthetic video: RGB uint8 frames, `xywh` boxes.

Names are resolved on first use, so importing the package loads neither cv2 nor av.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siamcorr.data.files import atomic_path
    from siamcorr.data.result_files import FORMATS
    from siamcorr.data.sequences import (
        AnnotatedSequence,
        SequenceSet,
        dataset_names,
        load_dataset,
        read_boxes,
    )
    from siamcorr.data.synthetic import SyntheticSequence, load_synthetic
    from siamcorr.data.video import VideoFrame, VideoSource, VideoWriter, open_source

_HOME = {
    "AnnotatedSequence": "siamcorr.data.sequences",
    "FORMATS": "siamcorr.data.result_files",
    "SequenceSet": "siamcorr.data.sequences",
    "SyntheticSequence": "siamcorr.data.synthetic",
    "VideoFrame": "siamcorr.data.video",
    "VideoSource": "siamcorr.data.video",
    "VideoWriter": "siamcorr.data.video",
    "atomic_path": "siamcorr.data.files",
    "dataset_names": "siamcorr.data.sequences",
    "load_dataset": "siamcorr.data.sequences",
    "load_synthetic": "siamcorr.data.synthetic",
    "open_source": "siamcorr.data.video",
    "read_boxes": "siamcorr.data.sequences",
}

__all__ = [
    "FORMATS",
    "AnnotatedSequence",
    "SequenceSet",
    "SyntheticSequence",
    "VideoFrame",
    "VideoSource",
    "VideoWriter",
    "atomic_path",
    "dataset_names",
    "load_dataset",
    "load_synthetic",
    "open_source",
    "read_boxes",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'siamcorr.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
