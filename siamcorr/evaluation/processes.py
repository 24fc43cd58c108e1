"""Units over spawned processes: one that dies takes its run with it, not the evaluation."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.evaluation.units import Unit
from siamcorr.evaluation.worker import Worker, run_unit, start_worker

__all__ = ["run_in_processes"]

_POLL_SECONDS = 0.2


def run_in_processes(
    worker: Worker,
    units: Iterable[Unit],
    sequences: SequenceSet,
    processes: int,
    *,
    ended: Callable[[Unit, str | None], None],
    stop_requested: Callable[[], bool],
) -> bool:
    """Run units in spawned processes, in order as processes become free.

    Args:
        worker: copied into each process; picklable.
        units: what to do.
        sequences: those of the units.
        processes: at most so many at a time.
        ended: called with each unit as it ends, and why it failed or None.
        stop_requested: asked several times a second.

    Returns:
        True when every unit has ended, False if it was asked to stop.
    """
    queue = deque(units)
    while queue:  # once, and once more after every process that died
        with _pool(worker, min(processes, len(queue))) as pool:
            batch = _Batch(pool, queue, sequences, processes)
            try:
                for unit, failure in batch.outcomes():
                    if unit is not None:
                        ended(unit, failure)
                    if stop_requested():
                        return False
            except BrokenProcessPool:
                for unit in batch.running.values():
                    ended(unit, _died(unit))
    return True


@dataclass
class _Batch:
    """The units of one pool; no more are handed out than run, so that a crash blames few."""

    pool: ProcessPoolExecutor
    queue: deque[Unit]
    sequences: SequenceSet
    processes: int
    running: dict[Future[str | None], Unit] = field(default_factory=dict)

    def outcomes(self) -> Iterator[tuple[Unit | None, str | None]]:
        """Units as they end; (None, None) at every moment in which none did."""
        while self.queue or self.running:
            while self.queue and len(self.running) < self.processes:
                unit = self.queue[0]
                with _deaf_to_interrupts():
                    future = self.pool.submit(run_unit, unit, self.sequences[unit.sequence])
                self.running[future] = self.queue.popleft()
            done, _ = wait(self.running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                failure = _outcome(future, self.running[future])
                yield self.running.pop(future), failure
            if not done:
                yield None, None


@contextmanager
def _pool(worker: Worker, processes: int) -> Iterator[ProcessPoolExecutor]:
    """Spawned processes; leaving the block stops the runs at hand and waits for them."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        processes, context, initializer=start_worker, initargs=(worker, stop)
    )
    try:
        yield pool
    except KeyboardInterrupt:  # nobody waits for a run that hangs
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here ignore ctrl-C, which a terminal sends to all; the parent hears it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _outcome(future: Future[str | None], unit: Unit) -> str | None:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # the unit could not be sent or answered
        return f"tracker {unit.label}, sequence {unit.sequence}: {type(error).__name__}: {error}"


def _died(unit: Unit) -> str:
    return (
        f"tracker {unit.label}, sequence {unit.sequence}: a process ended in the middle of this "
        "run or of one beside it: memory ran out, or a library crashed; run again to tell"
    )
