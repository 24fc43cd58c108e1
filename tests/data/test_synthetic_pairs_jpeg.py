"""The JPEG loss of rendered pairs against OpenCV's encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr.data.synthetic_pairs.jpeg import compressed, quantisers
from siamcorr.opencv import load_cv2


def picture(height: int, width: int) -> np.ndarray:
    """Coloured waves, an edge and some noise, (H, W, 3) uint8."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9 + c) + np.cos(y / (5 + 3 * c)) for c in range(3)], -1)
    image = 128 + 40 * waves + 50 * (x[..., None] > y[..., None]) + rng.normal(0, 6, waves.shape)
    return image.clip(0, 255).astype(np.uint8)


def encoded(image: np.ndarray, quality: int) -> np.ndarray:
    """The JPEG file of an RGB picture, as bytes."""
    cv2 = load_cv2()
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data


def tables_in(data: bytes) -> dict[int, np.ndarray]:
    """Quantisation tables of a JPEG file by their number, rows are vertical frequencies."""
    diagonals = sorted(
        ((u, v) for u in range(8) for v in range(8)),
        key=lambda p: (sum(p), p[0] if sum(p) % 2 else p[1]),
    )
    tables, at = {}, 0
    while (at := data.find(b"\xff\xdb", at)) >= 0:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        for start in range(0, len(body), 65):
            table = np.zeros((8, 8))
            for value, (row, column) in zip(body[start + 1 : start + 65], diagonals, strict=True):
                table[row, column] = value
            tables[body[start]] = table
        at += length
    return tables


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 96])
def test_steps_are_those_in_the_files_of_the_encoder(quality: int) -> None:
    tables = tables_in(encoded(picture(16, 16), quality).tobytes())
    luminance, chroma = quantisers(torch.tensor([float(quality)]))
    np.testing.assert_array_equal(luminance[0], tables[0])
    np.testing.assert_array_equal(chroma[0], tables[1])


@pytest.mark.parametrize("quality", [10, 35, 70, 95])
@pytest.mark.parametrize("size", [(64, 96), (61, 83)])
def test_pictures_equal_those_of_the_decoder(quality: int, size: tuple[int, int]) -> None:
    cv2 = load_cv2()
    image = picture(*size)
    wanted = cv2.imdecode(encoded(image, quality), cv2.IMREAD_COLOR)[..., ::-1].astype(float)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    ours = compressed(tensor, torch.tensor([float(quality)]))[0].clamp(0, 255).round()
    difference = np.abs(ours.permute(1, 2, 0).numpy() - wanted)
    loss = np.abs(image - wanted).mean()
    assert difference.mean() < 0.1 * loss + 0.8  # it computes in whole numbers
    assert np.quantile(difference, 0.99) <= 0.5 * np.quantile(np.abs(image - wanted), 0.99) + 2


def test_each_picture_has_its_own_quality() -> None:
    image = torch.from_numpy(picture(48, 48)).permute(2, 0, 1)[None].float()
    both = compressed(image.expand(2, -1, -1, -1), torch.tensor([15.0, 90.0]))
    for one, quality in zip(both, (15.0, 90.0), strict=True):
        alone = compressed(image, torch.tensor([quality]))[0]
        torch.testing.assert_close(one, alone, atol=1e-3, rtol=0)
    loss = (both - image).abs().mean((1, 2, 3))
    assert loss[0] > 1.4 * loss[1]
