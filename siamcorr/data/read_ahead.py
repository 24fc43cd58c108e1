"""An iterator that is run in a daemon thread, a bounded number of items ahead of its consumer."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["ReadAhead"]

T = TypeVar("T")


class _End:
    """Last thing in the queue: the items ended, by an error or by themselves."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class ReadAhead(Generic[T]):
    """Run an iterator ahead.

    An exception of the iterator reaches the consumer after all items before it.

    Args:
        items: what to run; used in the thread alone from here on.
        depth: number of items that may wait, at least 1.
        on_exit: called in the thread when it ends, however it ends.
    """

    def __init__(self, items: Iterator[T], depth: int, on_exit: Callable[[], None]) -> None:
        self._waiting: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(items, on_exit), name="siamcorr-read-ahead", daemon=True
        )
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._stop.is_set():
            raise StopIteration
        item = self._waiting.get()
        if not isinstance(item, _End):
            return item
        self._stop.set()
        if item.error is not None:
            raise item.error
        raise StopIteration

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop the thread and wait for it; one that hangs in a device is left to end by itself."""
        self._stop.set()
        # The thread looks at the event between two items, so it puts at most one more, and an
        # empty queue has room for it: draining once cannot leave it blocked.
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self._thread.join(timeout_s)
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(_End())  # wakes a consumer that waits in another thread

    def _run(self, items: Iterator[T], on_exit: Callable[[], None]) -> None:
        end = _End()
        try:
            for item in items:
                if self._stop.is_set():
                    break
                self._waiting.put(item)
        except BaseException as error:  # whatever it is, the consumer raises it
            end = _End(error)
        finally:
            on_exit()
        if not self._stop.is_set():
            self._waiting.put(end)
