"""Fixtures of the whole suite: the real data folder, one thread, fixed seeds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder with real sequences and weights; the test is skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("SIAMCORR_DATA", default))
    if not root.is_dir():
        pytest.skip(f"no real data at {root}; set SIAMCORR_DATA to a folder that holds it")
    return root


@pytest.fixture(autouse=True)
def _one_thread_and_a_fixed_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
