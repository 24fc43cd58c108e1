"""Formats with a box a line: OTB toolbox, GOT-10k toolkit and server, TrackingNet server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.files import atomic_path
from siamcorr.data.result_files.formats import FORMATS
from siamcorr.data.result_files.numbers import as_boxes, format_row
from siamcorr.data.result_files.places import check_run, existing_file, place
from siamcorr.data.result_files.regions import Region
from siamcorr.data.result_files.times import read_times, write_times
from siamcorr.data.sequences.box_files import read_xywh
from siamcorr.data.sequences.one_based import to_one_based
from siamcorr.errors import InvalidArgument

__all__ = ["BoxFormat"]


@dataclass(frozen=True)
class BoxFormat:
    """One text file a run, `x,y,w,h` a line, comma separated.

    Attributes:
        name: registered name.
        boxes_file: path of the boxes below the folder; `{}` is the sequence, `{run}` the run.
        times_file: path of the times below the folder.
        one_based: whether the files count pixels from 1.
        several_runs: whether a sequence may have more than one run.

    Convention:
        Numbers have as many digits as they need to be read back equal, which is more than the
        three decimals that the toolkits print themselves. NaN stands where the tracker gave no
        box.

    Source:
        The folders that the got-10k toolkit writes and sends to its server, and its OTB
        experiments, which keep times apart; the development kit of TrackingNet, whose server
        takes the box files of all sequences in one archive, without the folder `times`.
    """

    name: str
    boxes_file: str
    times_file: str
    one_based: bool = False
    several_runs: bool = False

    def write(
        self,
        folder: str | os.PathLike[str],
        sequence_name: str,
        boxes_xywh: npt.ArrayLike | None,
        *,
        run: int = 1,
        seconds: npt.ArrayLike | None = None,
        regions: Sequence[Region] | None = None,
    ) -> Path:
        """Write one run; see `ResultFormat.write`.

        Raises:
            InvalidArgument: boxes or seconds of a wrong shape, a name that is a path, a second run
                where the format has no place for it, or `regions`, which only `vot` holds.
        """
        who = f"{self.name} results of {sequence_name!r}"
        if regions is not None:
            raise InvalidArgument(f"{who}: regions belong to the format 'vot'; give boxes_xywh")
        boxes = as_boxes(boxes_xywh, who)
        path = self._place(folder, sequence_name, self.boxes_file, run)
        path.parent.mkdir(parents=True, exist_ok=True)
        if seconds is not None:
            times = self._place(folder, sequence_name, self.times_file, run)
            times.parent.mkdir(parents=True, exist_ok=True)
            write_times(times, seconds, run, len(boxes), who)
        text = "".join(self._line(box, who) for box in boxes.tolist())
        with atomic_path(path) as temporary:
            temporary.write_text(text)
        return path

    def read(
        self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1
    ) -> npt.NDArray[np.float64]:
        """Read the boxes of one run, ours or other people's.

        Returns:
            (T, 4) float64, 0-based; NaN where the file says so.

        Raises:
            SourceError: there is no such file.
            InvalidArgument: the file is malformed or holds no boxes of 4 numbers; names the line.
        """
        who = f"{self.name} results of {sequence_name!r}"
        path = existing_file(self._place(folder, sequence_name, self.boxes_file, run), who)
        return read_xywh(path, one_based=self.one_based)

    def read_seconds(
        self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1
    ) -> npt.NDArray[np.float64]:
        """Read the (T,) times of one run; raises as `read` does."""
        who = f"{self.name} times of {sequence_name!r}"
        path = self._place(folder, sequence_name, self.times_file, run)
        return read_times(existing_file(path, who), run)

    def _line(self, box: list[float], who: str) -> str:
        if not self.one_based:
            return format_row(box, who)
        x, y, w, h = box
        return f"{to_one_based(x)},{to_one_based(y)},{format_row((w, h), who)}"

    def _place(
        self, folder: str | os.PathLike[str], sequence_name: str, relative: str, run: int
    ) -> Path:
        check_run(run, f"{self.name} results of {sequence_name!r}", several=self.several_runs)
        numbered = relative.replace("{run}", f"{run:03d}")
        return place(folder, sequence_name, numbered, f"{self.name} results")


FORMATS.register("otb")(BoxFormat("otb", "{}.txt", "times/{}_time.txt", one_based=True))
FORMATS.register("got10k")(
    BoxFormat("got10k", "{}/{}_{run}.txt", "{}/{}_time.txt", several_runs=True)
)
FORMATS.register("trackingnet")(BoxFormat("trackingnet", "{}.txt", "times/{}_time.txt"))
