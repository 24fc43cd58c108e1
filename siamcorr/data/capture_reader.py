"""Sources that OpenCV captures: a video file, a camera, a network address."""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from siamcorr.data.container import find_damage
from siamcorr.data.frames import Span, VideoFrame
from siamcorr.errors import SourceError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["CaptureReader"]

_TIMEOUT_MS = 10_000  # for an address that does not answer
_MAX_FPS = 1000.0  # rates above are clock rates (90000 of RTP) and not frame rates
_TEXT_SUFFIXES = frozenset({".ans", ".asc", ".diz", ".ice", ".nfo", ".txt", ".vt"})
"""Text that ffmpeg would play, as the picture of a terminal that prints it."""
_MAX_FRAMES = 10**9  # counts above come from an unknown duration


class CaptureReader:
    """Frames of a `cv2.VideoCapture`.

    Frames before `start` and between strides are decoded and thrown away: seeking is not exact in
    OpenCV. A file is checked at its end (`find_damage`), since OpenCV reports a cut and lost frames
    as a normal end. Damage that the codec conceals does not show; nor does a cut in MPEG-TS and raw
    streams, which carry no length.
    """

    total_is_exact = False
    may_run_ahead = True

    def __init__(
        self, capture: Any, name: str, location: str | None, *, is_address: bool = False
    ) -> None:
        cv2 = load_cv2()
        self.name = name
        self._capture = capture
        self._location = location  # what can be opened again to look for damage; None for a camera
        fps, total = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.fps = float(fps) if location and 0 < fps <= _MAX_FPS else None
        self.total = int(total) if location and 0 < total <= _MAX_FRAMES else None
        self._live = self._location is None or (is_address and self.total is None)
        self._first_s: float | None = None  # when a live source gave its first frame

    @classmethod
    def from_file(cls, path: Path) -> CaptureReader:
        """A video file, through OpenCV's own ffmpeg where it has one."""
        if not path.stat().st_size:
            raise SourceError(f"open_source: '{path}' is empty (0 bytes)")
        if path.suffix.lower() in _TEXT_SUFFIXES:
            raise SourceError(f"open_source: '{path}' is a text file and no video")
        cv2 = load_cv2()
        capture = cv2.VideoCapture(str(path), _ffmpeg(cv2))
        if not capture.isOpened():
            raise SourceError(
                f"open_source: '{path}' is no video that OpenCV can read: another kind of file, an "
                "unknown codec, or a recording that was cut before its index was written"
            )
        return cls(capture, str(path), str(path))

    @classmethod
    def from_camera(cls, index: int) -> CaptureReader:
        """The camera that the system numbers so; its clock starts at the first frame."""
        capture = load_cv2().VideoCapture(index)
        if not capture.isOpened():
            raise SourceError(
                f"open_source: no camera {index}, or another program holds it; cameras are "
                "numbered from 0"
            )
        return cls(capture, f"camera {index}", None)

    @classmethod
    def from_address(cls, address: str) -> CaptureReader:
        """A network address; a password in it stays out of the name."""
        cv2 = load_cv2()
        name = re.sub(r"//[^/@]*@", "//***@", address)
        waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS]
        waits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        capture = cv2.VideoCapture(address, _ffmpeg(cv2), waits)
        if not capture.isOpened():
            raise SourceError(
                f"open_source: nothing to play at {name}: the host does not answer within "
                f"{_TIMEOUT_MS // 1000} s, refuses, or sends no video"
            )
        return cls(capture, name, address, is_address=True)

    def frames(self, span: Span) -> Iterator[VideoFrame]:
        """Decode the frames of the span."""
        for index in itertools.count() if span.stop is None else range(span.stop):
            if not self._capture.grab():
                self._check_end(index)
                return
            time_s = self._arrival_s() if self._live else self._container_s(index)
            if span.wants(index):
                yield VideoFrame(index, time_s, self._image(index))

    def close(self) -> None:
        """Release the file or the device."""
        self._capture.release()

    def _image(self, index: int) -> FrameArray:
        cv2 = load_cv2()
        decoded, image = self._capture.retrieve()
        if not decoded or image is None:
            raise SourceError(f"frame {index} of {self.name}: cannot be decoded")
        rgb: FrameArray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return rgb

    def _container_s(self, index: int) -> float:
        """The container's time stamp, or index / fps where it gives none (raw streams give 0)."""
        time_s = self._capture.get(load_cv2().CAP_PROP_POS_MSEC) / 1000
        if time_s > 0 or (index == 0 and time_s == 0):
            return float(time_s)
        return index / self.fps if self.fps else math.nan

    def _arrival_s(self) -> float:
        """Seconds since the first frame came, for sources that are watched live."""
        now = time.monotonic()
        self._first_s = now if self._first_s is None else self._first_s
        return now - self._first_s

    def _check_end(self, index: int) -> None:
        """Raise if frame `index`, which could not be read, should be there, or the last is cut."""
        where = f"frame {index} of {self.name}"
        if self._location is None:
            raise SourceError(f"{where}: the camera delivers no more; was it unplugged?")
        if index == 0:
            raise SourceError(f"{where}: cannot be decoded, and no other; the data are damaged")
        if self.total is None:
            return
        damage = find_damage(self._location, index, self.total)
        if damage is not None:
            raise SourceError(
                f"{where}: the file is truncated or corrupt: {damage}; {index} of {self.total} "
                "announced frames were decoded"
            )


def _ffmpeg(cv2: Any) -> int:
    """OpenCV's ffmpeg, which takes no file name for a numbered series, unless it was left out."""
    present = cv2.CAP_FFMPEG in cv2.videoio_registry.getBackends()
    return int(cv2.CAP_FFMPEG if present else cv2.CAP_ANY)
