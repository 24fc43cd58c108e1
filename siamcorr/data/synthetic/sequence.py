"""Synthetic clips as sequences: frames on request, with exact boxes, masks and visibility."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siamcorr.config import load_config
from siamcorr.data.synthetic.composite import overlap
from siamcorr.data.synthetic.curves import FloatArray
from siamcorr.data.synthetic.layer import Layer
from siamcorr.data.synthetic.recipe import Recipe
from siamcorr.data.synthetic.render import Renderer
from siamcorr.errors import InvalidArgument
from siamcorr.types import FrameArray

__all__ = ["SyntheticSample", "SyntheticSequence", "load_synthetic", "render_video"]

Masks = npt.NDArray[np.bool_]


class SyntheticSample(NamedTuple):
    """One frame with its ground truth.

    Attributes:
        image: RGB uint8, (H, W, 3).
        boxes_xywh: (N, 4).
        visible: (N,).
        masks: (N, H, W), the pixels where each target is seen.
    """

    image: FrameArray
    boxes_xywh: FloatArray
    visible: FloatArray
    masks: Masks


class _Truth(NamedTuple):
    """What the silhouettes of one frame say; `owner` (H, W) holds the front layer or -1."""

    boxes_xywh: FloatArray
    visible: FloatArray
    owner: npt.NDArray[np.int16]


class SyntheticSequence:
    """A rendered clip with exact ground truth, a `siamcorr.types.Sequence`.

    Nothing is stored between frames: the same recipe and seed give the same bytes, whatever frames
    are asked for and in whatever order.

    Args:
        recipe: what to render.

    Attributes:
        recipe: what is rendered.
        name: of the recipe.
        fps: frames per second.
        target_names: of the N targets, in drawing order.

    Convention:
        - A pixel belongs to a silhouette where its opacity is at least one half; the silhouette is
          sharp and taken in the middle of the exposure, whatever the blur.
        - A box is the extent of the whole silhouette, hidden or outside the frame or not: pixel
          columns 3 ... 7 give x = 3 and w = 5.
        - Visibility is the share of the whole silhouette's pixels that are inside the frame and
          behind no other object. Shadows hide nothing.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.name = recipe.name
        self.fps = recipe.fps
        self.target_names = tuple(item.name for item in recipe.objects if item.target)
        self._renderer = Renderer(recipe)

    def __len__(self) -> int:
        return self.recipe.frames

    def __iter__(self) -> Iterator[FrameArray]:
        for t in range(len(self)):
            yield self._renderer.frame(t)

    @property
    def frame_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.recipe.height, self.recipe.width

    @cached_property
    def boxes_xywh(self) -> FloatArray:
        """(T, N, 4) extents of the whole silhouettes."""
        return np.stack([truth.boxes_xywh for truth in self._truths])

    @cached_property
    def visible(self) -> FloatArray:
        """(T, N) visible share of each target."""
        return np.stack([truth.visible for truth in self._truths])

    def frame(self, t: int) -> FrameArray:
        """Frame number `t`, RGB uint8 (H, W, 3).

        Raises:
            InvalidArgument: `t` is not in 0 ... T - 1.
        """
        return self._renderer.frame(self._checked(t))

    def masks(self, t: int, *, amodal: bool = False) -> Masks:
        """Masks of the targets in frame `t`.

        Args:
            t: frame number.
            amodal: whole silhouettes instead of their visible pixels.

        Returns:
            (N, H, W) bool.
        """
        t = self._checked(t)
        if not amodal:
            return self._owned(self._truth(t).owner)
        masks = np.zeros((len(self.target_names), *self.frame_size), dtype=np.bool_)
        for mask, layer in zip(masks, self._targets(), strict=True):
            silhouette, left, top = layer.silhouette(t)
            where = overlap(mask.shape, silhouette.shape, left, top)
            if where is not None:
                mask[where[0]] = silhouette[where[1]]
        return masks

    def sample(self, t: int) -> SyntheticSample:
        """Frame and ground truth of frame `t` alone; costs one frame, unlike `boxes_xywh`."""
        truth = self._truth(self._checked(t))
        image = self._renderer.frame(t)
        return SyntheticSample(image, truth.boxes_xywh, truth.visible, self._owned(truth.owner))

    @cached_property
    def _truths(self) -> list[_Truth]:
        empty = np.empty((0, 0), dtype=np.int16)
        return [self._truth(t)._replace(owner=empty) for t in range(len(self))]

    def _truth(self, t: int) -> _Truth:
        owner = np.full(self.frame_size, -1, dtype=np.int16)
        boxes, areas, windows = [], [], []
        for index, layer in enumerate(self._renderer.layers):
            silhouette, left, top = layer.silhouette(t)
            where = overlap(owner.shape, silhouette.shape, left, top)
            if where is not None:
                owner[where[0]][silhouette[where[1]]] = index
            if layer.target:
                boxes.append(_extent(silhouette, left, top))
                areas.append(np.count_nonzero(silhouette))
                windows.append((index, (slice(0), slice(0)) if where is None else where[0]))
        seen = [np.count_nonzero(owner[window] == index) for index, window in windows]
        return _Truth(np.array(boxes, dtype=np.float64), np.array(seen) / areas, owner)

    def _owned(self, owner: npt.NDArray[np.int16]) -> Masks:
        layers = self._renderer.layers
        return np.stack([owner == i for i, layer in enumerate(layers) if layer.target])

    def _targets(self) -> list[Layer]:
        return [layer for layer in self._renderer.layers if layer.target]

    def _checked(self, t: int) -> int:
        if not 0 <= t < len(self):
            raise InvalidArgument(f"{self.name}: frame {t} is not in 0 ... {len(self) - 1}")
        return t


def load_synthetic(
    name_or_path: str | os.PathLike[str] = "demo", *, seed: int | None = None
) -> SyntheticSequence:
    """Render a clip from a recipe.

    Args:
        name_or_path: name of a shipped recipe (`configs/synthetic`), or path of a YAML file.
        seed: other textures and noise, same motions; None keeps the seed of the recipe.

    Returns:
        The clip; frames are rendered when they are asked for.

    Raises:
        UnknownName: neither a shipped recipe nor a file.
        ConfigError: the recipe is malformed.
        InvalidArgument: the seed is negative or not below 2 ** 63.

    Example:
        >>> clip = load_synthetic("demo")
        >>> len(clip), clip.frame(0).shape, clip.boxes_xywh.shape
        (300, (360, 640, 3), (300, 5, 4))
    """
    recipe = load_config("synthetic", os.fspath(name_or_path), Recipe)
    if seed is None:
        return SyntheticSequence(recipe)
    if not 0 <= seed < 2**63:
        raise InvalidArgument(f"load_synthetic: seed must be in 0 ... 2**63 - 1, got {seed}")
    return SyntheticSequence(recipe.model_copy(update={"seed": seed}))


def render_video(
    sequence: SyntheticSequence, path: str | os.PathLike[str], *, crf: int = 20
) -> None:
    """Write a clip as H.264 video.

    Args:
        sequence: the clip.
        path: of the video to write.
        crf: constant rate factor, 0 (lossless) ... 51; smaller is better and larger in bytes.
    """
    from siamcorr.data.video import VideoWriter

    with VideoWriter(path, sequence.fps, crf=crf) as writer:
        for frame in sequence:
            writer.write(frame)


def _extent(silhouette: Masks, left: int, top: int) -> tuple[int, int, int, int]:
    """Box (x, y, w, h) around the pixels of a silhouette."""
    columns, rows = np.flatnonzero(silhouette.any(0)), np.flatnonzero(silhouette.any(1))
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    return left + columns[0], top + rows[0], width, height
