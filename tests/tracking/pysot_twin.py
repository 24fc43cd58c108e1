"""An independent tracker of the SiamRPN family: one target, NumPy and OpenCV, from sentences alone.

`Network` is what both trackers share; everything else is written a second time here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
ANCHORS = [(104, 32), (88, 40), (64, 64), (40, 80), (32, 96)]


@dataclass
class Network:
    """`embed`: template crop (3, 127, 127) to anything; `answer`: that and a search crop to maps.

    Crops are BGR, 0 ... 255, float32; the maps are cls (2K, S, S) and loc (4K, S, S).
    """

    embed: Callable[[Array], Any]
    answer: Callable[[Any, Array], tuple[Array, Array]]


@dataclass
class Constants:
    penalty_k: float
    window_influence: float
    lr: float
    stride: int
    anchors: bool
    instance: int = 255


@dataclass
class Choice:
    """The candidate that one frame settled for, and by how much it won."""

    best: int
    cells: int
    score: float
    margin: float
    cx: float
    cy: float
    w: float
    h: float
    side: float


@dataclass
class PysotTwin:
    network: Network
    constants: Constants
    margins: list[float] = field(default_factory=list)

    def init(self, frame: Array, box: Array) -> None:
        x, y, w, h = (float(v) for v in box)
        self.cx, self.cy, self.w, self.h = x + w / 2, y + h / 2, w, h
        self.border = [int(v) for v in frame.mean(axis=(0, 1))]
        side = round(math.sqrt(self.area(w, h)))
        self.template = self.network.embed(self.crop(frame, side, 127))

    @staticmethod
    def area(w: Any, h: Any) -> Any:
        q = (w + h) / 2
        return (w + q) * (h + q)

    def crop(self, frame: Array, side: int, size: int) -> Array:
        """The whole frame is padded with plenty, then sliced."""
        x0 = math.floor(self.cx - (side + 1) / 2 + 0.5)
        y0 = math.floor(self.cy - (side + 1) / 2 + 0.5)
        height, width = frame.shape[:2]
        pad = max(0, -x0, -y0, x0 + side - width, y0 + side - height)
        canvas = np.empty((height + 2 * pad, width + 2 * pad, 3), np.uint8)
        canvas[:] = self.border
        canvas[pad : pad + height, pad : pad + width] = frame
        patch = canvas[y0 + pad : y0 + pad + side, x0 + pad : x0 + pad + side]
        if side != size:
            patch = cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(patch[:, :, ::-1].transpose(2, 0, 1)).astype(np.float32)

    def candidates(self, loc: Array) -> Array:
        """(M, 4) centre x, centre y, w, h in crop pixels about its centre, by loops."""
        cells, stride = loc.shape[-1], self.constants.stride
        kinds = ANCHORS if self.constants.anchors else [None]
        found = []
        for k, anchor in enumerate(kinds):
            for row in range(cells):
                for column in range(cells):
                    px, py = ((i - cells // 2) * stride for i in (column, row))
                    d = [loc[c * len(kinds) + k, row, column] for c in range(4)]
                    if anchor is None:
                        x1, y1, x2, y2 = px - d[0], py - d[1], px + d[2], py + d[3]
                        found.append(((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1))
                    else:
                        w, h = anchor
                        centre = (d[0] * w + px, d[1] * h + py)
                        found.append((*centre, np.exp(d[2]) * w, np.exp(d[3]) * h))
        return np.array(found, np.float64)

    def choose(self, frame: Array, instance: int, influence: float) -> Choice:
        """Everything of one frame up to the new centre and size, which are not stored."""
        c = self.constants
        s_z = math.sqrt(self.area(self.w, self.h))
        scale = 127 / s_z
        side = round(s_z * (instance / 127))
        cls, loc = self.network.answer(self.template, self.crop(frame, side, instance))
        cells = cls.shape[-1]
        logits = cls.astype(np.float64).reshape(2, -1)
        score = 1 / (1 + np.exp(logits[0] - logits[1]))
        boxes = self.candidates(loc)
        size_change = np.sqrt(self.area(boxes[:, 2], boxes[:, 3])) / math.sqrt(
            self.area(self.w * scale, self.h * scale)
        )
        ratio_change = (self.w / self.h) / (boxes[:, 2] / boxes[:, 3])
        worse = np.maximum(size_change, 1 / size_change) * np.maximum(
            ratio_change, 1 / ratio_change
        )
        penalised = np.exp(-(worse - 1) * c.penalty_k) * score
        hann = np.hanning(cells)
        window = np.tile(np.outer(hann, hann).ravel(), len(score) // cells**2)
        mixed = penalised * (1 - influence) + window * influence
        best = int(np.argmax(mixed))
        second = np.partition(mixed, -2)[-2]
        x, y, w, h = boxes[best] / scale
        lr = penalised[best] * c.lr
        return Choice(
            best,
            cells,
            float(score[best]),
            float(mixed[best] - second),
            self.cx + x,
            self.cy + y,
            self.w * (1 - lr) + w * lr,
            self.h * (1 - lr) + h * lr,
            side,
        )

    def store(self, choice: Choice) -> None:
        self.cx, self.cy, self.w, self.h = choice.cx, choice.cy, choice.w, choice.h

    def clipped(self, frame: Array) -> tuple[float, float, float, float]:
        height, width = frame.shape[:2]
        return (
            max(0.0, min(self.cx, width)),
            max(0.0, min(self.cy, height)),
            max(10.0, min(self.w, width)),
            max(10.0, min(self.h, height)),
        )

    @staticmethod
    def ltwh(box: tuple[float, float, float, float]) -> list[float]:
        cx, cy, w, h = box
        return [cx - w / 2, cy - h / 2, w, h]

    def update(self, frame: Array) -> tuple[list[float], float]:
        choice = self.choose(frame, self.constants.instance, self.constants.window_influence)
        self.margins.append(choice.margin)
        self.store(choice)
        self.cx, self.cy, self.w, self.h = self.clipped(frame)
        return self.ltwh((self.cx, self.cy, self.w, self.h)), choice.score
