"""Training pairs rendered in batches on the device, without any file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs.backdrop import paint_backdrop
from siamcorr.data.synthetic_pairs.hashing import Draws, Keys, pair_seeds
from siamcorr.data.synthetic_pairs.optics import blur_crops, draw_optics
from siamcorr.data.synthetic_pairs.paint import Canvas, paint_parts
from siamcorr.data.synthetic_pairs.scene import draw_scenes
from siamcorr.data.synthetic_pairs.sensor import draw_sensor, recorded
from siamcorr.data.synthetic_pairs.settings import SyntheticPairSettings
from siamcorr.data.synthetic_pairs.textures import paint_textures
from siamcorr.errors import InvalidArgument

__all__ = ["SyntheticPairs"]

_TILE = 64  # pixels of the side of a texture
_CHUNK_ON_CPU, _CHUNK_ON_GPU = 32, 512  # pairs that are rendered at once


class SyntheticPairs:
    """A source of rendered pairs.

    Args:
        settings: the ingredients.
        shape: the crops.
        pairs: number of pairs of an epoch, >= 1.
        seed: of everything random, 0 ... 2^63 - 1.

    Convention:
        A pair is a function of seed, epoch and its number, whatever its batch; on another device
        it is the same up to the rounding of float32, of which single pixels after compression can
        differ visibly. The box is the tight box of the whole silhouette of the target, hidden or
        not, and may reach outside of the crop; the mask holds the pixels of which the target
        covers more than half, nearer things taken off.

    Example:
        >>> import torch
        >>> from siamcorr.data.pairs.shape import PairShape
        >>> from siamcorr.data.synthetic_pairs import SyntheticPairs, SyntheticPairSettings
        >>> source = SyntheticPairs(SyntheticPairSettings(), PairShape(), pairs=1000, seed=1)
        >>> batch = source.batch(0, [3, 14], torch.device("cpu"))
        >>> batch.template.shape, batch.search.shape
        (torch.Size([2, 3, 127, 127]), torch.Size([2, 3, 255, 255]))
    """

    def __init__(
        self, settings: SyntheticPairSettings, shape: PairShape, *, pairs: int, seed: int
    ) -> None:
        if pairs < 1 or not 0 <= seed < 1 << 63:
            raise InvalidArgument(
                "SyntheticPairs: pairs must be at least 1 and seed in 0 ... 2**63 - 1, "
                f"got pairs = {pairs} and seed = {seed}"
            )
        self._settings, self._shape = settings, shape
        self._pairs, self._seed = pairs, seed

    def __len__(self) -> int:
        return self._pairs

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        """Render the pairs with these numbers.

        Args:
            epoch: 0, 1, ...
            indices: numbers in 0 ... len - 1, at least one.
            device: where to render.

        Raises:
            InvalidArgument: a negative epoch, no number, or a number out of range.
        """
        if epoch < 0 or not indices or not 0 <= min(indices) <= max(indices) < self._pairs:
            raise InvalidArgument(
                f"SyntheticPairs.batch: epoch must be at least 0 and indices, at least one, in "
                f"0 ... {self._pairs - 1}, got epoch = {epoch} and indices = {list(indices)}"
            )
        seeds = pair_seeds(self._seed, epoch, indices)
        chunk = _CHUNK_ON_CPU if device.type == "cpu" else _CHUNK_ON_GPU
        starts = range(0, len(seeds), chunk)
        rendered = [self._render(seeds[start : start + chunk], device) for start in starts]
        return PairBatch(*(torch.cat(each) for each in zip(*rendered, strict=True)))

    @torch.no_grad()
    def _render(self, seeds: Keys, device: torch.device) -> tuple[torch.Tensor, ...]:
        """The fields of a `PairBatch`."""
        settings, sizes = self._settings, (self._shape.template_size, self._shape.search_size)
        draws = Draws(seeds)
        scene = draw_scenes(draws, settings, self._shape)
        optics = draw_optics(draws, settings.optics)
        sensor = draw_sensor(draws, settings.sensor, scene.gap)
        tiles = paint_textures(scene.textures, _TILE, device)
        tiles = tiles.view(len(seeds), -1, *tiles.shape[1:])
        canvas = Canvas.of(paint_backdrop(scene.backdrop, tiles, sizes))
        paint_parts(canvas, scene.parts, tiles)
        crops = canvas.crops()
        masks = crops[1][:, 3] > 0.5
        template, search = (
            recorded(blur_crops(crop, optics, view)[:, :3], sensor, view)
            for view, crop in enumerate(crops)
        )
        boxes = torch.from_numpy(scene.boxes.astype(np.float32)).to(device)
        positive = torch.from_numpy(scene.positive).to(device)
        numbers = torch.from_numpy(seeds.view(np.int64)).to(device)
        known = torch.ones_like(positive)
        return template, search, boxes[:, 0], boxes[:, 1], positive, numbers, masks, known
