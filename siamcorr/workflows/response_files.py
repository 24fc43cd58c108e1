"""Response maps as a folder of npz chunks, so that a long video needs little memory.

Each `responses/<first frame index>.npz` holds R rows, one per target and frame: `frame_index` (R,),
`id` (R,), `kind` (R,) text, `crop_to_frame` (R, 2, 3) float64, `shape` (R, 2) the rows and columns
of each map, `values` (R, H, W) float32; a map smaller than the largest of its chunk stands in the
upper left corner and is padded with NaN.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from siamcorr.types import ResponseMap, TrackResult

__all__ = ["ResponseChunks", "remove_chunks"]

_CHUNK_FRAMES = 50
_CHUNK_BYTES = 64 * 2**20


class ResponseChunks:
    """Writes one npz for every 50 frames, or sooner at 64 MiB of maps."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._partial = folder, folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir()
        self._rows: list[tuple[int, int, ResponseMap]] = []

    def write(self, result: TrackResult) -> None:
        """Append one frame; a frame without responses, such as the first, adds nothing."""
        if result.responses is None:
            return
        for target_id, response in zip(result.ids.tolist(), result.responses, strict=True):
            self._rows.append((result.frame_index, target_id, response))
        frames = len({row[0] for row in self._rows})
        size = sum(row[2].values.numel() * 4 for row in self._rows)
        if frames >= _CHUNK_FRAMES or size >= _CHUNK_BYTES:
            self._flush()

    def close(self, ending: Mapping[str, Any]) -> None:
        """Write what is left and give the folder its name."""
        self._flush()
        self._folder.mkdir(exist_ok=True)
        remove_chunks(self._folder)
        for chunk in self._partial.glob("*.npz"):
            chunk.replace(self._folder / chunk.name)
        self._partial.rmdir()

    def _flush(self) -> None:
        if not self._rows:
            return
        maps = [row[2] for row in self._rows]
        shapes = np.array([response.values.shape for response in maps])
        values = np.full((len(maps), *shapes.max(0)), np.nan, np.float32)
        for i, response in enumerate(maps):
            values[i, : shapes[i, 0], : shapes[i, 1]] = response.values
        np.savez(
            self._partial / f"{self._rows[0][0]:06d}.npz",
            frame_index=np.array([row[0] for row in self._rows]),
            id=np.array([row[1] for row in self._rows]),
            kind=np.array([response.kind for response in maps]),
            crop_to_frame=np.stack([response.crop_to_frame.numpy() for response in maps]),
            shape=shapes,
            values=values,
        )
        self._rows.clear()


def remove_chunks(folder: Path) -> None:
    """Delete the chunks of an earlier run, and nothing else."""
    for chunk in folder.glob("[0-9]*.npz"):
        chunk.unlink()
