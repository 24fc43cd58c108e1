"""From light to the pixels of a video: exposure, colours, resolution, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr.data.synthetic_pairs.hashing import Draws, words_at
from siamcorr.data.synthetic_pairs.jpeg import compressed
from siamcorr.data.synthetic_pairs.parts import VIEWS
from siamcorr.data.synthetic_pairs.settings import SensorSettings

__all__ = ["Sensor", "draw_sensor", "gaussian_at", "recorded"]

Floats = npt.NDArray[np.float64]
_RESOLUTIONS = 6  # steps between the smallest resolution and the full one
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Sensor:
    """The camera of B pairs in both crops.

    Attributes:
        keys: (B, 2) uint64 of the noise.
        scale: (B,) pixels of the video per pixel of the crop, along a side.
        noise: (B,) standard deviation in 0 ... 255.
        quality: (B,) of the compression; 0 for none.
        grey: (B,) whether there are no colours.
        gradient: (B, 2, 2) relative change of light from the middle to the right and lower side.
        gamma: (B, 2) exponent.
        gain: (B, 2, 3) of each colour.
    """

    keys: npt.NDArray[np.uint64]
    scale: Floats
    noise: Floats
    quality: Floats
    grey: npt.NDArray[np.bool_]
    gradient: Floats
    gamma: Floats
    gain: Floats


def draw_sensor(draws: Draws, settings: SensorSettings, gap: Floats) -> Sensor:
    """Draw the cameras of B pairs; light differs between the crops by the gap (B,)."""
    part = settings.change * gap[:, None, None]

    def twice(name: str, count: int) -> Floats:
        own = draws.normal(f"sensor/{name}/own", VIEWS, count)
        return np.asarray(draws.normal(f"sensor/{name}", 1, count) + part * own)

    small = draws.chance("sensor/small", settings.small)
    step = draws.below("sensor/scale", _RESOLUTIONS) + 1
    noisy = draws.chance("sensor/noisy", settings.noise)
    packed = draws.chance("sensor/jpeg", settings.jpeg)
    quality = np.round(draws.uniform("sensor/quality", settings.worst_quality, 96))
    return Sensor(
        keys=draws.keys("sensor/keys", VIEWS),
        scale=np.where(small, settings.smallest ** (step / _RESOLUTIONS), 1.0),
        noise=noisy * draws.uniform("sensor/noise", 0, settings.noise_level),
        quality=np.where(packed, quality, 0.0),
        grey=draws.chance("sensor/grey", settings.grey),
        gradient=np.clip(settings.gradient * twice("gradient", 2) / 2, -0.8, 0.8),
        gamma=np.exp(settings.gamma * twice("gamma", 1)[..., 0]),
        gain=np.exp(settings.cast * twice("cast", 3)),
    )


def recorded(crops: Tensor, sensor: Sensor, view: int) -> Tensor:
    """What the video shows of one crop of each pair.

    Args:
        crops: (B, 3, S, S) RGB in 0 ... 255.
        sensor: of the B pairs.
        view: which crop it is.

    Returns:
        (B, 3, S, S) whole numbers in 0 ... 255.
    """
    lit = _lit(crops, sensor, view)
    size = crops.shape[-1]
    sides = np.maximum(np.round(size * sensor.scale), 8).astype(np.int64)
    for side in np.unique(sides).tolist():
        rows = np.flatnonzero(sides == side)
        chosen = torch.from_numpy(rows).to(crops.device)
        video = lit[chosen]
        if side != size:
            video = F.interpolate(video, (side, side), mode="area")
        video = _read_out(video, sensor, view, rows)
        if side != size:
            video = F.interpolate(video, (size, size), mode="bilinear", align_corners=False)
        lit[chosen] = video
    return lit.round_().clamp_(0, 255)


def gaussian_at(keys: Tensor, counters: Tensor) -> Tensor:
    """Three normal numbers at each counter: (..., 3) float32, each one of 1024 quantiles."""
    levels = (torch.arange(1024, device=keys.device) + 0.5) / 512 - 1
    quantiles = torch.erfinv(levels) * 2**0.5
    words = words_at(keys, counters)
    fields = torch.stack([(words >> shift) & 1023 for shift in (50, 36, 22)], -1)
    return quantiles.take(fields)


def _lit(crops: Tensor, sensor: Sensor, view: int) -> Tensor:
    """Exposure: exponent, gains and a ramp of light; then grey where there are no colours."""
    device, size = crops.device, crops.shape[-1]
    gamma = torch.from_numpy(sensor.gamma[:, view]).float().to(device)[:, None, None, None]
    gain = torch.from_numpy(sensor.gain[:, view]).float().to(device)[..., None, None]
    ramp = torch.from_numpy(sensor.gradient[:, view]).float().to(device)[..., None, None, None]
    axis = (torch.arange(size, device=device) * 2 + 1) / size - 1
    light = 1 + ramp[:, 0] * axis + ramp[:, 1] * axis[:, None]  # (B, 1, S, S)
    bright = (crops.clamp_min(0.5) / 255).log_().mul_(gamma).exp_()
    lit = bright.mul_(255 * gain).mul_(light)
    rows = np.flatnonzero(sensor.grey)
    if len(rows):
        chosen = torch.from_numpy(rows).to(device)
        weights = torch.tensor(_GREY, device=device)[:, None, None]
        lit[chosen] = (lit[chosen] * weights).sum(1, keepdim=True).expand(-1, 3, -1, -1)
    return lit.clamp_(0, 255)


def _read_out(video: Tensor, sensor: Sensor, view: int, rows: npt.NDArray[np.int64]) -> Tensor:
    """Noise, compression and rounding at the video's own resolution; `rows` are those of it."""
    device, side = video.device, video.shape[-1]
    noisy = np.flatnonzero(sensor.noise[rows] > 0)
    if len(noisy):
        chosen = torch.from_numpy(noisy).to(device)
        keys = sensor.keys[rows[noisy], view].view(np.int64)
        strength = torch.from_numpy(sensor.noise[rows[noisy]]).float().to(device)
        pixel = torch.arange(side * side, device=device).view(side, side)
        noise = gaussian_at(torch.from_numpy(keys).to(device).view(-1, 1, 1), pixel)
        grey = torch.from_numpy(sensor.grey[rows[noisy]]).to(device).view(-1, 1, 1, 1)
        noise = torch.where(grey, noise[..., :1], noise).permute(0, 3, 1, 2)
        video[chosen] += noise * strength.view(-1, 1, 1, 1)
    video = video.round_().clamp_(0, 255)
    packed = np.flatnonzero(sensor.quality[rows] > 0)
    if len(packed):
        chosen = torch.from_numpy(packed).to(device)
        quality = torch.from_numpy(sensor.quality[rows[packed]]).float().to(device)
        video[chosen] = compressed(video[chosen], quality).round_().clamp_(0, 255)
    return video
