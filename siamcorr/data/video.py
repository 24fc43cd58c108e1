"""Video in: `open_source` reads files, image folders, cameras, addresses and arrays alike."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np

from siamcorr.data.array_reader import ArrayReader
from siamcorr.data.capture_reader import CaptureReader
from siamcorr.data.frames import Reader, Span, VideoFrame, as_count
from siamcorr.data.image_reader import ImageReader, is_pattern
from siamcorr.data.images import is_image
from siamcorr.data.read_ahead import ReadAhead
from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.types import Frame

__all__ = ["Source", "VideoFrame", "VideoSource", "VideoWriter", "open_source"]

Source: TypeAlias = str | os.PathLike[str] | int | Iterable[Frame]
"""What `open_source` takes."""

_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https")


class VideoSource:
    """An open source: an iterable of `VideoFrame` and a context manager.

    It is iterated once, since a camera or a generator cannot start again; open the source anew
    for a second pass. Leaving the loop early, by `break` or by an error, closes it.

    Attributes:
        name: the source in words: path, pattern, address, `camera 0`, or the iterable's own name.
        frame_count: number of frames that will come, after start, stop and stride; None where
            unknown. Containers without an index (Matroska, MPEG-TS) only estimate it.
        fps: frames per second of the source, before stride; None where unknown.
    """

    def __init__(self, reader: Reader, span: Span, read_ahead: int) -> None:
        self._reader = reader
        self._span = span
        self._depth = read_ahead if reader.may_run_ahead else 0
        self._ahead: ReadAhead[VideoFrame] | None = None
        self._used = False
        self.name = reader.name
        self.fps = reader.fps
        total = reader.total
        self.frame_count = None if total is None else len(span.indices(total))

    def __iter__(self) -> Iterator[VideoFrame]:
        if self._used:
            raise InvalidArgument(
                f"{self.name}: this source was iterated or closed already; call open_source again "
                "for another pass"
            )
        self._used = True
        return self._deliver()

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading and let go of the file or device; may be called twice."""
        self._used = True
        if self._ahead is not None:
            self._ahead.close()  # its thread closes the reader
        else:
            self._reader.close()

    def _deliver(self) -> Iterator[VideoFrame]:
        frames = self._reader.frames(self._span)
        if self._depth:
            frames = self._ahead = ReadAhead(frames, self._depth, self._reader.close)
        delivered = 0
        try:
            for frame in frames:
                delivered += 1
                yield frame
        finally:
            self.close()
        if not delivered:
            raise _nothing_in(self.name, self._span.start)


def open_source(
    source: Source,
    *,
    start: int = 0,
    stop: int | None = None,
    stride: int = 1,
    read_ahead: int = 8,
) -> VideoSource:
    """Open anything that yields frames.

    Args:
        source: a video file; one image; a folder of images or a glob pattern (`"img/*.jpg"`), read
            in natural order (`img2` before `img10`); a camera index, also as digits (`"0"`) unless
            a file has that name; an RTSP, RTMP or HTTP(S) address; or an iterable of frames, RGB
            uint8, (H, W, 3) as numpy or (3, H, W) as tensors.
        start: index of the first frame, >= 0. Video is decoded up to it, since seeking is inexact.
        stop: index before which to end, > start; None reads to the end.
        stride: deliver every so many frames, >= 1.
        read_ahead: number of frames decoded ahead in a daemon thread; 0 decodes in the caller's
            thread, as iterables always are.

    Returns:
        An iterable of `VideoFrame(index, time_s, image)` with `name`, `frame_count` and `fps`.

    Convention:
        - `index` counts in the source: 0, stride, 2 * stride, ...
        - `time_s` is the container's time stamp for files, the time since the first frame for
          cameras and live addresses, index / fps for iterables that have `fps`, else NaN.
        - Grey images become RGB, 16 bits become their upper 8, alpha is dropped, and rotation
          flags (EXIF, phone video) are applied.
        - Images of one folder may differ in size.

    Raises:
        InvalidArgument: a bad start, stop, stride or read_ahead; a source of a wrong type.
        SourceError: nothing can be read. While iterating: a file is truncated or corrupt; the
            error names frame and file and comes after every frame before it.

    Example:
        >>> import numpy as np
        >>> with open_source([np.zeros((4, 6, 3), np.uint8)] * 5, start=1, stride=3) as video:
        ...     print(video.frame_count, [(f.index, f.image.shape) for f in video])
        2 [(1, (4, 6, 3)), (4, (4, 6, 3))]
    """
    span = Span.checked(start, stop, stride)
    depth = as_count(read_ahead, "read_ahead", 0)
    reader = _find_reader(source)
    if reader.total_is_exact and reader.total is not None and span.start >= reader.total:
        raise _nothing_in(reader.name, span.start, reader.total)
    return VideoSource(reader, span, depth)


def _find_reader(source: Source) -> Reader:
    """The reader for a source, by its type and then by what is there under its name."""
    if isinstance(source, VideoSource):
        raise InvalidArgument(f"open_source: {source.name} is open already; iterate it")
    if isinstance(source, int | np.integer) and not isinstance(source, bool):
        if source < 0:
            raise InvalidArgument(f"open_source: a camera index is >= 0, got {source}")
        return CaptureReader.from_camera(int(source))
    if isinstance(source, str | os.PathLike):
        return _find_named_reader(source)
    return ArrayReader(source)  # type: ignore[arg-type]  # it refuses what is left


def _find_named_reader(source: str | os.PathLike[str]) -> Reader:
    text = os.fspath(source)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme:
        if scheme[1].lower() not in _SCHEMES:
            raise InvalidArgument(
                f"open_source: addresses of scheme {scheme[1]!r} are not read; "
                f"known: {', '.join(_SCHEMES)}"
            )
        return CaptureReader.from_address(text)
    path = Path(text)
    if not text or not path.exists():
        return _find_absent(source, text)
    if path.is_dir():
        return ImageReader.from_folder(path)
    if not path.is_file():
        raise SourceError(f"open_source: '{path}' is neither a file nor a folder")
    return ImageReader(str(path), [path]) if is_image(path) else CaptureReader.from_file(path)


def _find_absent(source: str | os.PathLike[str], text: str) -> Reader:
    """A string that names no file: a camera's digits, a pattern, or a mistake."""
    if isinstance(source, str) and text.isdecimal():
        return CaptureReader.from_camera(int(text))
    if is_pattern(text):
        return ImageReader.from_pattern(text)
    raise SourceError(f"open_source: no such file or folder: {text!r}")


def _nothing_in(name: str, start: int, total: int | None = None) -> InvalidArgument:
    if start:
        count = "fewer" if total is None else total
        return InvalidArgument(f"open_source: start={start}, but {name} has {count} frames")
    return InvalidArgument(f"open_source: {name} has no frames")
