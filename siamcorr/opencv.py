"""The one place that imports cv2, so that a bare machine gets a sentence and not a traceback."""

from __future__ import annotations

import functools
import importlib
import os
from types import ModuleType

from siamcorr.errors import MissingDependency

__all__ = ["load_cv2"]

# What OpenCV and its ffmpeg print to stderr says nothing that our errors do not; both variables
# are OpenCV's own, and a value that the user has set stays.
_QUIET = {"OPENCV_LOG_LEVEL": "FATAL", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


@functools.cache
def load_cv2() -> ModuleType:
    """Import OpenCV on first use, and keep its log off stderr unless the user has set its level.

    Returns:
        The module `cv2`.

    Raises:
        MissingDependency: cv2 is not installed, or a system library that it needs (libGL.so.1,
            libgthread-2.0.so.0 of libglib) is absent, as on a bare container image.
    """
    for variable, level in _QUIET.items():
        os.environ.setdefault(variable, level)
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise MissingDependency(
            f"OpenCV does not load: {error}\n"
            "  cure 1: install the system libraries it needs, on Debian or Ubuntu: "
            "apt-get install libgl1 libglib2.0-0\n"
            "  cure 2: use the build that needs none: pip uninstall opencv-python && "
            "pip install opencv-python-headless"
        ) from error
