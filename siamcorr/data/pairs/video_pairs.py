"""Pairs cut from annotated video, drawn and augmented by the seed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.data.pairs.augment import AugmentationSettings, CropAugmentation
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.cropped_511 import CroppedVideo
from siamcorr.data.pairs.crops import CropWindow, box_in_crop, cut_frame, cut_mask, random_window
from siamcorr.data.pairs.photometric import photometric
from siamcorr.data.pairs.sampling import FrameDraw, FrameRule, PairSampler
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.pairs.target_filter import EVERY_TARGET, TargetFilter
from siamcorr.data.pairs.tracks import TrackTable, WeightedSet
from siamcorr.data.sequences import AnnotatedSequence
from siamcorr.data.synthetic.layer import generator
from siamcorr.errors import InvalidArgument, SiamcorrError, SourceError
from siamcorr.types import FrameArray

__all__ = ["VideoPairs"]

_NO_AUGMENTATION = AugmentationSettings()
_Mask: TypeAlias = npt.NDArray[np.bool_]


class _Crop(NamedTuple):
    """One side of a pair."""

    image: FrameArray
    box_xywh: npt.NDArray[np.float64]
    window: CropWindow


class VideoPairs:
    """A source of pairs that reads frames and cuts both crops from them; a `StagedPairs`.

    Args:
        sets: what to draw from, and how much of each.
        shape: sizes of the crops.
        pairs: an epoch.
        seed: of all draws; >= 0.
        negative_share: probability that the search crop shows another target.
        hard_negative_share: share of the negative pairs whose search shows another target of the
            same class, where one is known.
        augmentation: none by default.
        rule: how the two frames of a positive pair are drawn: `window` (PySOT) or `earlier_first`
            (SiamFC).
        targets: which targets count in which frames; by default all that are visible.

    Convention:
        - `masks` is None if no video has masks. Else `has_mask` is True for positive pairs whose
          search frame has a mask of the target.
        - A frame is read whole and every crop is one warp from it; nothing is prepared on disk.

    Raises:
        InvalidArgument: sets, shares or counts that cannot give pairs; says why.

    Example:
        >>> from siamcorr.data.sequences import load_dataset
        >>> otb = load_dataset("otb", "datasets/OTB100")  # doctest: +SKIP
        >>> source = VideoPairs(
        ...     [WeightedSet("otb", otb.sequences)], PairShape(), pairs=1000, seed=0
        ... )  # doctest: +SKIP
        >>> source.batch(0, [3, 4], torch.device("cpu")).search.shape  # doctest: +SKIP
        torch.Size([2, 3, 255, 255])
    """

    def __init__(
        self,
        sets: Sequence[WeightedSet],
        shape: PairShape,
        *,
        pairs: int,
        seed: int,
        negative_share: float = 0.0,
        hard_negative_share: float = 0.0,
        augmentation: AugmentationSettings = _NO_AUGMENTATION,
        rule: FrameRule = "window",
        targets: TargetFilter = EVERY_TARGET,
    ) -> None:
        _check_frames(sets)
        table = TrackTable(sets, targets)
        self.sampler = PairSampler(table, pairs, seed, negative_share, hard_negative_share, rule)
        self.shape = shape
        self.augmentation = augmentation
        self.has_masks = any(video.has_masks for videos in table.videos for video, _ in videos)

    def __len__(self) -> int:
        return self.sampler.pairs

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        """The pairs with these numbers; see `PairSource`.

        Raises:
            InvalidArgument: a number that is not in 0 ... len - 1, or no number.
            SourceError: a frame cannot be read; names set, video and frame.
        """
        return self.finish(self.cut(epoch, indices), device)

    def cut(self, epoch: int, indices: Sequence[int]) -> PairBatch:
        """Read and crop, on CPU; the images stay uint8, as they travel best."""
        if not indices or min(indices) < 0 or max(indices) >= len(self) or epoch < 0:
            raise InvalidArgument(
                f"VideoPairs: epoch must be >= 0 and indices in 0 ... {len(self) - 1}, got epoch "
                f"{epoch} and {[*indices]!r:.80}"
            )
        return _stacked([self._pair(epoch, index) for index in indices])

    def finish(self, cut: PairBatch, device: torch.device) -> PairBatch:
        """Bring what `cut` returned to a device and change its colours there."""
        return photometric(cut.to(device), self.augmentation)

    def _pair(self, epoch: int, index: int) -> PairBatch:
        """One pair as a batch without its first axis."""
        draw = self.sampler.draw(epoch, index)
        rng = generator(self.sampler.seed, "augmentation", epoch, index)
        settings, shape = self.augmentation, self.shape
        mirrored = bool(rng.random() < settings.flip)
        seed = int(rng.integers(2**63))
        frame = self._read(draw.template)
        template = self._crop(
            draw.template, frame, settings.template, shape.template_size, rng, mirrored
        )
        if draw.search != draw.template:
            frame = self._read(draw.search)
        search = self._crop(draw.search, frame, settings.search, shape.search_size, rng, mirrored)
        mask = self._mask(draw.search, search.window) if draw.positive else None
        empty = np.zeros((shape.search_size,) * 2, np.bool_)
        return PairBatch(
            template=_as_image(template.image),
            search=_as_image(search.image),
            template_boxes_xywh=torch.from_numpy(template.box_xywh).float(),
            boxes_xywh=torch.from_numpy(search.box_xywh).float(),
            positive=torch.tensor(draw.positive),
            seeds=torch.tensor(seed),
            masks=torch.from_numpy(empty if mask is None else mask) if self.has_masks else None,
            has_mask=torch.tensor(mask is not None) if self.has_masks else None,
        )

    def _crop(
        self,
        draw: FrameDraw,
        frame: FrameArray,
        settings: CropAugmentation,
        size: int,
        rng: np.random.Generator,
        mirrored: bool,
    ) -> _Crop:
        """Draw the window round a target and cut it."""
        table = self.sampler.table
        target = table.track(draw.key).target
        box = table.video(draw.key).video.boxes_xywh[draw.frame, target]
        window = random_window(box, size, self.shape, settings, rng, mirrored=mirrored)
        kinds = self.augmentation.interpolation
        kind = kinds[int(rng.random() * len(kinds))]
        image = cut_frame(frame, window, size, self.augmentation.border, kind)
        return _Crop(image, box_in_crop(box, window, size), window)

    def _read(self, draw: FrameDraw) -> FrameArray:
        """Decode a frame, or the stored crop of the target in it."""
        table = self.sampler.table
        video, target = table.video(draw.key).video, table.track(draw.key).target
        with self._naming(draw):
            if isinstance(video, CroppedVideo):
                return video.crop(draw.frame, target)
            return video.frame(draw.frame)

    def _mask(self, draw: FrameDraw, window: CropWindow) -> _Mask | None:
        """The target's pixels in the crop, where the data set has masks."""
        table = self.sampler.table
        video, target = table.video(draw.key).video, table.track(draw.key).target
        if isinstance(video, CroppedVideo) or not video.has_masks:
            return None
        with self._naming(draw):
            mask = video.mask(draw.frame, target)
        return cut_mask(mask, window, self.shape.search_size)

    @contextlib.contextmanager
    def _naming(self, draw: FrameDraw) -> Iterator[None]:
        """Tell which frame of which set could not be read."""
        try:
            yield
        except SiamcorrError as error:
            table = self.sampler.table
            raise SourceError(
                f"VideoPairs: set {table.sets[draw.key.set_index].name!r}, video "
                f"{table.video(draw.key).video.name!r}, frame {draw.frame}: {error}"
            ) from error


def _check_frames(sets: Sequence[WeightedSet]) -> None:
    """Refuse videos whose frames are not there, or not to be had in any order."""
    for each in sets:
        for video in each.videos:
            if not isinstance(video, AnnotatedSequence) or video.frame_files is not None:
                continue
            where = f"VideoPairs: set {each.name!r}, video {video.name!r}"
            if video.video is None:
                raise InvalidArgument(f"{where}: only its annotations are at hand, but no frames")
            raise InvalidArgument(
                f"{where}: its frames are in '{video.video}', where every pair would decode all "
                "frames before its own\n  cure: make images once, siamcorr data extract ROOT "
                "--format NAME --out FOLDER, and train on FOLDER in format boxes_csv"
            )


def _as_image(crop: FrameArray) -> Tensor:
    return torch.from_numpy(crop).permute(2, 0, 1)  # (3, S, S)


def _stacked(pairs: list[PairBatch]) -> PairBatch:
    stacked: dict[str, Any] = {
        name: None if column[0] is None else torch.stack(column)
        for name, column in zip(PairBatch._fields, zip(*pairs, strict=True), strict=True)
    }
    return PairBatch(**stacked)
