"""The runner: what is on disk after it, what is done again, what stops it."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluation_scenes import (
    BrokenTracker,
    DyingTracker,
    SlowTracker,
    UnbuildableTracker,
    wait_until,
    walking_boxes,
    write_set,
)
from fake_tracker import FakeTracker

from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.evaluation.runner import RunsFailed, evaluate_sequences, unfinished_units
from siamcorr.evaluation.runs import load_responses, load_run, load_runs, load_vot_runs, run_path
from siamcorr.evaluation.units import Unit, plan_units, share_of_rank
from siamcorr.evaluation.worker import shown_frames
from siamcorr.opencv import load_cv2

LENGTHS = {"long": 14, "short": 5, "middle": 9}


@pytest.fixture(scope="module")
def sequences(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("set"), LENGTHS, marked=("long",))


def files_of(out):
    """Every file below `out` with its content; runs as arrays, since zip files hold a time."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        if path.suffix == ".npz":
            with np.load(path) as file:
                arrays = {name: file[name].tolist() for name in file.files}
            found[str(path.relative_to(out))] = repr(arrays)  # in which NaN equals NaN
        elif not path.name.endswith(".time.json"):
            found[str(path.relative_to(out))] = path.read_bytes()
    return found


def test_every_run_is_on_disk_with_its_times_and_some_responses(sequences, tmp_path) -> None:
    assert evaluate_sequences(sequences, {"a": FakeTracker, "b": FakeTracker}, tmp_path)
    runs = load_runs(tmp_path, ["a", "b"], sequences.names)
    for label in ("a", "b"):
        for name, frames in LENGTHS.items():
            (run,) = runs[label][name]
            np.testing.assert_array_equal(run.boxes_xywh, walking_boxes(frames))
            assert run.seconds is not None
            assert len(run.seconds) == frames
            assert tuple(load_responses(tmp_path, label, name)) == shown_frames(frames)
    kept = json.loads((tmp_path / "runs" / "a" / "long" / "001.time.json").read_text())
    assert len(kept["seconds"]) == 14


def test_responses_keep_their_place_in_the_frame(sequences, tmp_path) -> None:
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    response = load_responses(tmp_path, "a", "short")[2]
    column, row = 8.0, 8.0  # the peak of the 17 x 17 map
    x, y = (response.crop_to_frame @ torch.tensor([column, row, 1.0], dtype=torch.float64)).tolist()
    assert (x, y) == (10 + 2 * 2 + 6, 8 + 2 + 4.5)  # the centre of the box in frame 2
    assert float(response.values[8, 8]) == 1.0
    assert response.kind == "windowed"


def test_what_is_finished_is_not_done_again(sequences, tmp_path) -> None:
    built = []

    def factory():
        built.append(1)
        return FakeTracker()

    evaluate_sequences(sequences, {"a": factory}, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    run_path(tmp_path, "a", "short", 1).unlink()
    told = []
    evaluate_sequences(
        sequences, {"a": factory}, tmp_path, progress=lambda *facts: told.append(facts)
    )
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    changed = {path.parent.name for path in after if after[path] != before[path]}
    assert changed == {"short"}
    assert told == [("", 23, 28), ("a on short", 28, 28)]
    built.clear()
    assert evaluate_sequences(sequences, {"a": factory}, tmp_path)
    assert built == []


def test_processes_change_nothing(sequences, tmp_path) -> None:
    trackers = {"a": FakeTracker, "b": FakeTracker}
    evaluate_sequences(sequences, trackers, tmp_path / "one")
    evaluate_sequences(sequences, trackers, tmp_path / "two", processes=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert len(files_of(tmp_path / "one")) == 2 * 3 * 2 + 1


def test_ranks_share_the_work_and_change_nothing(sequences, tmp_path) -> None:
    trackers = {"a": FakeTracker, "b": FakeTracker}
    evaluate_sequences(sequences, trackers, tmp_path / "one")
    out = tmp_path / "shared"
    done = []
    for rank in (2, 0, 1):  # in any order
        before = set(out.rglob("001.npz"))
        evaluate_sequences(sequences, trackers, out, rank=rank, world_size=3)
        done.append(len(set(out.rglob("001.npz")) - before))
    assert sum(done) == 6
    assert min(done) >= 1
    assert files_of(tmp_path / "one") == files_of(out)
    assert not unfinished_units(sequences, ["a", "b"], out, "ope")


def test_shares_are_a_partition_balanced_by_frames() -> None:
    rng = np.random.default_rng(0)
    units = [Unit("a", f"s{i}", 1, int(frames)) for i, frames in enumerate(rng.integers(9, 99, 40))]
    units.sort(key=lambda unit: -unit.frames)
    shares = [share_of_rank(units, rank, 4) for rank in range(4)]
    assert sorted(unit for share in shares for unit in share) == sorted(units)
    loads = [sum(unit.frames for unit in share) for share in shares]
    assert max(loads) - min(loads) <= max(unit.frames for unit in units)
    with pytest.raises(InvalidArgument, match="rank 4 is not in 0"):
        share_of_rank(units, 4, 4)


def test_units_of_tre_are_one_a_start(tmp_path) -> None:
    sequences = write_set(tmp_path / "set", {"seq": 39})
    units = plan_units(sequences, ["a"], "tre")
    assert [unit.run for unit in units] == list(range(1, 21))
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path / "out", protocol="tre")
    runs = load_runs(tmp_path / "out", ["a"], ["seq"])["a"]["seq"]
    assert [run.start for run in runs] == [k * 20 // 19 for k in range(19)] + [19]
    np.testing.assert_array_equal(runs[7].boxes_xywh, walking_boxes(39)[7:])


def test_vot_runs_come_back_as_codes_and_regions(sequences, tmp_path) -> None:
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path, protocol="vot")
    (run,) = load_vot_runs(tmp_path, ["a"], ["short"])["a"]["short"]
    assert run[0] == 1
    assert isinstance(run[0], int)
    np.testing.assert_array_equal(np.stack(run[1:]), walking_boxes(5)[1:])
    with pytest.raises(InvalidArgument, match="runs of another protocol"):
        load_runs(tmp_path, ["a"], ["short"])


# --- failures


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_tracker_that_raises_fails_alone(sequences, tmp_path, processes) -> None:
    trackers = {"good": FakeTracker, "bad": BrokenTracker}
    with pytest.raises(RunsFailed) as caught:
        evaluate_sequences(sequences, trackers, tmp_path, processes=processes)
    sentence = "tracker bad, sequence long, frame 10: ZeroDivisionError: lost the plot"
    assert caught.value.failures == (sentence,)
    assert str(caught.value).startswith("1 run failed; the others are kept, nothing is scored")
    left = unfinished_units(sequences, trackers, tmp_path, "ope")
    assert [(unit.label, unit.sequence) for unit in left] == [("bad", "long")]
    report = tmp_path / "runs" / "bad" / "long" / "001.error.txt"
    assert "evaluation_scenes.py" in report.read_text()

    with pytest.raises(RunsFailed):  # it is tried again, not taken for done
        evaluate_sequences(sequences, trackers, tmp_path)
    with pytest.raises(SourceError, match="holds no run of bad on long"):
        load_runs(tmp_path, ["bad"], ["long"])


def test_a_repaired_tracker_finishes_and_the_report_of_its_failure_goes(tmp_path) -> None:
    sequences = write_set(tmp_path / "set", {"seq": 12}, marked=("seq",))
    with pytest.raises(RunsFailed):
        evaluate_sequences(sequences, {"a": BrokenTracker}, tmp_path / "out")
    first = tmp_path / "set" / "seq"
    for path in first.iterdir():  # the frames no longer trouble it
        image = load_cv2().imread(str(path))
        image[:, :, 0] = 0
        load_cv2().imwrite(str(path), image)
    assert evaluate_sequences(sequences, {"a": BrokenTracker}, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.error.txt"))


@pytest.mark.slow
def test_a_process_that_dies_fails_alone_too(sequences, tmp_path) -> None:
    with pytest.raises(RunsFailed, match="tracker bad, sequence long: a process ended in the mid"):
        evaluate_sequences(sequences, {"bad": DyingTracker}, tmp_path, processes=2)
    try:  # whoever ran beside it may have gone with it: the second time there is room
        evaluate_sequences(sequences, {"bad": DyingTracker}, tmp_path, processes=2)
    except RunsFailed as error:
        assert len(error.failures) == 1  # noqa: PT017 - it may also be the other order
    assert {unit.sequence for unit in unfinished_units(sequences, ["bad"], tmp_path, "ope")} <= {
        "long",
        "middle",
    }


def test_a_missing_frame_is_not_blamed_on_the_tracker(tmp_path) -> None:
    sequences = write_set(tmp_path / "set", {"seq": 6, "whole": 6})
    (tmp_path / "set" / "seq" / "0004.png").unlink()
    with pytest.raises(RunsFailed, match=r"sequence seq: SourceError: .*0004.png: cannot be read"):
        evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path / "out")
    assert load_runs(tmp_path / "out", ["a"], ["whole"])


def test_a_tracker_that_cannot_be_built_says_so_once(sequences, tmp_path) -> None:
    with pytest.raises(ValueError, match="no such weights") as caught:
        evaluate_sequences(sequences, {"a": UnbuildableTracker}, tmp_path)
    assert caught.value.__notes__ == ["  while tracker 'a' was built"]


# --- stopping


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stop_keeps_what_is_finished_and_leaves_no_half(tmp_path, processes) -> None:
    sequences = write_set(tmp_path / "set", {"first": 60, "second": 59, "third": 58})
    out = tmp_path / "out"
    ended = []
    finished = evaluate_sequences(
        sequences,
        {"a": SlowTracker},
        out,
        processes=processes,
        progress=lambda name, done, total: ended.append(name),
        stop_requested=lambda: len(ended) > 1,
    )
    assert finished is False
    on_disk = {path.parent.name for path in out.rglob("001.npz")}
    assert on_disk >= {name.removeprefix("a on ") for name in ended if name}
    for name in on_disk:  # one may have ended after the question
        assert len(load_runs(out, ["a"], [name])["a"][name][0]) == len(sequences[name])
    assert 1 <= len(on_disk) < 3
    assert not [path for path in out.rglob("*") if "partial" in path.name]
    assert evaluate_sequences(sequences, {"a": SlowTracker}, out)
    assert len(list(out.rglob("001.npz"))) == 3


def test_leftovers_of_a_killed_process_are_cleared(sequences, tmp_path) -> None:
    folder = tmp_path / "runs" / "a" / "short"
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    (folder / "001.npz").unlink()
    (folder / ".001.0123456789ab.partial.npz").write_bytes(b"half")
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "001.npz",
        "001.responses.npz",
        "001.time.json",
    ]


@pytest.mark.slow
def test_killing_the_parent_ends_its_processes(tmp_path) -> None:
    import signal
    import subprocess
    import sys
    from pathlib import Path

    import siamcorr

    tests = Path(__file__).resolve().parents[1]
    source = (
        "from pathlib import Path\nfrom evaluation_scenes import SlowTracker, write_set\n"
        "from siamcorr.evaluation.runner import evaluate_sequences\n"
        "if __name__ == '__main__':\n"
        "    here = Path(__file__).parent\n"
        "    sets = write_set(here / 'set', {'one': 250, 'two': 250})\n"
        "    evaluate_sequences(sets, {'a': SlowTracker}, here / 'out', processes=2)\n"
    )
    script = tmp_path / "main.py"
    script.write_text(source)
    paths = os.pathsep.join([str(tests), str(Path(siamcorr.__file__).parents[1])])
    parent = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": paths}
    )
    wait_until(lambda: len(list((tmp_path / "out" / "runs").rglob("two"))) == 1)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    if not children.exists():
        parent.kill()
        pytest.skip("no /proc/PID/task/PID/children here to see the processes by")
    pids = [int(pid) for pid in children.read_text().split()]
    assert len(pids) >= 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids), 20)
    assert not list((tmp_path / "out").rglob("001.npz"))


# --- configuration


def test_trackers_and_sequences_may_be_added(sequences, tmp_path) -> None:
    part = SequenceSet("otb", sequences.sequences[:2])
    evaluate_sequences(part, {"a": FakeTracker}, tmp_path)
    evaluate_sequences(sequences, {"b": FakeTracker}, tmp_path)
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    assert sorted(record["trackers"]) == ["a", "b"]
    assert sorted(record["sequences"]) == sorted(LENGTHS)
    assert record["sequences"]["short"]["frames"] == 5
    assert record["trackers"]["a"] == {"factory": "fake_tracker.FakeTracker"}


def test_another_configuration_is_refused_with_what_differs(sequences, tmp_path) -> None:
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    moved = sequences["short"].boxes_xywh + 1
    other = replace(sequences["short"], boxes_xywh=moved)
    for wrong, sentence in (
        ({"protocol": "sre"}, "protocol is 'ope' there and 'sre' here"),
        ({"threads": 2}, "threads is 1 there and 2 here"),
        ({"sequence_set": SequenceSet("vot", sequences.sequences)}, "dataset is 'otb' there and"),
        ({"trackers": {"a": SlowTracker}}, "tracker 'a' is\n.*FakeTracker.*\n.*SlowTracker"),
        ({"sequence_set": SequenceSet("otb", (other,))}, "sequence 'short' is\n"),
    ):
        arguments = {"sequence_set": sequences, "trackers": {"a": FakeTracker}, "out": tmp_path}
        with pytest.raises(InvalidArgument, match=f"(?s)another configuration: {sentence}"):
            evaluate_sequences(**{**arguments, **wrong})
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_folder_of_unknown_runs_or_a_damaged_record_is_refused(sequences, tmp_path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(InvalidArgument, match="has runs but no run"):
        evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    for content in ("{", '{"schema": 99}', "[]", '{"schema": 1, "dataset": "otb"}'):
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(SourceError, match="run"):
            evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)


@pytest.mark.parametrize("label", ["../up", "a/b", "", " a", "a "])
def test_a_label_that_is_a_path_is_refused(sequences, tmp_path, label) -> None:
    with pytest.raises(InvalidArgument, match="cannot name a folder"):
        evaluate_sequences(sequences, {label: FakeTracker}, tmp_path)


def test_threads_are_given_back(sequences, tmp_path) -> None:
    cv2 = load_cv2()
    before = torch.get_num_threads(), cv2.getNumThreads()
    seen = []

    class Watching(FakeTracker):
        def init(self, frame, boxes_xywh):
            seen.append((torch.get_num_threads(), cv2.getNumThreads()))
            return super().init(frame, boxes_xywh)

    evaluate_sequences(sequences, {"a": Watching}, tmp_path, threads=2)
    assert set(seen) == {(2, 2)}
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before
    with pytest.raises(InvalidArgument, match="at least 1, got 0, 1"):
        evaluate_sequences(sequences, {"a": Watching}, tmp_path, processes=0)


def test_a_damaged_run_names_the_file_and_the_cure(sequences, tmp_path) -> None:
    evaluate_sequences(sequences, {"a": FakeTracker}, tmp_path)
    path = run_path(tmp_path, "a", "short", 1)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(SourceError, match=r"001.npz: cannot be read .*delete .* and evaluate ag"):
        load_run(path)
