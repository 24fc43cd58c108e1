"""Hashes, textures, blur and noise of rendered pairs against numpy and hand-worked moments."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr.data.synthetic_pairs.colours import ON_GROUND, ON_OBJECTS, draw_palette, draw_textures
from siamcorr.data.synthetic_pairs.hashing import (
    Draws,
    hash_keys,
    pair_seeds,
    uniform_at,
    words_at,
)
from siamcorr.data.synthetic_pairs.optics import defocused, smeared
from siamcorr.data.synthetic_pairs.sensor import gaussian_at
from siamcorr.data.synthetic_pairs.textures import PATTERNS, paint_textures, shaped_noise

CPU = torch.device("cpu")
MASK = (1 << 64) - 1
NONE = torch.zeros(0, dtype=torch.int64)


def splitmix(word: int) -> int:
    """The finaliser of SplitMix64 in Python's own whole numbers."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def test_hashes_of_numpy_and_torch_equal_whole_numbers() -> None:
    keys = [0, 1, 12345678901234567, (1 << 63) + 17, MASK]
    wanted = [splitmix(key) for key in keys]
    assert hash_keys(np.array(keys, dtype=np.uint64)).tolist() == wanted
    signed = torch.from_numpy(np.array(keys, dtype=np.uint64).view(np.int64))
    for counter in (0, 1, 7, 1 << 40):
        step = 0x9E3779B97F4A7C15
        wanted = [splitmix((key + step * counter) & MASK) for key in keys]
        assert [word & MASK for word in words_at(signed, torch.tensor(counter)).tolist()] == wanted
        uniform = uniform_at(signed, torch.tensor(counter)).tolist()
        assert uniform == [(word >> 40) / 2**24 for word in wanted]


def test_draws_are_uniform_normal_and_independent() -> None:
    draws = Draws(pair_seeds(1, 2, range(4000)))
    share = draws.uniform("a", -1, 3, 2)
    assert share.min() >= -1
    assert share.max() < 3
    np.testing.assert_allclose(share.mean(), 1, atol=0.06)
    np.testing.assert_allclose(share.std(), 4 / np.sqrt(12), atol=0.03)
    normal = draws.normal("b", 3)
    np.testing.assert_allclose(normal.std(0), 1, atol=0.05)
    np.testing.assert_allclose(normal.mean(0), 0, atol=0.06)
    columns = np.concatenate((share, normal, draws.uniform("c", 0, 1, 2)), 1)
    np.testing.assert_allclose(np.corrcoef(columns.T), np.eye(7), atol=0.07)
    counts = np.bincount(draws.below("d", 5), minlength=5)
    assert len(counts) == 5
    assert counts.min() > 700


@pytest.mark.parametrize("exponent", [0.0, 1.2, 2.0, 3.2])
def test_power_of_the_noise_falls_as_asked(exponent: float) -> None:
    n, size = 48, 64
    keys = torch.arange(n) * 7919 + 3
    constant = torch.ones(n)
    shape = torch.stack((exponent * constant, 0 * constant, constant))
    fields = shaped_noise(keys, shape, constant, NONE, size)
    power = np.abs(np.fft.fft2(fields.numpy())) ** 2  # (N, 2, S, S)
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size, 1 / size), np.fft.fftfreq(size, 1 / size)))
    rings = np.arange(2, 31)
    means = [power[..., np.abs(f - ring) < 0.5].mean() for ring in rings]
    slope = np.polyfit(np.log(rings), np.log(means), 1)[0]
    assert abs(slope + exponent) < 0.1
    np.testing.assert_allclose(fields.mean((2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(fields.square().mean(), 1, atol=0.15)
    first, second = fields[:, 0].flatten().numpy(), fields[:, 1].flatten().numpy()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_banded_and_stretched_noise() -> None:
    n, size = 24, 64
    keys, constant = torch.arange(n), torch.ones(n)
    shape = torch.stack((constant, 0 * constant, constant))
    banded = shaped_noise(keys, shape, 9 * constant, torch.arange(n - 1), size)
    power = (np.abs(np.fft.fft2(banded[:-1].numpy())) ** 2).mean((0, 1))
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size, 1 / size), np.fft.fftfreq(size, 1 / size)))
    ring = np.abs(np.log2(f.clip(1) / 9)) < 0.6
    assert (power * ring).sum() > 0.95 * power.sum()
    other = (np.abs(np.fft.fft2(banded[-1].numpy())) ** 2).mean(0)
    assert (other * ring).sum() < 0.5 * other.sum()  # the last one is not in `banded`
    shape = torch.stack((2 * constant, 0 * constant, 4 * constant))
    long = shaped_noise(keys, shape, constant, NONE, size)
    along, across = long.diff(dim=3).square().mean(), long.diff(dim=2).square().mean()
    assert across > 2.5 * along  # at angle 0 it changes slowly along x


def test_every_pattern_is_painted_and_bounded() -> None:
    draws = Draws(pair_seeds(8, 0, range(60)))
    palette = draw_palette(draws, "scene", 0.3)
    assert palette.min() >= 4
    assert palette.max() <= 251
    stacked = np.stack([palette] * 4, 1)
    for weights in (ON_OBJECTS, ON_GROUND):
        assert set(weights) <= set(PATTERNS)
    for i, name in enumerate(PATTERNS):
        specs = draw_textures(draws, "tiles", stacked, {name: 1.0})
        assert (specs.pattern == i).all()
        specs.grain[:] = 0
        painted = paint_textures(specs, 32, CPU)
        reach = np.abs(specs.contrast) / 2 + 1e-3
        assert (painted.abs().amax((2, 3)) <= torch.from_numpy(reach)).all()
        flat = painted.flatten(1).std(1) < 1e-4
        assert flat.all() if name == "plain" else flat.float().mean() < 0.2


def test_drawn_patterns_follow_their_weights() -> None:
    draws = Draws(pair_seeds(8, 0, range(1000)))
    palette = np.stack([draw_palette(draws, "scene", 0.3)] * 4, 1)
    drawn = draw_textures(draws, "tiles", palette, {"noise": 3.0, "marks": 1.0}).pattern
    names = np.array(list(PATTERNS))[drawn]
    assert set(names) == {"noise", "marks"}
    assert abs((names == "noise").mean() - 0.75) < 0.03


def moments(image: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Sum of a picture (S, S), and its covariance (x, y) round its middle."""
    size = image.shape[-1]
    axis = torch.arange(size, dtype=torch.float64) - size // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack((x, y)).flatten(1)
    weight = image.double().flatten()
    return weight.sum().item(), (points * weight) @ points.T / weight.sum()


def test_a_smeared_point_is_a_line_of_the_way() -> None:
    point = torch.zeros(2, 1, 41, 41)
    point[:, :, 20, 20] = 1
    way = torch.tensor([[9.0, 0.0], [6.0, -8.0]])
    lines = smeared(point, way)
    for line, (x, y) in zip(lines[:, 0], way.tolist(), strict=True):
        total, covariance = moments(line)
        assert total == pytest.approx(1, abs=1e-5)
        # 8 points evenly along the way: (1 - 1/64) / 12 of its square; interpolation adds < 1/3.
        exact = torch.tensor([[x * x, x * y], [x * y, y * y]], dtype=torch.float64) * 63 / 64 / 12
        assert (covariance - exact).abs().max() < 0.8


def test_a_defocused_point_is_gaussian() -> None:
    point = torch.zeros(2, 3, 41, 41)
    point[:, :, 20, 20] = 1
    blurred = defocused(point, torch.tensor([1.5, 2.0]), 8)
    for spot, sigma in zip(blurred, (1.5, 2.0), strict=True):
        total, covariance = moments(spot[1])
        assert total == pytest.approx(1, abs=1e-5)
        wanted = sigma**2 * torch.eye(2, dtype=torch.float64)
        torch.testing.assert_close(covariance, wanted, atol=0.02, rtol=0)


def test_noise_of_the_sensor_is_normal() -> None:
    noise = gaussian_at(torch.tensor([[3], [4]]), torch.arange(20000)).numpy()
    assert noise.shape == (2, 20000, 3)
    columns = noise.transpose(0, 2, 1).reshape(6, -1)
    np.testing.assert_allclose(columns.mean(1), 0, atol=0.03)
    np.testing.assert_allclose(columns.std(1), 1, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(columns), np.eye(6), atol=0.03)
    np.testing.assert_allclose((np.abs(columns) < 1).mean(), 0.6827, atol=0.01)
