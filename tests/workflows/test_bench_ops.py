"""The op benchmark: fair turns, a baseline of its own, a record and a table that say the truth."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from siamcorr.cli.main import app
from siamcorr.workflows import bench_cases, bench_ops, timing
from siamcorr.workflows.bench_cases import (
    BASELINES,
    OPS,
    BenchCase,
    device_cases,
    exact,
    headline_cases,
    wide_cases,
)
from siamcorr.workflows.bench_report import markdown, within_share
from siamcorr.workflows.machine_limits import Limits, measure_limits

HERE = bench_ops.Place("cpu", torch.float32)
LIMITS = Limits(operations_per_s=1e9, bytes_per_s=1e9)
TINY = [
    BenchCase("xcorr", (2, 4, 9, 9), (2, 4, 3, 3)),
    BenchCase("xcorr_depthwise", (1, 4, 9, 9), (3, 4, 3, 3), backward=True),
]


def test_candidates_take_shuffled_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "BLOCK_S", 0.0)  # blocks of one call
    calls: list[str] = []
    candidates = {name: lambda name=name: calls.append(name) for name in "abc"}
    timings = timing.interleave(candidates, seconds=0, runs=(4, 4))
    # warm-up, one round to plan, four rounds of an uncounted and a counted call each
    assert calls[:6] == list("abcabc")
    rounds = ["".join(calls[start : start + 6]) for start in range(6, len(calls), 6)]
    assert len(rounds) == 4
    assert all(sorted(turns) == list("aabbcc") and turns[::2] == turns[1::2] for turns in rounds)
    assert len(set(rounds)) > 1  # the order is shuffled
    assert all(result.runs == 4 for result in timings.values())


def clock(monkeypatch: pytest.MonkeyPatch, durations: list[float]) -> None:
    ticks = itertools.chain.from_iterable((0.0, duration) for duration in durations)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(timing, "SLOW_S", 20.0)


def test_medians_and_quartiles_of_a_known_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, [9.0, 1.0, 1.0, 2.0, 3.0, 4.0, 10.0])  # warm-up, plan, five counted
    result = timing.interleave({"a": lambda: None}, seconds=0, runs=(5, 5))["a"]
    assert (result.median_s, result.least_s, result.runs) == (3.0, 1.0, 5)
    assert result.iqr_s == pytest.approx(7.0 - 1.5)


def test_a_quick_candidate_is_timed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    # warm-up, plan, then per turn an uncounted call of 1 ms and a block of three calls
    clock(monkeypatch, [0.001, 0.001, 0.001, 0.006, 0.001, 0.009])
    calls: list[int] = []
    result = timing.interleave({"a": lambda: calls.append(0)}, seconds=0, runs=(2, 2))["a"]
    assert len(calls) == 2 + 2 * (1 + 3)
    assert result.median_s == pytest.approx(0.0025)


def test_a_slow_candidate_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SLOW_S", -1.0)
    assert timing.interleave({"a": lambda: None}, runs=(6, 6))["a"].runs == 2


@pytest.mark.parametrize(
    ("op", "search", "template"),
    [
        ("xcorr", (3, 4, 9, 8), (3, 4, 3, 2)),
        ("xcorr", (1, 4, 9, 8), (3, 4, 3, 2)),
        ("xcorr_depthwise", (3, 4, 9, 8), (1, 4, 3, 2)),
        ("xcorr_upchannel", (2, 4, 9, 8), (2, 12, 3, 2)),
        ("xcorr_pixelwise", (2, 4, 9, 8), (2, 4, 3, 2)),
    ],
)
def test_the_baseline_computes_the_same(op: str, search: tuple, template: tuple) -> None:
    x, z = torch.randn(search), torch.randn(template)
    torch.testing.assert_close(BASELINES[op](x, z), OPS[op](x, z, backend="reference"))


def test_the_exact_response_of_a_heavy_case(monkeypatch: pytest.MonkeyPatch) -> None:
    case = BenchCase("xcorr", (2, 3, 9, 8), (2, 3, 3, 2))
    plain = exact(case)
    monkeypatch.setattr(bench_cases, "_HEAVY", 0)
    assert case.heavy
    torch.testing.assert_close(exact(case), plain)
    assert "conv2d" not in bench_ops.measure(case, HERE, LIMITS)["seconds"]


def test_the_grid_holds_the_published_shapes() -> None:
    names = {case.name for case in headline_cases()}
    assert "xcorr batch 32 C=256 6x6 on 22x22 forward+backward" in names
    assert "xcorr_depthwise batch 28 C=256 5x5 on 29x29 forward" in names
    assert [case.name for case in headline_cases() if case.heavy] == [
        "xcorr batch 1 C=256 127x127 on 255x255 forward"
    ]
    wide = wide_cases()
    assert len(wide) > 200
    assert {case.op for case in wide} == set(OPS)
    assert any("1 search : 16 template" in case.name for case in wide)


def test_a_run_leaves_a_record_and_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ops, "headline_cases", lambda: TINY)
    monkeypatch.setattr(bench_ops, "_PAPER_ROUNDS", (0.1, 4, 8))
    before = torch.get_num_threads()
    seen = []
    record_path, table_path = bench_ops.run(
        tmp_path, threads=[1], quick=True, progress=lambda *news: seen.append(news)
    )
    assert torch.get_num_threads() == before
    assert [news[1:] for news in seen] == [(0, 2), (1, 2)]
    record = json.loads(record_path.read_text())
    assert [row["op"] for row in record["rows"]] == ["xcorr", "xcorr_depthwise"]
    assert record["machine"]["cores"] >= 1
    row = record["rows"][1]
    assert set(row["choice"]) == {"forward", "input_gradient", "weight_gradient"}
    assert set(row["seconds"]) == {"classic", "conv2d", "matmul", "fft", "reference", "auto"}
    assert all(0 <= error < 1e-5 for error in row["error"].values())
    assert table_path.read_text() == markdown(record)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def row_of(threads: int, classic: float, conv2d: float, matmul: float, auto: float) -> dict:
    seconds = {"classic": classic, "conv2d": conv2d, "matmul": matmul, "auto": auto}
    return {
        "threads": threads,
        "op": "xcorr",
        "search": [1, 2, 9, 9],
        "template": [1, 2, 3, 3],
        "direction": "forward",
        "choice": {"forward": "matmul"},
        "seconds": {name: {"median_s": value} for name, value in seconds.items()},
        "roofline_s": auto / 4,
        "error": {"auto": 1e-7, "classic": 2e-7},
    }


def test_the_table_counts_close_choices_and_speed_ups() -> None:
    rows = [
        row_of(2, 10.0, 9.0, 2.0, 2.2),  # 1.1 times the best
        row_of(2, 8.0, 4.0, 5.0, 5.2),  # 1.3 times the best
    ]
    assert within_share(rows) == 0.5
    record = {
        "machine": {"processor": "P", "cores": 2, "memory_gib": 4, "system": "Linux"},
        "versions": {"siamcorr": "0", "torch": "2", "python": "3", "commit": "c"},
        "settings": {"device": "cpu", "dtype": "bfloat16", "quick": True},
        "limits": {"2": {"operations_per_s": 3e10, "bytes_per_s": 2.5e9}},
        "rows": rows,
    }
    table = markdown(record)
    assert "2 rows. The automatic choice is within 1.2 times the best backend in 50.0%" in table
    assert "in the geometric mean, the least 1.54, the largest 5" in table
    assert "`siamcorr bench ops --quick --dtype bfloat16`" in table
    assert "30 GFLOP/s in a product of matrices, 2.5 GB/s in a copy" in table
    assert (
        "| xcorr | 1x2x9x9 | 1x2x3x3 | forward | 1e+04 | 9e+03 | 2e+03 | 2.2e+03 | matmul "
        "| 4.55 | 1.10 | 25% | 1.0e-07 (2.0e-07) |" in table
    )


def test_the_command_says_where_the_record_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_ops, "headline_cases", lambda: TINY[:1])
    monkeypatch.setattr(bench_ops, "_PAPER_ROUNDS", (0.1, 4, 8))
    arguments = ["bench", "ops", "--quick", "--threads", "1", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "-ops-papers.json" in result.output.replace("\n", "")
    assert len(list(tmp_path.rglob("*.md"))) == 1


def test_a_dtype_has_a_record_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ops, "headline_cases", lambda: TINY[1:])
    monkeypatch.setattr(bench_ops, "_PAPER_ROUNDS", (0.1, 4, 8))
    before = torch.backends.cudnn.benchmark
    record, _ = bench_ops.run(tmp_path, threads=[1], quick=True, dtype=torch.bfloat16)
    assert record.name.endswith("-ops-papers-bfloat16.json")
    assert torch.backends.cudnn.benchmark == before
    row = json.loads(record.read_text())["rows"][0]
    assert all(1e-4 < error < 2e-2 for error in row["error"].values())  # 8 bits of mantissa


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--dtype", "float8", "dtype must be one of float32, bfloat16, float16, got 'float8'"),
        ("--device", "tpu", "device must be cpu or cuda, got 'tpu'"),
    ],
)
def test_an_unknown_device_or_dtype_is_a_sentence(option: str, value: str, sentence: str) -> None:
    result = CliRunner().invoke(app, ["bench", "ops", option, value])
    assert result.exit_code == 1
    assert sentence in " ".join(result.output.replace("│", " ").split())


def test_cases_of_accelerators_are_thirty_shapes_and_more() -> None:
    cases = device_cases()
    shapes = {(case.op, case.search, case.template) for case in cases}
    assert len(shapes) >= 30
    assert len(cases) == 2 * len(shapes)
    assert {case.op for case in cases} == set(OPS)
    assert not any(case.heavy for case in cases)


def test_the_roofline_of_a_call_by_hand() -> None:
    case = BenchCase("xcorr", (2, 4, 9, 8), (2, 4, 3, 2))
    operations = 2 * 2 * 4 * (3 * 2) * (7 * 7)
    moved = 4 * 2 * (4 * 9 * 8 + 4 * 3 * 2 + 7 * 7)
    fast_memory = Limits(operations_per_s=1e9, bytes_per_s=1e12)
    fast_units = Limits(operations_per_s=1e12, bytes_per_s=1e9)
    assert case.least_seconds("cpu", torch.float32, fast_memory) == operations / 1e9
    assert case.least_seconds("cpu", torch.float32, fast_units) == moved / 1e9
    assert case.least_seconds("cpu", torch.bfloat16, fast_units) == moved / 2e9
    both = BenchCase("xcorr", case.search, case.template, backward=True)
    assert both.least_seconds("cpu", torch.float32, fast_units) == 3 * moved / 1e9


def test_limits_are_those_of_a_product_and_a_copy() -> None:
    limits = measure_limits("cpu", torch.float32)
    assert 1e8 < limits.operations_per_s < 1e14
    assert 1e8 < limits.bytes_per_s < 1e13


def test_threads_below_one_are_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "ops", "--threads", "0", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "--threads" in result.output


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt belongs to glibc")
def test_freed_memory_is_kept() -> None:
    """In a process of its own: after a few calls a large block needs no new pages."""
    program = """
import resource, sys
import torch
from siamcorr.workflows.timing import keep_freed_memory
if "keep" in sys.argv:
    assert keep_freed_memory()
for number in range(40):
    if number == 30:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(20_000_000).sum()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    faults = {
        word: int(subprocess.check_output([sys.executable, "-c", program, word]))
        for word in ("keep", "default")
    }
    assert 2 * faults["keep"] < faults["default"]
