"""Doing one run after another, here or in a spawned process: it is written, or says why not."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from siamcorr.data.files import atomic_path
from siamcorr.errors import TrackerError
from siamcorr.evaluation.following import Evaluable, Followed, Heartbeat
from siamcorr.evaluation.metrics.vot import VotRun
from siamcorr.evaluation.protocols import run_ope, run_sre, run_tre, run_vot_reset
from siamcorr.evaluation.runs import save_responses, save_run
from siamcorr.evaluation.units import Unit
from siamcorr.opencv import load_cv2
from siamcorr.types import Sequence

__all__ = ["Stopped", "Worker", "limited_threads", "run_unit", "shown_frames", "start_worker"]

Factories: TypeAlias = Mapping[str, Callable[[], Evaluable]]

_SHOWN = 12


class Stopped(BaseException):
    """Raised by a heartbeat to end a run that nobody waits for; passes every `except Exception`."""


@dataclass
class Worker:
    """Runs units with trackers that it builds once each.

    Attributes:
        out: folder of the evaluation.
        protocol: its name.
        trackers: label -> what builds the tracker; picklable where processes are spawned.
        threads: CPU threads of torch and OpenCV in this process.
        built: the trackers that were needed so far.
    """

    out: Path
    protocol: str
    trackers: Factories
    threads: int
    built: dict[str, Evaluable] = field(default_factory=dict)

    def build(self, label: str) -> Evaluable:
        """The tracker of a label, built on first use."""
        if label not in self.built:
            try:
                self.built[label] = self.trackers[label]()
            except Exception as error:
                error.add_note(f"  while tracker {label!r} was built")
                raise
        return self.built[label]

    def run(self, unit: Unit, sequence: Sequence, heartbeat: Heartbeat) -> str | None:
        """Do one unit and write it; None, or a sentence on why there is no run.

        The traceback of a failure goes to `NNN.error.txt` where the run would be.
        """
        path = unit.path(self.out)
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{path.stem}.*.partial*"):
            leftover.unlink(missing_ok=True)  # of a process that was killed while it wrote
        report = path.with_suffix(".error.txt")
        try:
            run = self._run(unit, sequence, heartbeat)
            if isinstance(run, Followed):
                save_responses(path, run.responses)
                save_run(path, run.trajectory)
            else:
                save_run(path, run)
        except Exception as error:
            self.built.pop(unit.label, None)  # whatever state it is in
            with atomic_path(report) as partial:
                partial.write_text(traceback.format_exc(), encoding="utf-8")
            return _sentence(unit, error)
        report.unlink(missing_ok=True)
        return None

    def _run(self, unit: Unit, sequence: Sequence, heartbeat: Heartbeat) -> Followed | VotRun:
        tracker = self.build(unit.label)
        if self.protocol == "vot":
            return run_vot_reset(tracker, sequence, heartbeat=heartbeat)
        if self.protocol == "tre":
            return run_tre(tracker, sequence, unit.run - 1, heartbeat=heartbeat)
        if self.protocol == "sre":
            return run_sre(tracker, sequence, unit.run - 1, heartbeat=heartbeat)
        shown = shown_frames(len(sequence))
        return run_ope(tracker, sequence, capture=shown, heartbeat=heartbeat)


def shown_frames(count: int) -> tuple[int, ...]:
    """Frames whose response maps are kept: at most 12, evenly spaced after the first, and the last.

    Example:
        >>> shown_frames(5), shown_frames(100)
        ((1, 2, 3, 4), (1, 10, 19, 28, 37, 46, 54, 63, 72, 81, 90, 99))
    """
    return tuple(np.unique(np.linspace(1, count - 1, _SHOWN).round().astype(int)).tolist())


@contextlib.contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Give torch and OpenCV this many CPU threads, and afterwards what they had before."""
    cv2 = load_cv2()
    before = torch.get_num_threads(), cv2.getNumThreads()
    _set_threads(threads, threads)
    try:
        yield
    finally:
        _set_threads(*before)


def _set_threads(of_torch: int, of_opencv: int) -> None:
    torch.set_num_threads(of_torch)
    load_cv2().setNumThreads(of_opencv)


def _sentence(unit: Unit, error: Exception) -> str:
    if isinstance(error, TrackerError):  # names the sequence and the frame
        run = f", run {unit.run}" if unit.run > 1 else ""
        return f"tracker {unit.label}{run}, {error}"
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return f"tracker {unit.label}, sequence {unit.sequence}: {type(error).__name__}: {error}{notes}"


# A spawned process has one worker, which cannot travel with every unit: trackers are expensive.
_worker: Worker | None = None
_stop: Event | None = None


def start_worker(worker: Worker, stop: Event) -> None:
    """First thing in a spawned process: keep the worker, and end with the parent process."""
    global _worker, _stop
    _worker, _stop = worker, stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _set_threads(worker.threads, worker.threads)


def run_unit(unit: Unit, sequence: Sequence) -> str | None:
    """`Worker.run` of a spawned process; a run that is asked to stop leaves nothing behind."""
    if _worker is None or _stop is None:
        raise RuntimeError("run_unit before start_worker")
    stop = _stop

    def heartbeat() -> None:
        if stop.is_set():
            raise Stopped

    try:
        return _worker.run(unit, sequence, heartbeat)
    except Stopped:
        return None


def _end_with_parent() -> None:
    """A killed parent leaves its processes behind, waiting for work for ever: end with it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
