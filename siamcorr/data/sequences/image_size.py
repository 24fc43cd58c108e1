"""The size of an image from its header, without decoding it."""

from __future__ import annotations

from pathlib import Path

from siamcorr.errors import SourceError

__all__ = ["image_size"]

_ORIENTATION, _FIRST_TURNED = 0x0112, 5  # EXIF orientations 5 ... 8 lie on their side


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) in pixels of what `read_image` gives, so with the EXIF rotation applied.

    Raises:
        SourceError: the file cannot be read or is no image.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
            width, height = image.size
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{path}: its size cannot be read: {error}") from error
    return (width, height) if turned else (height, width)
