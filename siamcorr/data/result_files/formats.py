"""The registry of result formats, and what each of them can do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from siamcorr.data.result_files.regions import Region
from siamcorr.registry import Registry

__all__ = ["FORMATS", "ResultFormat"]


class ResultFormat(Protocol):
    """Results of one tracker on many sequences, below one folder.

    A sequence may be run several times where the format has room for it (`got10k`, `vot`); run
    numbers start at 1.
    """

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
        """Write one run on one sequence; every file is whole or absent.

        Args:
            folder: folder of the tracker; made where it is missing.
            sequence_name: name of the sequence; no path.
            boxes_xywh: (T, 4), 0-based; NaN where the tracker gave none. None for `vot`.
            run: number of the run.
            seconds: (T,) time of every frame, or None to write no times.
            regions: codes and regions of a supervised run, for `vot` only.

        Returns:
            The file with the boxes.
        """
        ...

    def read(self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1) -> Any:
        """Read one run: boxes (T, 4), 0-based, or for `vot` a list of codes and regions."""
        ...

    def read_seconds(
        self, folder: str | os.PathLike[str], sequence_name: str, run: int = 1
    ) -> npt.NDArray[np.float64]:
        """Read the (T,) times of one run."""
        ...


FORMATS: Registry[ResultFormat] = Registry("result format")
