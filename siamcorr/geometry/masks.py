"""Masks predicted in a crop, brought to the frame, and the rotated box around the largest part."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2

__all__ = ["mask_corners", "paste_mask"]

FloatArray = npt.NDArray[np.floating[Any]]


def paste_mask(
    mask: FloatArray, corner_xy: tuple[float, float], side: float, frame_size: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Resample a square mask that covers a part of the frame onto the frame.

    (x, y) in mask -> (a * (x + left * g), b * (y + top * g)),  g = m / side,
    a = (W - 1) / (W * g),  b = (H - 1) / (H * g)

    Args:
        mask: (m, m) float32.
        corner_xy: left and top of the square in pixels of the frame; may be negative.
        side: of the square in pixels of the frame.
        frame_size: height H and width W.

    Returns:
        (H, W) float32, bilinear; 0 outside the square.

    Convention:
        PySOT's end-point rule: the frame is shrunk by (W - 1) / W about its corner, so that the
        mask lies up to one pixel nearer to it than the square says.

    Source:
        Wang et al., "Fast Online Object Tracking and Segmentation", 2019; PySOT's SiamMask.

    Example:
        >>> paste_mask(np.ones((4, 4), np.float32), (2.0, 1.0), 4.0, (6, 8)).shape
        (6, 8)
    """
    cv2 = load_cv2()
    height, width = frame_size
    (left, top), scale = corner_xy, mask.shape[0] / side
    a, b = (width - 1) / (width * scale), (height - 1) / (height * scale)
    to_frame = np.array([[a, 0, a * left * scale], [0, b, b * top * scale]])
    pasted: npt.NDArray[np.float32] = cv2.warpAffine(
        np.asarray(mask, np.float32),
        to_frame,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return pasted


def mask_corners(
    mask: npt.NDArray[np.bool_], min_area: float = 100.0
) -> npt.NDArray[np.float64] | None:
    """Corners of the smallest rotated rectangle around the largest connected part of a mask.

    Args:
        mask: (H, W) bool.
        min_area: an outer contour of at most this area, in square pixels, does not count.

    Returns:
        (4, 2) float64 x and y in OpenCV's order, or None where no part is large enough.

    Convention:
        The rectangle goes through pixel indices, as in every published polygon: a part of one row
        has no height, and the corner of the first pixel is (0, 0).

    Example:
        >>> mask = np.zeros((40, 40), bool)
        >>> mask[10:31, 5:26] = True
        >>> sorted(map(tuple, mask_corners(mask).tolist()))
        [(5.0, 10.0), (5.0, 30.0), (25.0, 10.0), (25.0, 30.0)]
    """
    cv2 = load_cv2()
    image = np.ascontiguousarray(mask, np.uint8)
    # OpenCV 3 returns the image first; contours come before the last in every version.
    contours = cv2.findContours(image, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[-2]
    areas = [cv2.contourArea(contour) for contour in contours]
    if not areas or max(areas) <= min_area:
        return None
    largest = contours[int(np.argmax(areas))].reshape(-1, 2)
    corners: npt.NDArray[np.float64] = cv2.boxPoints(cv2.minAreaRect(largest)).astype(np.float64)
    return corners
