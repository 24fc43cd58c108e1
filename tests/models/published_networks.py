"""What tests of published networks share: their models, keys files, formula weights, test image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, SiameseModel, build_model

KEYS_FILES = {
    "nanotrackv1": "nanotrack_v1",
    "nanotrackv2": "nanotrack_v2",
    "nanotrackv3": "nanotrack_v3",
    "pysot_siammask_r50_l3": "siammask_r50",
    "pysot_siamrpn_alex_dwxcorr": "siamrpn_alex",
    "pysot_siamrpn_alex_dwxcorr_16gpu": "siamrpn_alex",
    "pysot_siamrpn_alex_dwxcorr_otb": "siamrpn_alex",
    "pysot_siamrpn_mobilev2_l234_dwxcorr": "siamrpn_mobilev2",
    "pysot_siamrpn_r50_l234_dwxcorr": "siamrpn_r50",
    "pysot_siamrpn_r50_l234_dwxcorr_16gpu": "siamrpn_r50",
    "pysot_siamrpn_r50_l234_dwxcorr_8gpu": "siamrpn_r50",
    "pysot_siamrpn_r50_l234_dwxcorr_lt": "siamrpn_r50_lt",
    "pysot_siamrpn_r50_l234_dwxcorr_otb": "siamrpn_r50_otb",
    "siamfc_pytorch_alexnetv1": "siamfc",
    "siammask_foolwood_sharp": "siammask_r50",
}
"""Lists of published keys, by file name, and the config that their weights belong to."""


def model_of(variant: str) -> SiameseModel:
    """The model of a shipped config, in evaluation mode."""
    content = read_yaml(find_config("trackers", variant))
    return build_model(ModelSettings.model_validate(content["model"])).eval()


def published_shapes(data_root: Path, name: str) -> dict[str, torch.Size]:
    """Published keys and shapes of one file; skipped where the lists are absent."""
    path = data_root.parent / "reference" / "keys" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"no list of published keys at {path}")
    pairs = (line.split(" ", 1) for line in path.read_text().splitlines())
    return {
        key: torch.Size(int(n) for n in shape.strip("()").split(",") if n) for key, shape in pairs
    }


def formula_state(shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Weights by a hash of each element's place, equal on every machine."""
    return {
        key: torch.from_numpy(_formula_tensor(rank, key, shapes[key]))
        for rank, key in enumerate(sorted(shapes))
    }


def _formula_tensor(rank: int, key: str, shape: torch.Size) -> np.ndarray:
    if key.endswith("num_batches_tracked"):
        return np.zeros((), np.int64)
    u = formula_numbers(rank, shape.numel()).reshape(shape)
    if len(shape) >= 2:
        values = u * np.sqrt(6 / shape[1:].numel())
    elif key.endswith("running_var"):
        values = 1 + 0.2 * u
    elif key.endswith(("running_mean", "bias")):
        values = 0.1 * u
    else:
        values = 0.7 + 0.1 * u
    return values.astype(np.float32)


def formula_numbers(rank: int, count: int) -> np.ndarray:
    """Numbers in -1 ... 1."""
    h = np.arange(count, dtype=np.uint64) + np.uint64(1000003 * rank + 1)
    h = h.astype(np.uint32)  # modulo 2 ** 32, as every product below
    h *= np.uint32(2654435761)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return h / 2**31 - 1


def pattern_image(size: int) -> Tensor:
    """(1, 3, size, size): (37 x + 91 y + 53 c + x y) mod 256."""
    c, y, x = torch.meshgrid(torch.arange(3), *(torch.arange(size),) * 2, indexing="ij")
    return ((37 * x + 91 * y + 53 * c + x * y) % 256).float()[None]


def summary(values: Tensor) -> dict[str, float | list[float]]:
    """The numbers that the reference rows name."""
    flat = values.flatten()
    return {
        "mean": flat.mean(dtype=torch.float64).item(),
        "mean_abs": flat.abs().mean(dtype=torch.float64).item(),
        "first": flat[:4].tolist(),
        "mid": flat[flat.numel() // 2].item(),
        "last": flat[-1].item(),
        "argmax": flat.argmax().item(),
    }
