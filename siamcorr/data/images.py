"""Single image files: decoding to RGB uint8, cut files recognised, the natural order of names."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from siamcorr.errors import SourceError
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray

__all__ = ["IMAGE_SUFFIXES", "is_image", "natural_key", "read_image"]

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # FF00 and RSTn belong to the scan around them
_START, _END, _LONE = 0xD8, 0xD9, 0x01  # the markers without a length


def is_image(path: Path) -> bool:
    """Whether the name ends like an image; hidden files (`._0001.jpg`) are none."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def natural_key(path: Path) -> tuple[tuple[tuple[str, int], ...], str]:
    """Sort key that compares digits as numbers, folder by folder: img2 before img10.

    Names that differ in leading zeros or case alone are ordered by their characters.
    """
    pieces = (piece for part in path.parts for piece in re.findall(r"\d+|\D", part + "\0"))
    key = tuple(("0", int(p)) if p.isdecimal() else (p.casefold(), -1) for p in pieces)
    return key, str(path)


def read_image(path: Path) -> FrameArray:
    """Decode one image file to RGB.

    Args:
        path: a JPEG, PNG, BMP, TIFF, WebP or PNM file.

    Returns:
        (H, W, 3) uint8.

    Convention:
        - Grey becomes three equal channels; an alpha channel is dropped, not blended.
        - 16-bit values keep their upper 8 bits.
        - The EXIF rotation is applied.

    Raises:
        SourceError: the file cannot be read, is empty, is cut, or is no image.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not content:
        raise SourceError(f"{path}: is empty (0 bytes)")
    if content.startswith(b"\xff\xd8") and not _jpeg_is_whole(content):
        raise SourceError(f"{path}: is cut: the JPEG data end before their end marker")
    cv2 = load_cv2()
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(f"{path}: cannot be decoded: {error}") from error
    if image is None or image.dtype != np.uint8:
        raise SourceError(f"{path}: cannot be decoded as an image; it is damaged or no image")
    rgb: FrameArray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return rgb


def _jpeg_is_whole(content: bytes) -> bool:
    """Walk the markers to the end-of-image marker; OpenCV before 5 decodes a cut file to grey."""
    position = 2
    while found := _MARKER.search(content, position):
        marker, position = found[0][1], found.end()
        if marker == _END:
            return True  # what follows is no part of the image
        if marker not in (_START, _LONE):  # a segment: skip it, an embedded preview included
            position += int.from_bytes(content[position : position + 2], "big")
    return False
