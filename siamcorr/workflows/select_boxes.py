"""Picking start boxes with the mouse, where there is a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
from torch import Tensor

from siamcorr.data.video import open_source
from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.geometry.boxes import as_boxes_xywh
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["has_screen", "pick_boxes", "select_boxes"]

_PROBE = """
from siamcorr.opencv import load_cv2
cv2 = load_cv2()
cv2.namedWindow("siamcorr")
cv2.destroyAllWindows()
"""
_TITLE = "siamcorr: drag a box, enter takes it, escape ends"


def has_screen(timeout_s: float = 20.0) -> bool:
    """Try to open a window in a child process: OpenCV aborts its whole process where it cannot."""
    try:
        child = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return child.returncode == 0


def select_boxes(source: Any, start: int = 0) -> Tensor:
    """Show one frame of a source and let the user drag boxes on it.

    Args:
        source: whatever `siamcorr.open_source` takes.
        start: the frame to show, 0-based.

    Returns:
        (N, 4) float64, 0-based continuous pixels.

    Raises:
        MissingDependency: there is no screen that OpenCV can open a window on.
        InvalidArgument: no box was picked.
        SourceError: the source cannot be read.
    """
    if not has_screen():
        display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        state = f"display {display!r} cannot be reached" if display else "no display is set"
        raise MissingDependency(
            f"--select: OpenCV cannot open a window here ({state}); "
            "give the targets with --box x,y,w,h or --boxes FILE"
        )
    with open_source(source, start=start, stop=start + 1) as video:
        frame = next(iter(video)).image
    return pick_boxes(frame)


def pick_boxes(frame: FrameArray) -> Tensor:
    """Drag boxes on a frame in a window; needs a screen.

    Raises:
        InvalidArgument: the window was closed without a box.
    """
    cv2 = load_cv2()
    picked = cv2.selectROIs(_TITLE, np.ascontiguousarray(frame[:, :, ::-1]), showCrosshair=False)
    cv2.destroyAllWindows()
    boxes = [box for box in np.asarray(picked, dtype=np.float64).reshape(-1, 4) if min(box[2:]) > 0]
    if not boxes:
        raise InvalidArgument("--select: no box was picked")
    return as_boxes_xywh(np.stack(boxes), "--select")
