"""External programs as trackers, through the folder exchange of the VOT challenge."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from pathlib import Path
from typing import IO

import numpy as np

from siamcorr.data.sequences.box_files import read_boxes
from siamcorr.errors import InvalidArgument, SiamcorrError, TrackerError
from siamcorr.evaluation.following import Heartbeat, Step
from siamcorr.evaluation.results import FloatArray
from siamcorr.opencv import load_cv2
from siamcorr.types import Sequence

__all__ = ["ExternalTracker"]

_POLL_SECONDS = 0.05
_SHOWN_LINES = 10


class ExternalTracker:
    """A program that reads `images.txt` and `region.txt` and writes `output.txt`.

    For every run the program is started in an empty folder that holds

    - `images.txt`: the path of an image a line, in order;
    - `region.txt`: the start box on the first of them, `x,y,w,h`;

    and it leaves `output.txt` there: a line an image, the first included, with `x,y,w,h`, with
    the four corners `x1,y1,...,x4,y4`, or with NaN where it has nothing.

    Args:
        command: a command line or its words. A word that is the path of an existing file is made
            absolute, because the program runs in the exchange folder.
        timeout_s: seconds that one run may take.
        origin: the coordinate of the first pixel in these files: 0, as siamcorr counts, or 1.

    Convention:
        Corners become `corners_xy` and the box around them. No time is measured, as it would
        include the start of the program and the reading of images.

    Raises:
        InvalidArgument: no such program, or an argument out of range.
    """

    def __init__(
        self, command: str | SequenceOf[str], *, timeout_s: float = 3600.0, origin: int = 0
    ) -> None:
        words = shlex.split(command) if isinstance(command, str) else list(command)
        if not words or shutil.which(words[0]) is None:
            raise InvalidArgument(
                f"ExternalTracker: no program {words[0] if words else ''!r} to run; "
                f"the command is {command!r}"
            )
        if not timeout_s > 0 or origin not in (0, 1):
            raise InvalidArgument(
                "ExternalTracker: timeout_s is above 0 and origin is 0 or 1, "
                f"got {timeout_s} and {origin}"
            )
        program = str(Path(str(shutil.which(words[0]))).absolute())
        self._command = [program, *(_absolute(word) for word in words[1:])]
        self._timeout_s, self._origin = timeout_s, origin

    def follow_sequence(
        self,
        sequence: Sequence,
        box_xywh: FloatArray,
        *,
        start: int,
        stop: int,
        heartbeat: Heartbeat,
    ) -> Iterator[Step]:
        """Run the program on frames start ... stop - 1.

        Raises:
            TrackerError: it failed, took too long, or left no such output; names the sequence and
                shows the last lines that the program printed.
        """
        with tempfile.TemporaryDirectory(prefix="siamcorr-exchange-") as name:
            folder = Path(name)
            images = _image_files(sequence, start, stop, folder)
            (folder / "images.txt").write_text("".join(f"{path}\n" for path in images))
            region = box_xywh + np.array([self._origin, self._origin, 0, 0])
            (folder / "region.txt").write_text(",".join(f"{x:.10g}" for x in region) + "\n")
            self._run(folder, sequence.name, heartbeat)
            rows = self._output(folder, sequence.name, len(images))
        yield Step(start, box_xywh)
        for frame, row in enumerate(rows[1:], start=start + 1):
            yield _step(frame, row, self._origin)

    def _run(self, folder: Path, sequence: str, heartbeat: Heartbeat) -> None:
        log = folder / "siamcorr-log.txt"
        with log.open("wb") as stream:
            process = _start(self._command, folder, stream, sequence)
            try:
                code = self._wait(process, heartbeat)
            finally:
                _end(process)
        if code is None:
            raise TrackerError(
                f"sequence {sequence}: the program was ended after {self._timeout_s:g} s; give it "
                f"more with timeout{_last_lines(log)}"
            )
        if code != 0:
            raise TrackerError(
                f"sequence {sequence}: the program ended with code {code}{_last_lines(log)}"
            )

    def _wait(self, process: subprocess.Popen[bytes], heartbeat: Heartbeat) -> int | None:
        """Exit code, or None when the time is up."""
        until = time.monotonic() + self._timeout_s
        while time.monotonic() < until:
            heartbeat()
            try:
                return process.wait(timeout=_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        return None

    def _output(self, folder: Path, sequence: str, count: int) -> FloatArray:
        """(count, 4 or 8) numbers of `output.txt`."""
        file, log = folder / "output.txt", folder / "siamcorr-log.txt"
        if not file.exists():
            raise TrackerError(
                f"sequence {sequence}: the program left no output.txt{_last_lines(log)}"
            )
        try:
            rows = read_boxes(file)
        except SiamcorrError as error:
            raise TrackerError(f"sequence {sequence}: {error}{_last_lines(log)}") from error
        if len(rows) != count or rows.shape[1] not in (4, 8):
            raise TrackerError(
                f"sequence {sequence}: output.txt has {len(rows)} lines of {rows.shape[1]} "
                f"numbers for {count} images; expected a line of 4 or 8 an image{_last_lines(log)}"
            )
        return rows


def _step(frame: int, row: FloatArray, origin: int) -> Step:
    if len(row) == 4:
        box = row - np.array([origin, origin, 0, 0])
        return Step(frame, box, lost=bool(np.isnan(box).any()))
    corners = row.reshape(4, 2) - origin
    low, high = corners.min(0), corners.max(0)
    lost = bool(np.isnan(corners).any())
    return Step(frame, np.concatenate((low, high - low)), math.nan, lost, corners)


def _image_files(sequence: Sequence, start: int, stop: int, folder: Path) -> list[Path]:
    """Files of the frames; of a sequence without files they are written into the folder."""
    files: SequenceOf[Path] | None = getattr(sequence, "frame_files", None)
    if files is not None:
        return [path.absolute() for path in files[start:stop]]
    cv2 = load_cv2()
    written = []
    for index, image in enumerate(sequence):
        if start <= index < stop:
            written.append(folder / f"{index:08d}.png")
            cv2.imwrite(str(written[-1]), image[:, :, ::-1])
    return written


def _absolute(word: str) -> str:
    return str(Path(word).absolute()) if Path(word).is_file() else word


def _start(
    command: list[str], folder: Path, stream: IO[bytes], sequence: str
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # ctrl-C is for us; we end it
        )
    except OSError as error:
        raise TrackerError(f"sequence {sequence}: {command[0]} does not start: {error}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that still runs, with everything that it started."""
    if process.poll() is not None:
        return
    _signal_group(process)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:  # Windows has no process groups of this kind
        process.kill()


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
    return "".join(f"\n    | {line}" for line in lines) or "; it printed nothing"
