"""siamcorr: Siamese tracking by per-sample cross-correlation.

Public names are resolved on first use, so `import siamcorr` opens no file and loads no library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from siamcorr import data, evaluation, geometry, models, nn, ops, tracking, viz
    from siamcorr.data.video import open_source
    from siamcorr.errors import SiamcorrError
    from siamcorr.tracking.factory import load_tracker
    from siamcorr.tracking.loop import track
    from siamcorr.types import ResponseMap, Sequence, Tracker, TrackResult

_HOME = {
    "ResponseMap": "siamcorr.types",
    "Sequence": "siamcorr.types",
    "SiamcorrError": "siamcorr.errors",
    "TrackResult": "siamcorr.types",
    "Tracker": "siamcorr.types",
    "load_tracker": "siamcorr.tracking.factory",
    "open_source": "siamcorr.data.video",
    "track": "siamcorr.tracking.loop",
}
_SUBPACKAGES = ("data", "evaluation", "geometry", "models", "nn", "ops", "tracking", "viz")

__all__ = [
    "ResponseMap",
    "Sequence",
    "SiamcorrError",
    "TrackResult",
    "Tracker",
    "__version__",
    "data",
    "evaluation",
    "geometry",
    "load_tracker",
    "models",
    "nn",
    "open_source",
    "ops",
    "track",
    "tracking",
    "viz",
]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"siamcorr.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'siamcorr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
