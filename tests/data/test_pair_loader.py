"""pair_batches: order, ranks, resumption, workers, errors, and what it leaves alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest
import torch
from pair_videos import noise_video

from siamcorr.data.pairs import (
    AugmentationSettings,
    PairBatch,
    PairShape,
    VideoPairs,
    WeightedSet,
    loader,
    pair_batches,
    pair_order,
    steps_per_epoch,
)
from siamcorr.errors import InvalidArgument, SourceError


class Numbered:
    """A source whose pixels are the pair's number and whose boxes hold the epoch."""

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return self.pairs

    def batch(self, epoch: int, indices: Sequence[int], device: torch.device) -> PairBatch:
        numbers = torch.tensor(indices)
        images = numbers.float().view(-1, 1, 1, 1).expand(-1, 3, 4, 4).clone()
        boxes = torch.full((len(indices), 4), float(epoch))
        return PairBatch(images, images, boxes, boxes, numbers >= 0, numbers)


def numbers(source=None, **options) -> list[list[int]]:
    given = {"epoch": 0, "batch_size": 4, "seed": 5} | options
    return [b.seeds.tolist() for b in pair_batches(source or Numbered(43), **given)]


def frames(tmp_path, **options) -> VideoPairs:
    videos = [noise_video(tmp_path, name) for name in "abc"]
    shape = PairShape(template_size=31, search_size=63)
    augmentation = AugmentationSettings.siamrpn()
    given = {"pairs": 24, "seed": 0, "negative_share": 0.2, "augmentation": augmentation}
    return VideoPairs([WeightedSet("s", videos)], shape, **given | options)


def assert_equal(first: list[PairBatch], second: list[PairBatch]) -> None:
    assert len(first) == len(second) > 0
    for a, b in zip(first, second, strict=True):
        for x, y in zip(a, b, strict=True):
            assert (x is None and y is None) or torch.equal(x, y)


def test_an_epoch_is_a_shuffle_and_drops_the_incomplete_step():
    batches = numbers()
    assert [len(batch) for batch in batches] == [4] * 10
    drawn = [n for batch in batches for n in batch]
    assert len(set(drawn)) == 40
    assert set(drawn) < set(range(43))
    assert drawn != sorted(drawn)
    assert drawn == pair_order(43, 5, 0)[:40].tolist()
    assert numbers() == batches
    assert numbers(epoch=1) != batches
    assert numbers(seed=6) != batches
    assert sorted(pair_order(43, 5, 1).tolist()) == list(range(43))


@pytest.mark.parametrize(("world_size", "batch_size"), [(2, 4), (4, 2), (8, 1), (3, 5)])
def test_convention_ranks_together_see_what_one_process_sees(world_size, batch_size):
    ranks = [
        numbers(world_size=world_size, rank=r, batch_size=batch_size) for r in range(world_size)
    ]
    alone = numbers(batch_size=world_size * batch_size)
    together = [[n for batch in step for n in batch] for step in zip(*ranks, strict=True)]
    assert together == alone
    everything = [n for rank in ranks for batch in rank for n in batch]
    assert len(set(everything)) == len(everything) == len(alone) * world_size * batch_size


@pytest.mark.parametrize("start", [0, 1, 7, 10])
def test_convention_starting_at_a_step_gives_the_rest_of_the_epoch(start):
    assert numbers(start_step=start) == numbers()[start:]
    one = numbers(start_step=min(start, 5), world_size=2, rank=1)
    assert one == numbers(world_size=2, rank=1)[min(start, 5) :]


def test_steps_per_epoch_counts_what_comes():
    assert steps_per_epoch(Numbered(43), 4) == len(numbers()) == 10
    assert steps_per_epoch(Numbered(43), 4, 2) == len(numbers(world_size=2)) == 5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch_size": 0}, "batch_size 0"),
        ({"workers": -1}, "workers -1"),
        ({"rank": 1}, "rank 1"),
        ({"world_size": 0}, "world_size 0"),
        ({"batch_size": 44}, "43 pairs an epoch are less than one step of 1 x 44"),
        ({"start_step": 11}, r"start_step in 0 \.\.\. 10, got 0 and 11"),
        ({"epoch": -1}, "epoch must be >= 0"),
        ({"device": "cuda", "workers": 1}, "Numbered renders on cuda itself; use workers=0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_once(options, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        pair_batches(Numbered(43), **{"epoch": 0, "batch_size": 4, "seed": 0} | options)


def test_workers_give_what_the_process_itself_gives(tmp_path):
    source = frames(tmp_path)
    options = {"epoch": 2, "batch_size": 4, "seed": 1}
    alone = list(pair_batches(source, **options))
    assert_equal(list(pair_batches(source, workers=2, **options)), alone)
    assert_equal(list(pair_batches(source, workers=1, start_step=4, **options)), alone[4:])


def test_workers_draw_nothing_from_the_global_random_state():
    before = torch.get_rng_state()
    assert numbers(workers=1) == numbers()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_workers_error_arrives_in_its_own_words(tmp_path):
    source = frames(tmp_path)
    (tmp_path / "b" / "0002.png").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        list(pair_batches(source, epoch=0, batch_size=12, seed=0, workers=1))
    text = str(caught.value)
    assert text.startswith("VideoPairs: set 's', video 'b', frame 2: ")
    assert text.endswith("0002.png: is empty (0 bytes)")


def test_leaving_early_ends_the_workers():
    batches = pair_batches(Numbered(43), epoch=0, batch_size=2, seed=0, workers=2)
    next(batches)
    assert len(multiprocessing.active_children()) == 2
    batches.close()
    assert not multiprocessing.active_children()


_INTERRUPTED = """
import os, signal, time, torch
from siamcorr.data.pairs import PairBatch, pair_batches

class Slow:
    def __len__(self):
        return 1000
    def batch(self, epoch, indices, device):
        time.sleep(0.02)
        x = torch.zeros(len(indices), 3, 2, 2)
        return PairBatch(x, x, x[:, 0, 0], x[:, 0, 0], x[:, 0, 0, 0] == 0, torch.tensor(indices))

try:
    for step, batch in enumerate(pair_batches(Slow(), epoch=0, batch_size=2, seed=0, workers=2)):
        if step == 3:
            print("ready", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_ctrl_c_reaches_the_loop_and_ends_everything_silently():
    """Ctrl-C goes to the whole group, workers included."""
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (out, error, process.returncode) == ("interrupted\n", "", 0)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_workers_are_silent_about_a_main_process_that_hung_up_and_about_nothing_else(capsys):
    for error in (ConnectionResetError("reset"), BrokenPipeError(), EOFError()):
        loader._report_unless_hung_up(type(error), error, None)
    assert capsys.readouterr().err == ""
    loader._report_unless_hung_up(ValueError, ValueError("other"), None)
    assert "ValueError: other" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_finishes_what_workers_cut(tmp_path):
    source = frames(tmp_path)
    options = {"epoch": 0, "batch_size": 8, "seed": 0}
    on_cpu = list(pair_batches(source, **options))
    for workers in (0, 2):
        batches = list(pair_batches(source, workers=workers, device="cuda", **options))
        for ours, cpu in zip(batches, on_cpu, strict=True):
            assert ours.search.is_cuda
            torch.testing.assert_close(ours.search.cpu(), cpu.search, atol=0.05, rtol=0)
