"""HOG against a twin of plain loops in NumPy, and what each channel answers to."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.backbones import BACKBONES, Hog
from siamcorr.nn.backbones.hog import orientation_histograms

Array = npt.NDArray[np.float64]


def noise(batch: int, height: int, width: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height * width)
    return torch.randint(0, 256, (batch, 3, height, width), generator=generator).to(dtype)


def twin_pixel(grey: Array, y: int, x: int) -> tuple[float, float]:
    """Magnitude and direction, in bins of 20 degrees, of one pixel."""
    last_y, last_x = grey.shape[0] - 1, grey.shape[1] - 1
    dx = grey[y, min(x + 1, last_x)] - grey[y, max(x - 1, 0)]
    dy = grey[min(y + 1, last_y), x] - grey[max(y - 1, 0), x]
    return math.hypot(dx, dy), (math.degrees(math.atan2(dy, dx)) % 360) / 20


def twin_histograms(grey: Array) -> Array:
    """18 signed orientations of each cell, pixel by pixel."""
    rows, columns = grey.shape[0] // 4, grey.shape[1] // 4
    cells = np.zeros((18, rows + 2, columns + 2))  # a ring around takes what leaves the crop
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            magnitude, position = twin_pixel(grey, y, x)
            lower = math.floor(position)
            shares_y = {y // 4: 0.75, y // 4 + (1 if y % 4 >= 2 else -1): 0.25}
            shares_x = {x // 4: 0.75, x // 4 + (1 if x % 4 >= 2 else -1): 0.25}
            for i, share_y in shares_y.items():
                for j, share_x in shares_x.items():
                    share = magnitude * share_y * share_x
                    cells[lower % 18, i + 1, j + 1] += share * (1 - (position - lower))
                    cells[(lower + 1) % 18, i + 1, j + 1] += share * (position - lower)
    return cells[:, 1:-1, 1:-1]


def twin_hog(image: Array) -> Array:
    """31 channels of an RGB image (3, H, W)."""
    grey = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    signed = twin_histograms(grey)
    rows, columns = signed.shape[1:]
    unsigned = signed[:9] + signed[9:]
    energy = np.pad((unsigned**2).sum(0), 1, mode="edge")
    features = np.zeros((31, rows, columns))
    for i in range(rows):
        for j in range(columns):
            for corner, (up, left) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
                block = energy[i + up : i + up + 2, j + left : j + left + 2].sum()
                factor = 1 / math.sqrt(block + 1e-4)
                clipped = np.minimum(signed[:, i, j] * factor, 0.2)
                features[:18, i, j] += clipped / 2
                features[18:27, i, j] += np.minimum(unsigned[:, i, j] * factor, 0.2) / 2
                features[27 + corner, i, j] = 0.2357 * clipped.sum()
    return features


@pytest.mark.parametrize(("height", "width"), [(4, 4), (8, 20), (28, 24)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 2e-5)])
def test_equals_the_loops(height: int, width: int, dtype: torch.dtype, tolerance: float) -> None:
    image = noise(2, height, width)
    features = Hog()(image.to(dtype))
    assert features.dtype == dtype
    expected = np.stack([twin_hog(crop.numpy()) for crop in image])
    np.testing.assert_allclose(features.numpy(), expected, rtol=0, atol=tolerance)


def test_equals_the_loops_where_nothing_is_random() -> None:
    """Flat areas, saturated areas and edges exactly along an axis, where atan2 is -pi or pi."""
    image = torch.zeros(1, 3, 24, 24, dtype=torch.float64)
    image[..., 6:13, 5:17] = 255
    image[..., 15:, 15:] = 90
    expected = twin_hog(image[0].numpy())
    np.testing.assert_allclose(Hog()(image)[0].numpy(), expected, rtol=0, atol=1e-11)
    single = Hog()(image.float())[0].numpy()
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("channel", range(18))
def test_convention_channel_c_brightens_towards_20_c_degrees(channel: int) -> None:
    """x right, y down; the unsigned channels start at 18 and fold opposite directions."""
    angle = math.radians(20 * channel)
    ys, xs = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    ramp = (math.cos(angle) * xs + math.sin(angle) * ys + 64).expand(1, 3, 32, 32)
    inner = Hog()(ramp)[0, :, 2:-2, 2:-2]
    signed, unsigned = inner[:18].mean((1, 2)), inner[18:27].mean((1, 2))
    assert signed.argmax() == channel
    assert unsigned.argmax() == channel % 9
    assert signed[channel].item() == pytest.approx(0.4, abs=1e-4)  # four norms clipped at 0.2, half
    assert signed.sum().item() == pytest.approx(0.4, abs=0.05)  # nothing to speak of elsewhere
    torch.testing.assert_close(
        inner[27:], torch.full_like(inner[27:], 0.2357 * 0.2), rtol=0, atol=5e-3
    )


def test_sub_cells_keep_every_magnitude() -> None:
    dx, dy = noise(2, 12, 8)[:, 0] - 128, noise(2, 12, 8)[:, 1] - 128
    counts = orientation_histograms(dx, dy)
    assert counts.shape == (2, 6, 4, 20)
    sub_cells = (dx**2 + dy**2).sqrt().unflatten(1, (6, 2)).unflatten(3, (4, 2)).sum((2, 4))
    torch.testing.assert_close(counts.sum(-1), sub_cells)
    assert (counts >= 0).all()


def test_features_do_not_depend_on_contrast_or_brightness() -> None:
    image = noise(1, 32, 32)
    torch.testing.assert_close(Hog()(image), Hog()(image / 3 + 60), rtol=1e-4, atol=1e-5)
    assert Hog()(torch.full((1, 3, 16, 16), 77.0)).abs().max() == 0


def test_a_crop_does_not_depend_on_its_batch() -> None:
    image = noise(5, 36, 40, torch.float32)
    together = Hog()(image)
    for i in range(5):
        torch.testing.assert_close(Hog()(image[i : i + 1])[0], together[i], rtol=0, atol=1e-6)


def test_memory_format_does_not_matter_and_the_input_stays() -> None:
    image = noise(2, 24, 16, torch.float32)
    before = image.clone()
    expected = Hog()(image)
    channels_last = image.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(Hog()(channels_last), expected, rtol=0, atol=1e-6)
    assert torch.equal(image, before)


def test_a_shift_by_a_cell_shifts_the_features() -> None:
    image = noise(1, 40, 48)
    whole, shifted = Hog()(image), Hog()(image[..., 4:])
    torch.testing.assert_close(whole[..., 3:-2], shifted[..., 2:-2], rtol=0, atol=1e-10)


def test_nothing_is_trained_and_nothing_is_stored() -> None:
    network = BACKBONES["hog"]()
    assert list(network.parameters()) == []
    assert network.state_dict() == {}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_equals_the_cpu() -> None:
    image = noise(3, 64, 48)
    on_device = Hog().cuda()(image.cuda())
    torch.testing.assert_close(on_device.cpu(), Hog()(image), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("image", "error", "sentence"),
    [
        (torch.zeros(3, 32, 32), ShapeError, r"image must be \(B, 3, H, W\), got \(3, 32, 32\)"),
        (torch.zeros(1, 1, 32, 32), ShapeError, r"image must be \(B, 3, H, W\)"),
        (torch.zeros(1, 3, 30, 32), ShapeError, "multiples of the cell of 4 pixels"),
        (torch.zeros(1, 3, 0, 32), ShapeError, "multiples of the cell of 4 pixels"),
        (torch.zeros(1, 3, 32, 32).byte(), InvalidArgument, "uint8; convert uint8 crops"),
        (torch.zeros(1, 3, 32, 32).half(), InvalidArgument, "float32 or float64"),
        (torch.zeros(1, 3, 8, 8, requires_grad=True), InvalidArgument, "pass image.detach"),
    ],
)
def test_bad_images(image: torch.Tensor, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=f"Hog: .*{sentence}"):
        Hog()(image)
