"""The VOT toolkit's text results: `baseline/NAME/NAME_001.txt` with codes, boxes and polygons."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siamcorr.data.files import atomic_path
from siamcorr.data.result_files.formats import FORMATS
from siamcorr.data.result_files.places import check_run, existing_file, place
from siamcorr.data.result_files.regions import Region, format_regions, read_regions
from siamcorr.data.result_files.times import read_times, write_times
from siamcorr.errors import InvalidArgument

__all__ = ["VotFormat"]


@dataclass(frozen=True)
class VotFormat:
    """One text file a run below `EXPERIMENT/NAME/`; `NAME_time.txt` has a column a run.

    Attributes:
        name: registered name.
        experiment: name of the toolkit's experiment, the folder above the sequences: `baseline`
            is the supervised one, which restarts a tracker after a failure.

    Convention:
        Coordinates are 0-based as they stand. A code is a line of its own: 1 where the tracker was
        started, 2 at a failure, 0 for a frame that was skipped.
    """

    name: str
    experiment: str

    def write(
        self,
        folder: str | os.PathLike[str],
        sequence_name: str,
        boxes_xywh: npt.ArrayLike | None = None,
        *,
        run: int = 1,
        seconds: npt.ArrayLike | None = None,
        regions: Sequence[Region] | None = None,
    ) -> Path:
        """Write one run; see `ResultFormat.write`.

        Raises:
            InvalidArgument: no `regions`, or boxes besides them: boxes alone do not say where the
                tracker was restarted; a malformed region, seconds of a wrong shape, a name that
                is a path.
        """
        who = f"{self.name} results of {sequence_name!r}"
        if regions is None or boxes_xywh is not None:
            raise InvalidArgument(
                f"{who}: give regions, the codes and boxes of a supervised run, and no boxes_xywh"
            )
        text = format_regions(regions, who)
        path = self._place(folder, sequence_name, f"{{}}_{check_run(run, who, several=True):03d}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if seconds is not None:
            times = self._place(folder, sequence_name, "{}_time")
            write_times(times, seconds, run, len(regions), who)
        with atomic_path(path) as temporary:
            temporary.write_text(text)
        return path

    def read(
        self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1
    ) -> list[Region]:
        """Read one run, ours or other people's.

        Returns:
            T codes (int) and float64 arrays; `read_regions` says more.

        Raises:
            SourceError: there is no such file.
            InvalidArgument: the file is malformed; names file and line.
        """
        who = f"{self.name} results of {sequence_name!r}"
        stem = f"{{}}_{check_run(run, who, several=True):03d}"
        return read_regions(existing_file(self._place(folder, sequence_name, stem), who))

    def read_seconds(
        self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1
    ) -> npt.NDArray[np.float64]:
        """Read the (T,) times of one run; raises as `read` does."""
        who = f"{self.name} times of {sequence_name!r}"
        check_run(run, who, several=True)
        return read_times(existing_file(self._place(folder, sequence_name, "{}_time"), who), run)

    def _place(self, folder: str | os.PathLike[str], sequence_name: str, stem: str) -> Path:
        relative = f"{self.experiment}/{{}}/{stem}.txt"
        return place(folder, sequence_name, relative, f"{self.name} results")


FORMATS.register("vot")(VotFormat("vot", "baseline"))
