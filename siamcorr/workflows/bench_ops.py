"""`siamcorr bench ops`: every op on every backend beside the classic formulation, as a record."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from siamcorr.errors import BackendUnavailable, InvalidArgument
from siamcorr.ops import list_backends
from siamcorr.ops.dispatch import record_choices
from siamcorr.workflows.bench_cases import (
    BASELINES,
    OPS,
    BenchCase,
    device_cases,
    exact,
    headline_cases,
    wide_cases,
)
from siamcorr.workflows.bench_report import markdown
from siamcorr.workflows.machine_limits import Limits, measure_limits
from siamcorr.workflows.records import machine, versions, write_record
from siamcorr.workflows.timing import interleave, keep_freed_memory

__all__ = ["dtype_of", "run"]

_REFERENCE_CELLS = 2_500
"""The loops of `reference` are timed up to this many cells of all responses together."""
_PAPER_ROUNDS, _WIDE_ROUNDS = (6.0, 12, 200), (0.2, 4, 40)
"""Seconds to aim at, least and most counted rounds: the shapes of the papers, the wide grid."""
_DTYPES = ("float32", "bfloat16", "float16")
_SETTINGS = {"seed": 0, "timing": "interleaved, median"}


class Place(NamedTuple):
    """Where and in which numbers to compute."""

    device: str
    dtype: torch.dtype

    @property
    def dtype_name(self) -> str:
        """Such as "float32"."""
        return str(self.dtype).removeprefix("torch.")


def run(
    out: Path,
    *,
    threads: Iterable[int] = (1, 2),
    quick: bool = False,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Path, Path]:
    """Measure, and write `<version>/<machine>.json` and `.md` under `out`.

    Args:
        out: folder of the records.
        threads: numbers of CPU threads. The shapes of the papers are measured with each; the wide
            grid and the heaviest case, minutes long, with the largest number only.
        quick: the headline shapes only, as a record of its own.
        device: "cpu", or "cuda", where `device_cases` take the place of the wide grid, the number
            of threads stays as it is, and the baseline chooses its algorithm by measurement
            (`torch.backends.cudnn.benchmark`).
        dtype: of the operands; each but float32 has a record of its own.
        progress: called before every row with its name, its number and the number of rows.

    Returns:
        Paths of the JSON record and of the Markdown table.

    Raises:
        InvalidArgument: another device.
        BackendUnavailable: cuda, where there is none.
    """
    place = Place(_usable(device), dtype)
    jobs = _jobs(place, sorted(set(threads)), quick)
    before, rows = (torch.get_num_threads(), torch.backends.cudnn.benchmark), []
    limits: dict[int, Limits] = {}
    try:
        torch.backends.cudnn.benchmark = True
        for number, (count, case) in enumerate(jobs):
            progress(f"{count} threads: {case.name}", number, len(jobs))
            torch.set_num_threads(count)
            if count not in limits:
                limits[count] = measure_limits(device, dtype)
            rows.append({"threads": count, **measure(case, place, limits[count])})
    finally:
        torch.set_num_threads(before[0])
        torch.backends.cudnn.benchmark = before[1]
    record = {
        "machine": machine(),
        "versions": versions(),
        "settings": {
            **_SETTINGS,
            "quick": quick,
            "device": device,
            "dtype": place.dtype_name,
            "freed_memory_kept": keep_freed_memory(),
        },
        "limits": {str(count): dataclasses.asdict(each) for count, each in limits.items()},
        "rows": rows,
    }
    return write_record(out, record, markdown(record), _kind(place, quick))


def dtype_of(name: str) -> torch.dtype:
    """The dtype of a name.

    Raises:
        InvalidArgument: a name that is not measured.
    """
    if name not in _DTYPES:
        raise InvalidArgument(f"bench ops: dtype must be one of {', '.join(_DTYPES)}, got {name!r}")
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def _usable(device: str) -> str:
    if device not in ("cpu", "cuda"):
        raise InvalidArgument(f"bench ops: device must be cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise BackendUnavailable("bench ops: device is cuda, but torch finds none; use cpu")
    return device


def _jobs(place: Place, counts: list[int], quick: bool) -> list[tuple[int, BenchCase]]:
    """Numbers of threads and the cases to measure with them."""
    if place.device != "cpu":
        cases = headline_cases() if quick else device_cases()
        return [(torch.get_num_threads(), case) for case in cases if not case.heavy]
    jobs = [(n, case) for n in counts[:-1] for case in headline_cases() if not case.heavy]
    return jobs + [
        (counts[-1], case) for case in headline_cases() + ([] if quick else wide_cases())
    ]


def _kind(place: Place, quick: bool) -> str:
    parts = ["ops"] + ["papers"] * quick
    parts += [place.device] * (place.device != "cpu")
    return "-".join(parts + [place.dtype_name] * (place.dtype != torch.float32))


def measure(case: BenchCase, place: Place, limits: Limits) -> dict[str, Any]:
    """Time the baseline, every backend and the automatic choice of one case, and their errors."""
    x, z = case.operands(device=place.device, dtype=place.dtype)
    candidates: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"classic": BASELINES[case.op]}
    for name in _candidates(case):
        candidates[name] = partial(OPS[case.op], backend=name)
    candidates["auto"] = OPS[case.op]
    seconds, least, most = _PAPER_ROUNDS if case in headline_cases() else _WIDE_ROUNDS
    timings = interleave(
        {name: _timed(call, case, x, z) for name, call in candidates.items()},
        seconds=seconds,
        runs=(least, most),
        device=place.device,
    )
    with record_choices() as choices:
        _timed(OPS[case.op], case, x, z)()
    return {
        "op": case.op,
        "search": case.search,
        "template": case.template,
        "direction": "forward+backward" if case.backward else "forward",
        "choice": dict(choices),
        "seconds": {name: dataclasses.asdict(timing) for name, timing in timings.items()},
        "roofline_s": case.least_seconds(place.device, place.dtype, limits),
        "error": _errors(case, place, candidates),
    }


def _candidates(case: BenchCase) -> list[str]:
    """Backends to time: loops where they are short; `conv2d` is `classic` in the heaviest case."""
    left_out = {"conv2d"} if case.heavy else set()
    if not _loops_are_short(case):
        left_out.add("reference")
    return [info.name for info in list_backends() if info.usable and info.name not in left_out]


def _loops_are_short(case: BenchCase) -> bool:
    rows, columns = (x - z + 1 for x, z in zip(case.search[2:], case.template[2:], strict=True))
    return case.op != "xcorr_pixelwise" and rows * columns * case.search[0] <= _REFERENCE_CELLS


def _timed(
    call: Callable[[Tensor, Tensor], Tensor], case: BenchCase, x: Tensor, z: Tensor
) -> Callable[[], object]:
    """Forward without recording, or forward and the gradients of both operands."""

    def forward() -> object:
        with torch.inference_mode():
            return call(x, z)

    def both() -> object:
        return torch.autograd.grad(call(x, z), (x, z), slope)

    if not case.backward:
        return forward
    with torch.no_grad():
        slope = torch.ones_like(call(x, z))
    return both


def _errors(
    case: BenchCase, place: Place, candidates: dict[str, Callable[[Tensor, Tensor], Tensor]]
) -> dict[str, float]:
    """Largest error over largest value of the response against the formula in float64."""
    device, dtype = place.device, place.dtype
    x, z = (tensor.detach() for tensor in case.operands(device=device, dtype=dtype))
    truth = exact(case, device=device, dtype=dtype)
    scale = truth.abs().max()
    with torch.inference_mode():
        return {
            name: float((call(x, z) - truth).abs().max() / scale)
            for name, call in candidates.items()
        }
