"""The thread that decodes ahead: order, bound, errors, and that it always ends."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from siamcorr.data.read_ahead import ReadAhead


class Recorder:
    """Counts what was pulled and whether the end was announced."""

    def __init__(self) -> None:
        self.pulled = 0
        self.exits = 0

    def items(self, count=None, error=None):
        for number in itertools.count() if count is None else range(count):
            self.pulled += 1
            yield number
        if error is not None:
            raise error

    def on_exit(self) -> None:
        self.exits += 1


def wait_until(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def threads():
    return [t for t in threading.enumerate() if t.name == "siamcorr-read-ahead"]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert wait_until(lambda: not threads())


@pytest.mark.parametrize("depth", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_order_is_kept(depth, count):
    recorder = Recorder()
    assert list(ReadAhead(recorder.items(count), depth, recorder.on_exit)) == list(range(count))
    assert recorder.exits == 1


@pytest.mark.parametrize("depth", [1, 3])
def test_it_runs_ahead_by_the_depth_and_no_further(depth):
    recorder = Recorder()
    ahead = ReadAhead(recorder.items(), depth, recorder.on_exit)
    assert next(ahead) == 0
    assert wait_until(lambda: recorder.pulled == 1 + depth + 1)  # taken, waiting, in hand
    time.sleep(0.05)
    assert recorder.pulled == 1 + depth + 1
    ahead.close()
    assert recorder.exits == 1


def test_an_error_comes_after_the_items_before_it():
    recorder = Recorder()
    ahead = ReadAhead(recorder.items(5, OSError("cut")), 2, recorder.on_exit)
    assert [next(ahead) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(OSError, match="cut"):
        next(ahead)
    assert recorder.exits == 1
    with pytest.raises(StopIteration):
        next(ahead)


@pytest.mark.parametrize("depth", [1, 2, 8])
@pytest.mark.parametrize("taken", [0, 1, 3])
def test_close_frees_a_thread_that_waits_for_room(depth, taken):
    recorder = Recorder()
    ahead = ReadAhead(recorder.items(), depth, recorder.on_exit)
    assert list(itertools.islice(ahead, taken)) == list(range(taken))
    wait_until(lambda: recorder.pulled >= taken + depth + 1)
    began = time.monotonic()
    ahead.close()
    ahead.close()
    assert time.monotonic() - began < 1.0
    assert not threads()
    with pytest.raises(StopIteration):
        next(ahead)


def test_close_at_any_moment_ends_the_thread():
    for _ in range(300):
        recorder = Recorder()
        ReadAhead(recorder.items(), 1, recorder.on_exit).close()
        assert recorder.exits == 1


def test_close_wakes_a_consumer_in_another_thread():
    release = threading.Event()

    def slow():
        release.wait(10)
        yield 1

    ahead = ReadAhead(slow(), 1, lambda: None)
    taken = []
    consumer = threading.Thread(target=lambda: taken.extend(ahead))
    consumer.start()
    ahead.close(timeout_s=0.05)
    consumer.join(2)
    assert not consumer.is_alive()
    assert taken == []
    release.set()


def test_close_does_not_wait_for_a_device_that_hangs():
    release = threading.Event()
    recorder = Recorder()

    def hanging():
        release.wait(10)
        yield 1

    ahead = ReadAhead(hanging(), 1, recorder.on_exit)
    began = time.monotonic()
    ahead.close(timeout_s=0.1)
    assert time.monotonic() - began < 1.0
    assert recorder.exits == 0
    release.set()
    assert wait_until(lambda: recorder.exits == 1)
