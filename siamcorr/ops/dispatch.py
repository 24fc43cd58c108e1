"""Which backend runs a problem: the table of backends, the override, the automatic choice."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from siamcorr.errors import BackendUnavailable, UnknownName, closest
from siamcorr.ops import reference
from siamcorr.ops.backends import conv2d, fft, matmul, triton
from siamcorr.ops.cost import predicted_seconds
from siamcorr.ops.problem import Problem, is_symbolic

__all__ = [
    "AUTOMATIC",
    "BackendInfo",
    "backend_for",
    "check_backend",
    "choose",
    "list_backends",
    "module_of",
    "record_choices",
    "use_backend",
]


class Backend(Protocol):
    """A module that computes the three bilinear maps of `primitive`."""

    def reasons(self, problem: Problem) -> list[str]: ...
    def forward(self, x: Tensor, k: Tensor, problem: Problem) -> Tensor: ...
    def input_gradient(self, g: Tensor, k: Tensor, problem: Problem) -> Tensor: ...
    def weight_gradient(self, x: Tensor, g: Tensor, problem: Problem) -> Tensor: ...


@dataclass(frozen=True)
class BackendInfo:
    """A backend and why it cannot run here; no reasons: it is usable."""

    name: str
    summary: str
    reasons: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether the backend runs on this machine at all."""
        return not self.reasons


AUTOMATIC = ("conv2d", "matmul", "fft")
"""The backends that the automatic choice looks at: those whose cost was measured."""
_BACKENDS: dict[str, Backend] = {
    "conv2d": conv2d,
    "matmul": matmul,
    "fft": fft,
    "triton": triton,
}
_NAMES = (*_BACKENDS, "reference")
_TRACED_BATCH = 8
"""Samples that a compiled graph's backend is chosen for."""
_in_thread = threading.local()
"""`backend` and `choices` of the blocks this thread is in. Read by getattr with a default, the one
form that torch.compile guards on in every supported torch."""


def check_backend(who: str, name: str | None) -> str | None:
    """Return the backend to use by name, None for the automatic choice.

    An explicit name goes before `use_backend`.

    Raises:
        UnknownName: no backend has this name.
    """
    name = name if name is not None else named_in_block()
    if name is not None and name not in _NAMES:
        raise UnknownName(
            f"{who}: unknown backend {name!r}{closest(name, _NAMES)}\n  known: {', '.join(_NAMES)}"
        )
    return name


def named_in_block() -> str | None:
    """The backend of the `use_backend` block that this thread is in, if any."""
    name: str | None = getattr(_in_thread, "backend", None)
    return name


def records_choices() -> bool:
    """Whether this thread is in a block of `record_choices`."""
    return getattr(_in_thread, "choices", None) is not None


def backend_for(problem: Problem, name: str | None) -> Backend:
    """The named backend, or the one with the least predicted time.

    Raises:
        BackendUnavailable: the named backend cannot run the problem; lists its reasons.
    """
    if name is None:
        # a traced size has no hash, so that the compiler sees the function without its cache
        compiling = torch.compiler.is_compiling()
        name = choose.__wrapped__(_for_any_batch(problem)) if compiling else choose(problem)
        record = getattr(_in_thread, "choices", None)
        if record is not None:
            record[problem.direction] = name
        return _BACKENDS[name]
    reasons = _BACKENDS[name].reasons(problem)
    if reasons:
        raise BackendUnavailable(
            f"backend {name!r} cannot run this correlation: {'; '.join(reasons)}\n"
            f"  problem : {problem}\n  cure    : leave `backend` out, or name another"
        )
    return _BACKENDS[name]


def _for_any_batch(problem: Problem) -> Problem:
    """The problem with `_TRACED_BATCH` samples, unless it has one.

    A graph that compared its batch with anything would hold for some batches only.
    """
    direction, batch, shared, channels, outputs, size, taps, window, dtype, device, exporting = (
        problem
    )
    if not is_symbolic(batch) and batch != 1:
        batch = _TRACED_BATCH
    return Problem(
        direction, batch, shared, channels, outputs, size, taps, window, dtype, device, exporting
    )  # `_replace` is beyond the compiler of torch 2.6


@functools.lru_cache(maxsize=4096)
def choose(problem: Problem) -> str:
    """Name of the fastest backend by the measured cost model; a pure function of the problem.

    Devices without a measured model, and graphs for any batch, run the first one that can: the
    classic formulation, or `matmul` in an ONNX file.
    """
    able = [name for name in AUTOMATIC if not _BACKENDS[name].reasons(problem)]
    if problem.device != "cpu" or is_symbolic(problem.batch):
        return able[0]
    seconds = [predicted_seconds(name, problem) for name in able]
    return able[seconds.index(min(seconds))]


def module_of(name: str) -> Backend:
    """The backend behind one of the names of `AUTOMATIC`."""
    return _BACKENDS[name]


def list_backends() -> list[BackendInfo]:
    """All backends, each with the reasons why it cannot run on this machine.

    Example:
        >>> [backend.name for backend in list_backends()]
        ['conv2d', 'matmul', 'fft', 'triton', 'reference']
    """
    modules = {**_BACKENDS, "reference": reference}
    here = {"triton": tuple(triton.machine_reasons())}
    return [
        BackendInfo(
            name, (module.__doc__ or "").splitlines()[0].partition(": ")[2], here.get(name, ())
        )
        for name, module in modules.items()
    ]


@contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Run every correlation inside the block on one backend, unless a call names its own.

    Args:
        name: one of `list_backends()`.

    Raises:
        UnknownName: no backend has this name.

    Example:
        >>> with use_backend("fft"):
        ...     tuple(xcorr(torch.ones(1, 2, 9, 9), torch.ones(1, 2, 3, 3)).shape)
        (1, 1, 7, 7)
    """
    with _set_in_thread("backend", check_backend("use_backend", name)):
        yield


@contextmanager
def record_choices() -> Iterator[dict[str, str]]:
    """Collect the automatic choices made inside the block: direction to backend, the last ones.

    Example:
        >>> with record_choices() as choices:
        ...     _ = xcorr(torch.ones(8, 256, 22, 22), torch.ones(8, 256, 6, 6))
        >>> choices
        {'forward': 'matmul'}
    """
    choices: dict[str, str] = {}
    with _set_in_thread("choices", choices):
        yield choices


@contextmanager
def _set_in_thread(name: str, value: object) -> Iterator[None]:
    before = getattr(_in_thread, name, None)
    setattr(_in_thread, name, value)
    try:
        yield
    finally:
        setattr(_in_thread, name, before)
