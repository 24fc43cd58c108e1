"""Tiny sequences and trackers for the evaluation: the pixels of a frame say which one it is."""

from __future__ import annotations

import os
import time

import numpy as np
from fake_tracker import FakeTracker, fake_result

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.opencv import load_cv2

HEIGHT, WIDTH = 48, 64


class PixelSequence:
    """Frames without files; all pixels of frame t hold t."""

    def __init__(self, boxes_xywh, visible=None, name="pixels"):
        self.name = name
        self.boxes_xywh = np.asarray(boxes_xywh, dtype=np.float64).reshape(len(boxes_xywh), -1, 4)
        shown = np.ones(self.boxes_xywh.shape[:2]) if visible is None else np.asarray(visible)
        self.visible = shown.reshape(self.boxes_xywh.shape[:2])
        self.decoded = 0

    def __len__(self):
        return len(self.boxes_xywh)

    def __iter__(self):
        for t in range(len(self)):
            self.decoded += 1
            yield np.full((HEIGHT, WIDTH, 3), t, np.uint8)


class ScriptedTracker:
    """Answers frame t with `boxes[t]`; knows t from the pixels."""

    def __init__(self, boxes):
        self.boxes = np.asarray(boxes, dtype=np.float64)
        self.starts = []

    def init(self, frame, boxes_xywh):
        self.starts.append((int(frame[0, 0, 0]), np.asarray(boxes_xywh).tolist()))
        return "state"

    def update(self, state, frame, *, responses=False):
        box = self.boxes[int(frame[0, 0, 0])]
        result = fake_result([0, 0, 1, 1], frame.shape[:2], responses=responses)
        result.boxes_xywh[:] = result.boxes_xywh.new_tensor(box)
        return state, result


class BrokenTracker(FakeTracker):
    """Raises on frames with more than 9 as their pixels, where another colour says so."""

    def update(self, state, frame, *, responses=False):
        if frame[0, 0, 0] > 9 and frame[0, 0, 2] == 1:
            raise ZeroDivisionError("lost the plot")
        return super().update(state, frame, responses=responses)


class DyingTracker(FakeTracker):
    """Takes its whole process down where `BrokenTracker` raises."""

    def update(self, state, frame, *, responses=False):
        if frame[0, 0, 0] > 9 and frame[0, 0, 2] == 1:
            os._exit(3)
        return super().update(state, frame, responses=responses)


class SlowTracker(FakeTracker):
    """Takes 20 ms a frame."""

    def __init__(self):
        super().__init__(seconds=0.02)


class UnbuildableTracker(FakeTracker):
    def __init__(self):
        raise ValueError("no such weights")


def walking_boxes(frames, start=(10, 8, 12, 9)):
    """The path of `FakeTracker`: 2 right and 1 down a frame."""
    return np.asarray(start, dtype=np.float64) + np.arange(frames)[:, None] * [2, 1, 0, 0]


def write_set(folder, lengths, *, marked=(), name="otb"):
    """Sequences on disk whose target walks as `FakeTracker` does; those in `marked` break some."""
    cv2 = load_cv2()
    sequences = []
    for key, frames in lengths.items():
        (folder / key).mkdir(parents=True)
        files = tuple(folder / key / f"{t:04d}.png" for t in range(frames))
        for t, file in enumerate(files):
            image = np.full((HEIGHT, WIDTH, 3), t, np.uint8)
            image[:, :, 2] = int(key in marked)
            cv2.imwrite(str(file), image[:, :, ::-1])
        boxes = walking_boxes(frames)[:, None]
        sequences.append(AnnotatedSequence(key, boxes, np.ones((frames, 1)), files))
    return SequenceSet(name, tuple(sequences))


def write_otb(folder, lengths):
    """The same target in the layout of OTB: JPEG frames, 1-based boxes."""
    cv2 = load_cv2()
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for key, frames in lengths.items():
        (folder / key / "img").mkdir(parents=True)
        rows = walking_boxes(frames, start=(11, 9, 12, 9))  # 1-based
        lines = [",".join(f"{number:g}" for number in row) for row in rows]
        (folder / key / "groundtruth_rect.txt").write_text("\n".join(lines) + "\n")
        for t in range(frames):
            image = np.roll(noise, (t, 2 * t), axis=(0, 1))
            cv2.imwrite(str(folder / key / "img" / f"{t + 1:04d}.jpg"), image)
    return folder


def write_vot(folder, lengths):
    """The same target in the layout of VOT: 0-based boxes of four numbers, `list.txt`."""
    cv2 = load_cv2()
    for key, frames in lengths.items():
        (folder / key / "color").mkdir(parents=True)
        lines = [",".join(f"{number:g}" for number in row) for row in walking_boxes(frames)]
        (folder / key / "groundtruth.txt").write_text("\n".join(lines) + "\n")
        for t in range(frames):
            image = np.full((HEIGHT, WIDTH, 3), t, np.uint8)
            cv2.imwrite(str(folder / key / "color" / f"{t + 1:08d}.jpg"), image)
    (folder / "list.txt").write_text("".join(f"{key}\n" for key in lengths))
    return folder


def wait_until(condition, timeout_s=60.0):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
