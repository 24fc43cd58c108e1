"""How many training pairs a second each source delivers, by the number of worker processes."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from siamcorr.data.pairs import (
    AugmentationSettings,
    PairShape,
    PairSource,
    StagedPairs,
    VideoPairs,
    WeightedSet,
    pair_batches,
)
from siamcorr.data.sequences import load_dataset
from siamcorr.data.synthetic_pairs import SyntheticPairs, SyntheticPairSettings
from siamcorr.opencv import load_cv2
from siamcorr.workflows.records import heading, machine, versions

__all__ = ["bench_data", "data_sources", "data_table"]

_PAIRS, _SEED = 100_000, 0


def data_sources(otb: Path | None, shape: PairShape) -> dict[str, PairSource]:
    """The sources to measure: synthetic pairs, and those of an OTB folder where there is one."""
    sources: dict[str, PairSource] = {}
    if otb is not None:
        sets = [WeightedSet("otb", load_dataset("otb", otb).sequences)]
        recipes = {"plain": AugmentationSettings(), "siamrpn": AugmentationSettings.siamrpn()}
        for name, recipe in recipes.items():
            sources[f"otb, {name}"] = VideoPairs(
                sets, shape, pairs=_PAIRS, seed=_SEED, negative_share=0.2, augmentation=recipe
            )
    sources["synthetic"] = SyntheticPairs(SyntheticPairSettings(), shape, pairs=_PAIRS, seed=_SEED)
    return sources


def bench_data(
    sources: Mapping[str, PairSource],
    *,
    workers: Sequence[int] = (0, 1, 2),
    batch_size: int = 16,
    seconds: float = 2.0,
    rounds: int = 3,
) -> dict[str, Any]:
    """Measure all sources with all worker counts in turns, every process with one thread.

    Args:
        sources: by name.
        workers: worker counts; 0 is the process itself.
        batch_size: pairs a batch.
        seconds: of one turn, behind its first batches.
        rounds: turns of every row, in an order shuffled anew.

    Returns:
        The record: machine, versions, settings, and a row a source and worker count with the
        median and the interquartile range of its pairs a second and the seconds to its first batch.
    """
    torch.set_num_threads(1)
    load_cv2().setNumThreads(0)
    cases = [(name, count) for name in sources for count in workers]
    turns: dict[tuple[str, int], list[tuple[float, float]]] = {case: [] for case in cases}
    rng = random.Random(_SEED)
    for number in range(rounds):
        for name, count in rng.sample(cases, len(cases)):
            turn = _turn(sources[name], number, count, batch_size, seconds)
            turns[name, count].append(turn)
    return {
        "machine": machine(),
        "versions": versions(),
        "settings": {"batch_size": batch_size, "seconds": seconds, "rounds": rounds},
        "rows": [_row(name, count, turns[name, count]) for name, count in cases],
        "stages": [_stages(n, s, batch_size) for n, s in sources.items()],
    }


def data_table(record: Mapping[str, Any]) -> str:
    """The record as Markdown."""
    settings = record["settings"]
    lines = [
        *heading(record, "Training pairs"),
        (
            f"Batches of {settings['batch_size']} pairs of 127 and 255 pixels, on CPU, one thread "
            f"a process; median of {settings['rounds']} turns of {settings['seconds']} s behind "
            "the first batches. The process itself does nothing else meanwhile."
        ),
        "",
        "Measured again by `python scripts/bench_data.py --otb FOLDER`.",
        "",
        "| source | workers | pairs/s | IQR | first batch s |",
        "|---|---|---|---|---|",
        *(
            f"| {row['source']} | {row['workers']} | {row['pairs_per_s']:.0f} "
            f"| {row['iqr']:.0f} | {row['first_batch_s']:.2f} |"
            for row in record["rows"]
        ),
        "",
        "| source | reading and cutting, ms a pair | colours, ms a pair |",
        "|---|---|---|",
    ]
    for stage in record["stages"]:
        finish = "-" if stage["finish_ms"] is None else f"{stage['finish_ms']:.2f}"
        lines.append(f"| {stage['source']} | {stage['cut_ms']:.2f} | {finish} |")
    return "\n".join(lines) + "\n"


def _turn(
    source: PairSource, epoch: int, workers: int, batch_size: int, seconds: float
) -> tuple[float, float]:
    """Pairs a second of one turn, and the seconds until its first batch."""
    start = time.perf_counter()
    batches = pair_batches(source, epoch=epoch, batch_size=batch_size, seed=_SEED, workers=workers)
    next(batches)
    first = time.perf_counter() - start
    for _ in range(2 * workers):  # what was read ahead while the first one was awaited
        next(batches)
    start, done = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds:
        next(batches)
        done += 1
    return done * batch_size / elapsed, first


def _row(name: str, workers: int, turns: list[tuple[float, float]]) -> dict[str, Any]:
    speeds, firsts = zip(*turns, strict=True)
    quarters = statistics.quantiles(speeds, n=4, method="inclusive")
    return {
        "source": name,
        "workers": workers,
        "pairs_per_s": statistics.median(speeds),
        "iqr": quarters[2] - quarters[0],
        "first_batch_s": statistics.median(firsts),
        "turns": list(speeds),
    }


def _stages(name: str, source: PairSource, batch_size: int) -> dict[str, Any]:
    """Milliseconds a pair of both halves of a staged source; of another one, all in `cut_ms`."""
    cut_s, finish_s = [], []
    for i in range(9):
        indices = range(i * batch_size, (i + 1) * batch_size)
        start = time.perf_counter()
        if isinstance(source, StagedPairs):
            cut = source.cut(0, indices)
            between = time.perf_counter()
            source.finish(cut, torch.device("cpu"))
            finish_s.append(time.perf_counter() - between)
        else:
            source.batch(0, indices, torch.device("cpu"))
            between = time.perf_counter()
        cut_s.append(between - start)
    to_ms = 1e3 / batch_size
    finish_ms = to_ms * statistics.median(finish_s) if finish_s else None
    return {"source": name, "cut_ms": to_ms * statistics.median(cut_s), "finish_ms": finish_ms}
