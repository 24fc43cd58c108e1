"""Images whose pixel values are labels: the label of every pixel, and the box of every label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["boxes_of_labels", "read_labels"]


def read_labels(path: Path) -> npt.NDArray[np.uint8]:
    """Decode a palette or grey PNG to its indices, which colours would not tell apart.

    Returns:
        (H, W) uint8.

    Raises:
        SourceError: the file cannot be read or decoded.
        InvalidArgument: it holds colours and no labels.
    """
    from PIL import Image  # OpenCV gives the colours of a palette, never its indices

    try:
        with Image.open(path) as image:
            mode, labels = image.mode, np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: Pillow's for broken PNG
        raise SourceError(f"{path}: cannot be decoded as a mask: {error}") from error
    if mode not in ("P", "L"):
        raise InvalidArgument(f"{path}: is no palette or grey image of 8 bits, but of mode {mode}")
    return labels.astype(np.uint8, copy=False)


def boxes_of_labels(labels: npt.NDArray[np.uint8]) -> dict[int, npt.NDArray[np.float64]]:
    """Smallest box round the pixels of every label but 0.

    Args:
        labels: (H, W).

    Returns:
        Label -> (4,) `x, y, w, h`, 0-based continuous: pixel columns a ... b give x = a and
        w = b - a + 1.

    Example:
        >>> boxes_of_labels(np.array([[0, 0, 0], [0, 7, 7]], np.uint8))
        {7: array([1., 1., 2., 1.])}
    """
    boxes = {}
    for label in np.flatnonzero(np.bincount(labels.ravel(), minlength=1)):
        if label:
            inside = labels == label
            xs, ys = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
            corner, end = np.array([xs[0], ys[0]]), np.array([xs[-1], ys[-1]])
            boxes[int(label)] = np.concatenate((corner, end - corner + 1)).astype(np.float64)
    return boxes
