"""Measure random correlations on this CPU and write `siamcorr/ops/cost_table.py`.

    python scripts/fit_cost_model.py --minutes 10 --threads 2 --samples samples.pickle

A non-negative least-squares fit of relative errors; needs SciPy. Prints the share of problems in
which the choice by the fitted model is within 1.2 times the best backend, on the problems it was
fitted to and, with every fifth problem held out, on those it has not seen.
"""

from __future__ import annotations

import argparse
import pickle
import random
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import nnls

from siamcorr.ops import cost
from siamcorr.ops.cost_table import COEFFICIENTS
from siamcorr.ops.dispatch import AUTOMATIC, choose, module_of
from siamcorr.ops.problem import Direction, Problem, Window, response_size
from siamcorr.workflows.timing import interleave, keep_freed_memory

_DIRECTIONS: tuple[Direction, ...] = ("forward", "input_gradient", "weight_gradient")
_MOST_MULTIPLICATIONS = 1e9
_MOST_PRODUCTS = 6e8
_TABLE = Path(cost.__file__).with_name("cost_table.py")

Table = dict[tuple[str, str, str], dict[str, float]]


class Sample(NamedTuple):
    """One problem and the measured seconds of the backends."""

    problem: Problem
    seconds: dict[str, float]


def draw_problem(rng: random.Random) -> Problem:
    """A random forward problem: the shapes of the ops, strides, padding, shared kernels."""
    kind = rng.choice(["xcorr", "xcorr", "depthwise", "depthwise", "upchannel", "pixelwise",
                       "conv", "shared", "shared_depthwise", "many"])  # fmt: skip
    channels = rng.choice([8, 16, 32, 48, 64, 96, 128, 256, 256])
    taps = rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 17, 25, 31, 63, 127])
    batch, groups, outputs = rng.choice([1, 1, 2, 4, 8, 16, 28, 32]), 1, 1
    padding, stride = (0, 0), (1, 1)
    if kind in {"depthwise", "shared_depthwise"}:
        groups = outputs = channels
    elif kind == "upchannel":
        outputs = rng.choice([2, 4, 5, 10, 20])
    elif kind == "pixelwise":
        outputs, taps = rng.choice([16, 36, 49, 64]), 1
    elif kind == "conv":
        groups, outputs, taps = rng.choice([1, 2, 4, 8]), rng.choice([8, 16, 32]), min(taps, 7)
        stride = rng.choice([(1, 1), (1, 1), (2, 2)])
    elif kind == "many":
        batch, outputs = 1, rng.choice([2, 4, 8, 16, 32])
    if rng.random() < 0.2:
        padding = (taps // 2, taps // 2)
    size = rng.choice([taps + rng.randrange(1, 20), 2 * taps, 2 * taps + 10, 4 * taps, 16, 22, 31])
    size = max(size, taps)
    shared = kind.startswith("shared") and batch > 1
    window = Window(stride, padding, (1, 1), groups)
    return Problem("forward", batch, shared, channels, outputs, (size, size), (taps, taps), window,
                   torch.float32, "cpu")  # fmt: skip


def measure(problem: Problem) -> list[Sample]:
    """Time the three directions of a problem on every backend that is not hopeless."""
    groups = problem.window.groups
    kernels = 1 if problem.shared else problem.batch
    x = torch.randn(problem.batch, problem.in_channels, *problem.input_size)
    k = torch.randn(
        kernels, problem.out_channels, problem.in_channels // groups, *problem.kernel_size
    )
    g = torch.randn(problem.batch, problem.out_channels, *response_size(problem))
    operands = {"forward": (x, k), "input_gradient": (g, k), "weight_gradient": (x, g)}
    samples = []
    for direction in _DIRECTIONS:
        case = problem._replace(direction=direction)
        names = [name for name in AUTOMATIC if not _hopeless(name, case)]
        with torch.inference_mode():
            timings = interleave(
                {
                    name: lambda name=name, case=case: getattr(  # type: ignore[misc]
                        module_of(name), case.direction
                    )(*operands[case.direction], case)
                    for name in names
                },
                seconds=0.08,
                runs=(4, 40),
            )
        samples.append(Sample(case, {name: t.median_s for name, t in timings.items()}))
    return samples


def _hopeless(backend: str, problem: Problem) -> bool:
    work = cost.counts(backend, problem)
    slow = work.get("multiplications", 0) + work.get("margins", 0) > _MOST_MULTIPLICATIONS
    return slow or work.get("products", 0) > _MOST_PRODUCTS


def collect(seconds: float, seed: int) -> list[Sample]:
    """Measure random problems until the time is over."""
    rng, samples, end = random.Random(seed), list[Sample](), time.monotonic() + seconds
    while time.monotonic() < end:
        problem = draw_problem(rng)
        if cost.counts("conv2d", problem)["multiplications"] <= _MOST_MULTIPLICATIONS:
            samples += measure(problem)
    return samples


def fit(samples: list[Sample]) -> Table:
    """Non-negative least squares of relative errors, one fit a backend, direction and regime."""
    table: Table = {}
    for backend in AUTOMATIC:
        cells: dict[tuple[str, str, str], list[Sample]] = {}
        key: tuple[str, str, str]
        for sample in samples:
            if backend in sample.seconds:
                key = backend, sample.problem.direction, cost.regime(backend, sample.problem)
                cells.setdefault(key, []).append(sample)
        for key, members in cells.items():
            table[key] = _fit_row(members, backend)
    return table


def _fit_row(samples: list[Sample], backend: str) -> dict[str, float]:
    """Seconds per count of one backend in one regime."""
    work = [cost.counts(backend, sample.problem) for sample in samples]
    seconds = np.array([sample.seconds[backend] for sample in samples])
    matrix = np.array([list(counts.values()) for counts in work]) / seconds[:, None]
    scale = np.maximum(matrix.max(0), np.finfo(float).tiny)  # a count may be 0 throughout
    weights, _ = nnls(matrix / scale, np.ones(len(samples)))
    named = zip(work[0], weights / scale, strict=True)
    return {name: float(f"{value:.3g}") for name, value in named if value > 0}


def share_within(samples: list[Sample], table: Table) -> float:
    """Share of the problems in which the model's choice is within 1.2 times the best."""
    COEFFICIENTS.clear()
    COEFFICIENTS.update(table)
    choose.cache_clear()
    close = []
    for sample in samples:
        chosen = sample.seconds.get(choose(sample.problem), float("inf"))
        close.append(chosen <= 1.2 * min(sample.seconds.values()))
    return sum(close) / len(close)


def write(table: Table, path: Path, threads: int, problems: int) -> None:
    """Write the table as a Python module."""
    lines = [
        '"""Measured coefficients of `cost`, in seconds; see scripts/fit_cost_model.py."""',
        "",
        "from __future__ import annotations",
        "",
        '__all__ = ["COEFFICIENTS"]',
        "",
        f"# {problems} problems, {threads} threads, torch {torch.__version__}",
        "COEFFICIENTS: dict[tuple[str, str, str], dict[str, float]] = {",
    ]
    for key, row in sorted(table.items()):
        cells = ", ".join(f'"{name}": {value:g}' for name, value in row.items())
        lines += [f'    ("{key[0]}", "{key[1]}", "{key[2]}"): {{', f"        {cells},", "    },"]
    path.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")


def _samples(arguments: argparse.Namespace) -> list[Sample]:
    """The measurements of an earlier run, or new ones."""
    kept: Path | None = arguments.samples
    if kept is not None and kept.exists():
        samples: list[Sample] = pickle.loads(kept.read_bytes())
        return samples
    samples = collect(60 * arguments.minutes, arguments.seed)
    if kept is not None:
        kept.write_bytes(pickle.dumps(samples))
    return samples


def main() -> None:
    """Measure, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=Path, help="keep the measurements here; fit them if kept")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    samples = _samples(arguments)
    held_out, rest = samples[::5], [s for i, s in enumerate(samples) if i % 5]
    print(f"{len(samples)} problems; held out: {share_within(held_out, fit(rest)):.1%} within 1.2")
    table = fit(samples)
    print(f"fitted: {share_within(samples, table):.1%} within 1.2")
    write(table, _TABLE, arguments.threads, len(samples))
    print(f"wrote {_TABLE}; run `ruff format` on it")


if __name__ == "__main__":
    main()
