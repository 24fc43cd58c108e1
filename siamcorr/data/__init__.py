"""Video in and out, synthetic video: frames as RGB uint8 arrays, boxes as float `xywh`.

Names are resolved on first use, so importing the package loads neither cv2 nor av.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siamcorr.data.files import atomic_path
    from siamcorr.data.synthetic import SyntheticSequence, load_synthetic
    from siamcorr.data.video import VideoFrame, VideoSource, VideoWriter, open_source

_HOME = {
    "SyntheticSequence": "siamcorr.data.synthetic",
    "VideoFrame": "siamcorr.data.video",
    "VideoSource": "siamcorr.data.video",
    "VideoWriter": "siamcorr.data.video",
    "atomic_path": "siamcorr.data.files",
    "load_synthetic": "siamcorr.data.synthetic",
    "open_source": "siamcorr.data.video",
}

__all__ = [
    "SyntheticSequence",
    "VideoFrame",
    "VideoSource",
    "VideoWriter",
    "atomic_path",
    "load_synthetic",
    "open_source",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'siamcorr.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
