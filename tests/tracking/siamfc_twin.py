"""An independent SiamFC tracker: one target, NumPy and OpenCV, from the definitions alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
SCALES = 1.0375 ** np.array([-1.0, 0.0, 1.0])


@dataclass
class Margins:
    """How far each decision was from going the other way, relative to the winner."""

    scale: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)


class SiamFCTwin:
    """`embed` maps (B, 3, S, S) RGB float32 to features; boxes are 1-based left, top, w, h."""

    def __init__(self, embed: Callable[[Array], Array], penalty: float = 0.9745) -> None:
        self.embed, self.penalty, self.margins = embed, penalty, Margins()
        hann = np.hanning(272)
        window = np.outer(hann, hann)
        self.window = window / window.sum()

    def init(self, frame: Array, box: Array) -> None:
        left, top, w, h = (float(v) for v in box)
        self.centre = np.array([top - 1 + (h - 1) / 2, left - 1 + (w - 1) / 2], np.float32)
        self.size = np.array([h, w], np.float32)
        c = np.float32(0.5) * (self.size[0] + self.size[1])
        z = np.sqrt((self.size[0] + c) * (self.size[1] + c))
        self.x = np.float64(z * np.float32(255) / np.float32(127))
        self.mean = frame.mean(axis=(0, 1))
        self.template = self.embed(self.crop(frame, z, 127)[None])[0]

    def update(self, frame: Array) -> Array:
        crops = np.stack([self.crop(frame, self.x * s, 255) for s in SCALES])
        maps = [self.upsampled(features) for features in self.embed(crops)]
        maps[0], maps[2] = maps[0] * np.float32(self.penalty), maps[2] * np.float32(self.penalty)
        best = [m.max() for m in maps]
        scale = int(np.argmax(best))
        response = maps[scale].astype(np.float64)
        response = response - response.min()
        response = response / (response.sum() + 1e-16)
        response = (1 - 0.176) * response + 0.176 * self.window
        row, column = np.unravel_index(np.argmax(response), response.shape)
        self.note(best, scale, response)

        shift = (np.array([row, column]) - 135.5) * 8 / 16 * self.x * SCALES[scale] / 255
        self.centre = (self.centre + shift).astype(np.float32)
        f = 0.41 + 0.59 * SCALES[scale]
        self.size = (self.size * f).astype(np.float32)
        self.x = self.x * f
        h, w = (float(v) for v in self.size)
        cy, cx = (float(v) for v in self.centre)
        return np.array([cx + 1 - (w - 1) / 2, cy + 1 - (h - 1) / 2, w, h])

    def crop(self, frame: Array, size: float, out: int) -> Array:
        side = round(float(size))
        corner = np.round(self.centre - np.float32((side - 1) / 2)).astype(int)
        top, left = int(corner[0]), int(corner[1])
        height, width = frame.shape[:2]
        pad = max(0, -top, -left, top + side - height, left + side - width)
        padded = cv2.copyMakeBorder(
            frame, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=self.mean.tolist()
        )
        patch = padded[top + pad : top + pad + side, left + pad : left + pad + side]
        resized = cv2.resize(patch, (out, out), interpolation=cv2.INTER_LINEAR)
        return np.asarray(resized.astype(np.float32).transpose(2, 0, 1))

    def upsampled(self, search: Array) -> Array:
        """Correlation in float64 by a loop over the 17 x 17 cells, times 1e-3, then bicubic."""
        template, x = self.template.astype(np.float64), search.astype(np.float64)
        response = np.empty((17, 17), np.float32)
        for i, j in np.ndindex(17, 17):
            response[i, j] = 1e-3 * (x[:, i : i + 6, j : j + 6] * template).sum()
        return np.asarray(cv2.resize(response, (272, 272), interpolation=cv2.INTER_CUBIC))

    def note(self, best: list[float], scale: int, response: Array) -> None:
        ranked = np.sort(best)
        spread = np.ptp(response)
        top = np.partition(response.ravel(), -2)[-2:]
        self.margins.scale.append(float((ranked[-1] - ranked[-2]) / abs(ranked[-1])))
        self.margins.peak.append(float((top[1] - top[0]) / spread))
        self.margins.chosen.append(scale)
