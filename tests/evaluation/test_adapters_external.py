"""External programs: small scripts that read the exchange folder as a stranger's tracker would."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from evaluation_scenes import PixelSequence, wait_until, write_set

from siamcorr.errors import InvalidArgument, TrackerError
from siamcorr.evaluation.adapters.external import ExternalTracker
from siamcorr.evaluation.following import follow
from siamcorr.evaluation.protocols import run_vot_reset

READ = """
import sys
images = [line.strip() for line in open("images.txt")]
x, y, w, h = map(float, open("region.txt").read().split(","))
def write(rows):
    open("output.txt", "w").writelines(row + "\\n" for row in rows)
"""
WALK = READ + "write(f'{x + 2 * t} {y + t}\\t{w},{h}' for t in range(len(images)))"


@pytest.fixture
def program(tmp_path):
    """Write a script; returns the command that runs it."""

    def make(source, *arguments):
        script = tmp_path / "tracker.py"
        script.write_text(source)
        return [sys.executable, str(script), *arguments]

    return make


@pytest.fixture
def walk(tmp_path):
    return write_set(tmp_path / "set", {"walk": 6})["walk"]


def test_a_program_that_walks_with_the_target(program, walk) -> None:
    trajectory = follow(ExternalTracker(program(WALK)), walk).trajectory
    np.testing.assert_array_equal(trajectory.boxes_xywh, walk.boxes_xywh[:, 0])
    assert trajectory.seconds is None
    assert trajectory.scores is None


def test_convention_files_count_from_zero_unless_origin_is_one(program, walk, tmp_path) -> None:
    note = tmp_path / "region.copy"
    source = WALK + f"\nopen({str(note)!r}, 'w').write(open('region.txt').read())"
    zero = follow(ExternalTracker(program(source)), walk).trajectory
    assert note.read_text() == "10,8,12,9\n"
    one = follow(ExternalTracker(program(source), origin=1), walk).trajectory
    assert note.read_text() == "11,9,12,9\n"
    np.testing.assert_array_equal(zero.boxes_xywh, one.boxes_xywh)


def test_it_gets_the_files_of_the_frames_from_the_start_on(program, walk, tmp_path) -> None:
    note = tmp_path / "images.copy"
    source = WALK + f"\nopen({str(note)!r}, 'w').write('\\n'.join(images))"
    follow(ExternalTracker(program(source)), walk, start=2, stop=5)
    assert [Path(line) for line in note.read_text().splitlines()] == list(walk.frame_files[2:5])


def test_frames_without_files_are_written_for_it(program) -> None:
    source = READ + (
        "import cv2\n"
        "write(f'{cv2.imread(i)[0, 0, 0]},1,{w},{h}' for i in images)  # the pixels say the frame"
    )
    sequence = PixelSequence([[0, 1, 5, 5]] * 4)
    trajectory = follow(ExternalTracker(program(source)), sequence, start=1).trajectory
    assert trajectory.boxes_xywh[1:, 0].tolist() == [2, 3]


def test_polygons_and_nan(program, walk) -> None:
    corners = READ + "write(['0,0,0,0,0,0,0,0'] + ['5,1,9,5,5,9,1,5'] * 4 + ['nan,' * 7 + 'nan'])"
    trajectory = follow(ExternalTracker(program(corners)), walk).trajectory
    assert trajectory.corners_xy is not None
    assert trajectory.lost is not None
    assert trajectory.boxes_xywh[1].tolist() == [1, 1, 8, 8]
    assert trajectory.corners_xy[1].tolist() == [[5, 1], [9, 5], [5, 9], [1, 5]]
    assert trajectory.corners_xy[0].tolist() == [[10, 8], [22, 8], [22, 17], [10, 17]]  # as given
    assert trajectory.lost.tolist() == [False] * 5 + [True]
    assert np.isnan(trajectory.boxes_xywh[5]).all()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("print('no licence'); raise SystemExit(4)", r"ended with code 4\n    \| no licence"),
        ("pass", "left no output.txt; it printed nothing"),
        (READ + "print('hm'); write(['1,2,3,4'])", r"has 1 lines of 4 numbers for 6 .*\n    \| hm"),
        (READ + "write(['1,2,3,4,5,6'] * 6)", "has 6 lines of 6 numbers"),
        (READ + "write(['1,2,3,4', 'one'] * 3)", "output.txt, line 2: 'one' is no finite number"),
    ],
)
def test_what_goes_wrong_names_the_sequence_and_shows_the_last_lines(
    program, walk, source, sentence
) -> None:
    with pytest.raises(TrackerError, match=f"(?s)^sequence walk: .*{sentence}"):
        follow(ExternalTracker(program(source)), walk)


def test_a_program_that_takes_too_long_is_ended(program, walk) -> None:
    command = program("import time; print('thinking', flush=True); time.sleep(60)")
    tracker = ExternalTracker(command, timeout_s=0.5)
    began = time.monotonic()
    with pytest.raises(TrackerError, match=r"ended after 0.5 s.*\n    \| thinking"):
        follow(tracker, walk)
    assert time.monotonic() - began < 20


def test_stopping_ends_the_program_and_what_it_started(program, walk, tmp_path) -> None:
    alive = tmp_path / "alive"
    child = (
        "import time, pathlib\n"
        f"while True:\n pathlib.Path({str(alive)!r}).touch()\n time.sleep(.02)"
    )
    source = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"

    class StopAskedFor(BaseException):
        pass

    def heartbeat():
        if alive.exists():
            raise StopAskedFor

    with pytest.raises(StopAskedFor):
        follow(ExternalTracker(program(source)), walk, heartbeat=heartbeat)
    time.sleep(0.1)
    last = alive.stat().st_mtime_ns
    time.sleep(0.3)
    assert alive.stat().st_mtime_ns == last


def test_the_command_may_be_a_line_and_relative(program, walk, tmp_path, monkeypatch) -> None:
    program(WALK)
    monkeypatch.chdir(tmp_path)
    trajectory = follow(ExternalTracker(f"'{sys.executable}' tracker.py --fast"), walk).trajectory
    np.testing.assert_array_equal(trajectory.boxes_xywh, walk.boxes_xywh[:, 0])


def test_it_runs_under_the_vot_reset(program, walk) -> None:
    """The third frame of every run is wrong: starts at 0 and, five after frame 2, at 7."""
    longer = PixelSequence(np.tile([10.0, 8, 12, 9], (10, 1)))
    source = READ + (
        "rows = [f'{x},{y},{w},{h}'] * len(images)\n"
        "rows[2:3] = ['50,40,2,2'] * len(rows[2:3])\nwrite(rows)"
    )
    regions = run_vot_reset(ExternalTracker(program(source)), longer)
    codes = [region if isinstance(region, int) else "box" for region in regions]
    assert codes == [1, "box", 2, 0, 0, 0, 0, 1, "box", 2]


def test_nothing_is_left_in_the_temporary_folder(program, walk, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "exchange"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "exchange").mkdir()
    follow(ExternalTracker(program(WALK)), walk)
    wait_until(lambda: not list((tmp_path / "exchange").iterdir()), 5)


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("no-such-program --x", {}, "no program 'no-such-program' to run"),
        ("", {}, "no program '' to run"),
        ([sys.executable], {"timeout_s": 0}, "timeout_s is above 0"),
        ([sys.executable], {"origin": 2}, "origin is 0 or 1"),
    ],
)
def test_a_command_that_cannot_run_is_refused(command, options, sentence) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        ExternalTracker(command, **options)
