"""Procedural patterns as fields: power-law noise, checks, stripes, rings, blobs, leaves, marks."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from siamcorr.opencv import load_cv2

__all__ = ["blobs", "checker", "coordinates", "leaves", "marks", "power_law", "rings", "stripes"]

Field2D: TypeAlias = npt.NDArray[np.float32]
"""One float per pixel, (H, W) float32."""


def coordinates(
    height: int, width: int, unit: float, angle_deg: float = 0.0
) -> tuple[Field2D, Field2D]:
    """Coordinates of the pixel centres from the middle of the image, turned by an angle.

    Args:
        height: in pixels.
        width: in pixels.
        unit: pixels per unit of length.
        angle_deg: of the axes; positive turns x towards y.

    Returns:
        x and y, each (H, W), in units.
    """
    x = ((np.arange(width) + 0.5 - width / 2) / unit).astype(np.float32)[None, :]
    y = ((np.arange(height) + 0.5 - height / 2) / unit).astype(np.float32)[:, None]
    cos, sin = np.float32(np.cos(np.deg2rad(angle_deg))), np.float32(np.sin(np.deg2rad(angle_deg)))
    return x * cos + y * sin, y * cos - x * sin


def power_law(
    height: int, width: int, exponent: float, rng: np.random.Generator, low: float = 0.0
) -> Field2D:
    """Gaussian noise whose power falls as 1 / frequency ** exponent; mean 0, deviation 1.

    Args:
        height: in pixels.
        width: in pixels.
        exponent: 0 is white, 2 that of natural images, larger is smoother.
        rng: source of the white noise.
        low: frequencies below it, in cycles per pixel, have the power of this frequency.

    Returns:
        (H, W).
    """
    rows, columns = (32 * (-(-n // 32)) for n in (height, width))  # lengths that the FFT likes
    frequency = _frequency(rows, columns)
    frequency = np.maximum(frequency, max(low, 1 / max(rows, columns)))
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    spectrum *= frequency ** (-exponent / 2)
    return _standardised(np.fft.irfft2(spectrum, s=(rows, columns))[:height, :width])


def blobs(height: int, width: int, wavelength: float, rng: np.random.Generator) -> Field2D:
    """Noise of one wavelength in pixels, as on animal coats; mean 0, deviation 1, (H, W)."""
    rows, columns = (32 * (-(-n // 32)) for n in (height, width))
    octave = (_frequency(rows, columns) * wavelength - 1) / 0.3
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    spectrum *= np.exp(-0.5 * octave**2)
    return _standardised(np.fft.irfft2(spectrum, s=(rows, columns))[:height, :width])


def stripes(x: Field2D, cell: float, unit: float) -> Field2D:
    """Square wave of half-period `cell` along x, its edges one pixel wide; -1 ... 1."""
    slope = np.float32(2 * cell * unit / np.pi)  # -1 to 1 within one pixel at each edge
    return np.asarray(np.clip(np.sin(x * np.float32(np.pi / cell)) * slope, -1, 1))


def checker(x: Field2D, y: Field2D, cell: float, unit: float) -> Field2D:
    """Checkerboard of squares of side `cell`; -1 ... 1."""
    return stripes(x, cell, unit) * stripes(y, cell, unit)


def rings(x: Field2D, y: Field2D, cell: float, unit: float) -> Field2D:
    """Concentric rings of width `cell`; -1 ... 1."""
    return stripes(np.hypot(x, y) + np.float32(cell / 2), cell, unit)


def leaves(
    shape: tuple[int, int],
    radii: tuple[float, float],
    colours: npt.NDArray[np.float32],
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Dead leaves: discs of power-law radius (density r ** -3) that cover each other.

    Args:
        shape: (H, W) in pixels.
        radii: smallest and largest radius in pixels.
        colours: (K, 3) to draw from, 0 ... 255; each disc is up to 20 % darker or 15 % lighter.
        rng: source of places, radii and colours.

    Returns:
        (H, W, 3), in 0 ... 255.
    """
    cv2 = load_cv2()
    height, width = shape
    smallest, largest = radii
    mean_area = (
        2 * np.pi * smallest**2 * np.log(largest / smallest) / (1 - (smallest / largest) ** 2)
    )
    count = int(np.ceil(3 * height * width / mean_area))  # 95 % is covered
    share = rng.uniform(0, 1, count)
    radius = smallest / np.sqrt(1 - share * (1 - (smallest / largest) ** 2))
    centre = rng.uniform((0, 0), (width, height), (count, 2))
    picked = colours[rng.integers(len(colours), size=count)] * rng.uniform(0.8, 1.15, (count, 1))
    image = np.full((height, width, 3), colours.mean(0), dtype=np.uint8)
    discs = (np.column_stack((centre, radius)) * 16).astype(int).tolist()
    for (x, y, r), colour in zip(discs, picked.tolist(), strict=True):
        cv2.circle(image, (x, y), r, colour, -1, cv2.LINE_AA, 4)
    return image.astype(np.float32)


def marks(height: int, width: int, cell: float, rng: np.random.Generator) -> Field2D:
    """Rows of random strokes like writing: 1 on ink, -1 on paper.

    Args:
        height: in pixels.
        width: in pixels.
        cell: height of a letter in pixels.
        rng: source of the strokes.

    Returns:
        (H, W).
    """
    ink = np.zeros((height, width), dtype=np.uint8)
    for top in np.arange(0.4 * cell, height - cell, 1.6 * cell):
        left = 0.4 * cell
        while left < width - cell:
            _letter(ink, (left, top), cell, rng)
            left += cell * (1.6 if rng.uniform() < 0.2 else 0.85)  # now and then a space
    return ink.astype(np.float32) * np.float32(2 / 255) - 1


def _letter(
    ink: npt.NDArray[np.uint8], corner: tuple[float, float], cell: float, rng: np.random.Generator
) -> None:
    """Draw one letter: two strokes between points of a 3x3 grid."""
    cv2: Any = load_cv2()
    thickness = max(1, round(cell / 5))
    for _ in range(2):
        points = rng.integers(0, 3, (3, 2)) * np.array([0.3, 0.45]) * cell + corner
        cv2.polylines(ink, [(points * 16).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 4)


def _frequency(rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Cycles per pixel of each bin of rfft2; (rows, columns // 2 + 1)."""
    return np.asarray(np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)))


def _standardised(field: npt.NDArray[np.floating]) -> Field2D:
    field = field - field.mean()
    return (field / max(float(field.std()), 1e-12)).astype(np.float32)
