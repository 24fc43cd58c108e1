"""Colour and blur of batches of pairs, on their device; every pair draws from its own seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siamcorr.data.pairs.augment import AugmentationSettings, CropAugmentation
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.synthetic.layer import generator

__all__ = ["blur_along_axes", "colour_offsets", "photometric"]

FloatArray: TypeAlias = npt.NDArray[np.float64]

_COMPONENTS = np.array(
    [
        [-0.55919361, 0.98062831, -0.41940627],
        [1.72091413, 0.19879334, -1.82968581],
        [4.64467907, 4.73710203, 4.88324118],
    ]
)  # rows R, G, B
_LONGEST = 45
_REACH = _LONGEST // 2
_LONGEST_GAUSSIAN_SIGMAS = 3


class _Draws(NamedTuple):
    """Random numbers of the B crops on one side; as many whatever the settings.

    Attributes:
        jitter: (B, 4) in -1 ... 1, of brightness, contrast, saturation and hue.
        chosen: (B, 4) in 0 ... 1: colour, Gaussian blur, motion blur, and that again.
        amount: (B, 3) in 0 ... 1: sigma, length, weight.
        normal: (B, 4): three colour components, length.
    """

    jitter: FloatArray
    chosen: FloatArray
    amount: FloatArray
    normal: FloatArray


def photometric(batch: PairBatch, settings: AugmentationSettings) -> PairBatch:
    """Change the colours of pairs and blur them; boxes and masks stay.

    In this order: grey, brightness, contrast, saturation, hue, colour offset, Gaussian blur,
    motion blur.

    Args:
        batch: on any device.
        settings: what happens how often; shift, scale and flip belong to the crop window and are
            no business of this function.

    Returns:
        The batch with new images, float32. They are not clipped: a colour offset may leave
        0 ... 255 by a few levels.

    Convention:
        A pair depends on its number in `seeds` alone, never on its batch. torchvision draws one
        factor or sigma for a whole batch, so jitter and Gaussian blur go through its functions
        pair by pair; all else runs on the batch.

    Source:
        Grey, colour offset and motion blur: PySOT's `datasets/augmentation.py`.
    """
    if not settings.changes_colours:
        return batch._replace(template=batch.template.float(), search=batch.search.float())
    rngs = [generator(seed, "photometric") for seed in batch.seeds.tolist()]
    grey = np.array([rng.random() for rng in rngs]) < settings.grey
    sides = [_draws(rngs) for _ in range(2)]
    return batch._replace(
        template=_changed(batch.template, grey, sides[0], settings.template),
        search=_changed(batch.search, grey, sides[1], settings.search),
    )


def colour_offsets(normal: FloatArray) -> FloatArray:
    """Offsets (B, 3) of red, green and blue from three normal numbers each, (B, 3)."""
    offsets: FloatArray = -(normal[:, None] * _COMPONENTS).sum(-1)  # no BLAS: alike in any batch
    return offsets


def blur_along_axes(images: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    """Mean over a column times a weight plus mean over a row times the rest.

    Args:
        images: (B, C, H, W) float.
        lengths: (B,) odd, 1 ... 45 pixels.
        weights: (B,) in 0 ... 1.

    Returns:
        (B, C, H, W); beyond the border the image is reflected about its outermost pixels, as by
        OpenCV's filters.

    Source:
        PySOT's kernel for motion blur: a square of zeros with `w / size` added along its middle
        column and `(1 - w) / size` along its middle row. Two running sums instead of 45 x 45 taps.
    """
    weights = weights[:, None, None, None]
    down = _row_means(images.mT, lengths).mT
    return weights * down + (1 - weights) * _row_means(images, lengths)


def _row_means(images: Tensor, lengths: Tensor) -> Tensor:
    """Running means along the last axis, (B, C, H, W)."""
    width = images.shape[-1]
    columns = torch.arange(-_REACH, width + _REACH, device=images.device)
    period = max(2 * (width - 1), 1)
    folded = columns.remainder(period)
    padded = images[..., torch.minimum(folded, period - folded)]  # (B, C, H, W + 44)
    # Always padded by the longest reach, so that sums round alike in every batch.
    sums = torch.nn.functional.pad(padded.cumsum(-1), (1, 0))
    reach = (lengths // 2)[:, None]
    first = torch.arange(width, device=images.device)[None] + _REACH - reach  # (B, W)
    last = first + lengths[:, None]
    low, high = (
        sums.gather(-1, at[:, None, None].expand(*images.shape[:3], width)) for at in (first, last)
    )
    return (high - low) / lengths[:, None, None, None]


def _draws(rngs: list[np.random.Generator]) -> _Draws:
    uniform = np.array([rng.random(11) for rng in rngs]).reshape(-1, 11)
    normal = np.array([rng.standard_normal(4) for rng in rngs]).reshape(-1, 4)
    return _Draws(2 * uniform[:, :4] - 1, uniform[:, 4:8], uniform[:, 8:], normal)


def _changed(
    images: Tensor, grey: npt.NDArray[np.bool_], draws: _Draws, settings: CropAugmentation
) -> Tensor:
    """One side of the pairs after all steps."""
    from torchvision.transforms.v2 import functional as tv

    images = images.to(torch.float32, copy=True)  # (B, 3, S, S)
    _change(images, grey, lambda some, _: tv.rgb_to_grayscale(some, num_output_channels=3))
    if settings.jitters:
        for image, jitter in zip(images, draws.jitter.tolist(), strict=True):
            image.copy_(_jittered(image, jitter, settings))
    coloured, gaussian, motion, again = (draws.chosen[:, i] for i in range(4))
    offsets = torch.from_numpy(colour_offsets(draws.normal[:, :3])).to(images)[..., None, None]
    _change(images, coloured < settings.colour, lambda some, rows: some + offsets[rows])
    low, high = settings.gaussian_sigma
    for i in np.flatnonzero(gaussian < settings.gaussian_blur):
        sigma = low + (high - low) * float(draws.amount[i, 0])
        size = 2 * int(np.ceil(_LONGEST_GAUSSIAN_SIGMAS * sigma)) + 1
        images[i] = tv.gaussian_blur(images[i], [size, size], [sigma, sigma])
    blurred = motion < settings.motion_blur
    if settings.motion_blur_sizes == "normal":
        halves = np.minimum(np.round(draws.normal[:, 3]), _REACH)
        blurred &= (halves >= 0) & (again < 0.5)
    else:
        halves = 2 + np.floor(draws.amount[:, 1] * (_REACH - 1))
    lengths = torch.from_numpy(2 * halves + 1).to(images.device, torch.int64)
    weights = torch.from_numpy(draws.amount[:, 2]).to(images)
    _change(images, blurred, lambda some, i: blur_along_axes(some, lengths[i], weights[i]))
    return images


def _change(
    images: Tensor, chosen: npt.NDArray[np.bool_], change: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Put the chosen images through a function, in place."""
    if chosen.any():
        rows = torch.from_numpy(np.flatnonzero(chosen)).to(images.device)
        images[rows] = change(images[rows], rows)


def _jittered(image: Tensor, jitter: list[float], settings: CropAugmentation) -> Tensor:
    """Brightness, contrast, saturation and hue of one image (3, S, S) in 0 ... 255."""
    from torchvision.transforms.v2 import functional as tv

    brightness, contrast, saturation, hue = jitter
    image = image / 255
    image = tv.adjust_brightness(image, 1 + settings.brightness * brightness)
    image = tv.adjust_contrast(image, 1 + settings.contrast * contrast)
    image = tv.adjust_saturation(image, 1 + settings.saturation * saturation)
    hued: Tensor = tv.adjust_hue(image, settings.hue * hue)
    return hued * 255
