"""Video out: H.264 in MP4 that plays in browsers, written through PyAV."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from fractions import Fraction
from types import TracebackType
from typing import Any

import numpy as np

from siamcorr.data.files import atomic_path, check_target
from siamcorr.errors import InvalidArgument, MissingDependency, ShapeError
from siamcorr.types import Frame, FrameArray, as_frame

__all__ = ["VideoWriter"]

_MIN_FPS, _MAX_FPS = 0.01, 1000
# The matrix is the one of the conversion below; without the tags players guess it from the size.
_ENCODER = {
    "preset": "veryfast",
    "colorspace": "smpte170m",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}


class VideoWriter:
    """Write RGB frames to an MP4 file.

    H.264, yuv420p, index in front (faststart), constant frame rate. 4:2:0 needs even sizes: an odd
    width or height gets one more column or row, a copy of the last one.

    The file is written under a temporary name and renamed by `close`, which the end of the
    with-block calls, also when an error or ctrl-C ends it: what was written until then is a
    complete video. Without a single frame there is no file, and `close` raises (an error that is
    already on its way out of the with-block is not replaced).

    Args:
        path: where the file shall be, ending in `.mp4`; an existing file is replaced at the end.
        fps: frames per second, in 0.01 ... 1000. There is no default: for a source without a
            clock choose one, `VideoWriter(path, source.fps or 25)`.
        crf: constant rate factor of x264 in 0 (lossless) ... 51 (worst).

    Attributes:
        path: as given.
        frame_count: number of frames written.

    Raises:
        InvalidArgument: a bad path, fps or crf.
        MissingDependency: the PyAV that is installed was built without x264.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "grey.mp4"
        >>> with VideoWriter(path, fps=25) as video:
        ...     for _ in range(3):
        ...         video.write(np.full((48, 64, 3), 128, np.uint8))
        >>> video.frame_count, path.exists()
        (3, True)
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | Fraction, *, crf: int = 20):
        self.path = check_target(path, "VideoWriter")
        if self.path.suffix.lower() != ".mp4":
            raise InvalidArgument(f"VideoWriter: writes MP4, so {str(path)!r} must end in .mp4")
        self._rate = _as_rate(fps)
        self._crf = _as_crf(crf)
        self._size: tuple[int, int] | None = None
        self._cleanup = contextlib.ExitStack()
        self._container: Any = None
        self._stream: Any = None
        self._closed = False
        self.frame_count = 0

    def write(self, image: Frame) -> None:
        """Append one frame.

        Args:
            image: RGB uint8, (H, W, 3) as numpy or (3, H, W) as a tensor; every frame has the size
                of the first.

        Raises:
            InvalidArgument: another type or dtype, or the writer is closed.
            ShapeError: another size than the first frame's.
        """
        import av

        if self._closed:
            raise InvalidArgument(f"VideoWriter.write: {self.path} is closed already")
        array = as_frame(image, "VideoWriter.write: image")
        if self._size is None:
            self._open(array)
        if array.shape[:2] != self._size:
            raise ShapeError(
                f"VideoWriter.write: frame {self.frame_count} of {self.path} has another size than "
                f"the first\n  first : {self._size} as (H, W)\n  this  : {array.shape[:2]}\n"
                "  resize or pad the frames to one size"
            )
        frame = av.VideoFrame.from_ndarray(_padded_to_even(array), format="rgb24")
        frame.pts, frame.time_base = self.frame_count, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self.frame_count += 1

    def close(self) -> None:
        """Finish the file and give it its name; may be called twice.

        Raises:
            InvalidArgument: no frame was written, so there is no file.
        """
        if self._closed:
            return
        self._closed = True
        if self._container is None:
            raise InvalidArgument(f"VideoWriter: no frame was written, so {self.path} was not made")
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except BaseException:
            self._cleanup.__exit__(*sys.exc_info())  # removes the temporary file
            raise
        self._cleanup.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._container is None:
            self._closed = True
        else:
            self.close()

    def _open(self, first: FrameArray) -> None:
        """Start the file when the size is known."""
        import av

        try:
            av.codec.Codec("libx264", "w")
        except ValueError as error:
            raise MissingDependency(
                "VideoWriter: the installed PyAV has no H.264 encoder (libx264); the wheels of "
                "PyPI have it: pip install --force-reinstall av"
            ) from error
        self._size = height, width = first.shape[0], first.shape[1]
        temporary = self._cleanup.enter_context(atomic_path(self.path))
        options = {"movflags": "+faststart"}
        self._container = av.open(str(temporary), "w", format="mp4", options=options)
        self._stream = self._container.add_stream("libx264", rate=self._rate)
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {**_ENCODER, "crf": str(self._crf)}


def _as_rate(fps: Any) -> Fraction:
    """Exact rational frame rate; 29.97002997 becomes 30000/1001."""
    is_number = isinstance(fps, int | float | Fraction) and not isinstance(fps, bool)
    if not is_number or not math.isfinite(fps) or not _MIN_FPS <= fps <= _MAX_FPS:
        raise InvalidArgument(
            f"VideoWriter: fps must be a number in {_MIN_FPS} ... {_MAX_FPS}, got {fps!r}; for a "
            "source without a clock choose one: source.fps or 25"
        )
    return Fraction(fps).limit_denominator(1001)


def _as_crf(crf: Any) -> int:
    if isinstance(crf, bool) or not isinstance(crf, int) or not 0 <= crf <= 51:
        raise InvalidArgument(f"VideoWriter: crf must be a whole number in 0 ... 51, got {crf!r}")
    return crf


def _padded_to_even(image: FrameArray) -> FrameArray:
    height, width, _ = image.shape
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
