"""The data-loading benchmark: what its record holds, checked on a source of known speed."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
import torch

from siamcorr.data.pairs import PairBatch, PairShape
from siamcorr.workflows.bench_data import bench_data, data_sources, data_table


class Sleeper:
    """Ten milliseconds a pair."""

    def __len__(self) -> int:
        return 1000

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        time.sleep(0.01 * len(indices))
        x = torch.zeros(len(indices), 3, 2, 2)
        return PairBatch(x, x, x[:, 0, 0], x[:, 0, 0], x[:, 0, 0, 0] == 0, torch.tensor(indices))


def test_pairs_a_second_are_those_of_the_source():
    record = bench_data({"slow": Sleeper()}, workers=(0, 2), batch_size=4, seconds=0.3, rounds=2)
    alone, ahead = record["rows"]
    assert (alone["source"], alone["workers"], ahead["workers"]) == ("slow", 0, 2)
    assert 60 < alone["pairs_per_s"] <= 100  # 100 but for what the machine itself takes
    assert 1.3 * alone["pairs_per_s"] < ahead["pairs_per_s"] < 230
    assert alone["first_batch_s"] >= 0.04
    assert record["stages"][0]["cut_ms"] == pytest.approx(10, rel=0.3)
    lines = data_table(record).splitlines()
    assert f"| slow | 0 | {alone['pairs_per_s']:.0f} " in "\n".join(lines)
    assert any(line.startswith("| slow | 10") and line.endswith("| - |") for line in lines)


def test_sources_need_no_file():
    assert list(data_sources(None, PairShape())) == ["synthetic"]


def test_sources_of_real_files(data_root):
    sources = data_sources(data_root / "otb", PairShape())
    assert list(sources) == ["otb, plain", "otb, siamrpn", "synthetic"]
    assert all(len(source) == 100_000 for source in sources.values())
