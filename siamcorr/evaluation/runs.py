"""Runs on disk: one file for each run of a tracker on a sequence, whole or absent."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from siamcorr.data.files import atomic_path
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.evaluation.metrics.vot import Region, VotRun
from siamcorr.evaluation.results import FloatArray, Trajectory
from siamcorr.types import ResponseMap

__all__ = [
    "check_name",
    "load_responses",
    "load_run",
    "load_runs",
    "load_seconds",
    "load_vot_runs",
    "run_path",
    "save_responses",
    "save_run",
]

Arrays: TypeAlias = dict[str, Any]

_NAME = re.compile(r"\w[\w.+ -]*", re.ASCII)


def check_name(name: str, what: str) -> str:
    """Check that a label or the name of a sequence can be the name of a folder.

    Raises:
        InvalidArgument: it holds anything but letters, digits, `_ . + -` and blanks inside.
    """
    if not _NAME.fullmatch(name) or name != name.strip():
        raise InvalidArgument(
            f"{what} {name!r} cannot name a folder; use letters, digits, '_', '.', '+', '-'"
        )
    return name


def run_path(out: Path, label: str, sequence: str, run: int) -> Path:
    """`OUT/runs/LABEL/SEQUENCE/NNN.npz`; `run` counts from 1."""
    return out / "runs" / label / sequence / f"{run:03d}.npz"


def save_run(path: Path, run: Trajectory | VotRun) -> None:
    """Write a run; its seconds go to `NNN.time.json` beside it, first.

    The run is finished once `path` is there: everything else of it is written before.

    Args:
        path: from `run_path`; its folder is made.
        run: a trajectory, or the regions of a VOT run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(run, Trajectory):
        if run.seconds is not None:
            with atomic_path(_time_path(path)) as partial:
                partial.write_text(json.dumps({"seconds": run.seconds.tolist()}) + "\n")
        arrays = _trajectory_arrays(run)
    else:
        arrays = _vot_arrays(run)
    with atomic_path(path) as partial:
        np.savez(partial, **arrays)


def load_run(path: Path) -> Trajectory | VotRun:
    """Read a run.

    Raises:
        SourceError: the file is absent or damaged.
    """
    with _opened(path) as arrays:
        if "codes" in arrays:
            return _regions(arrays["codes"], arrays["regions"])
        return Trajectory(
            arrays["boxes_xywh"],
            arrays.get("scores"),
            arrays.get("lost"),
            arrays.get("corners_xy"),
            load_seconds(path),
            start=int(arrays["start"]),
        )


def load_runs(
    out: Path, labels: Iterable[str], sequence_names: Iterable[str]
) -> Mapping[str, Mapping[str, list[Trajectory]]]:
    """Read every trajectory of some trackers on some sequences.

    Args:
        out: folder of the evaluation.
        labels: of the trackers.
        sequence_names: of the sequences.

    Returns:
        label -> sequence -> its runs in order: one for `ope`, several for `tre` and `sre`.

    Raises:
        SourceError: a sequence has no run, or a file is damaged.
        InvalidArgument: these are VOT runs.
    """
    runs: dict[str, dict[str, list[Trajectory]]] = _load(out, labels, sequence_names, Trajectory)
    return runs


def load_vot_runs(
    out: Path, labels: Iterable[str], sequence_names: Iterable[str]
) -> Mapping[str, Mapping[str, list[VotRun]]]:
    """As `load_runs`, for the regions that the protocol `vot` leaves."""
    runs: dict[str, dict[str, list[VotRun]]] = _load(out, labels, sequence_names, list)
    return runs


def load_seconds(path: Path) -> FloatArray | None:
    """Seconds of every frame of a run, or None where they were not measured.

    Args:
        path: of the run, from `run_path`.

    Raises:
        SourceError: the file is damaged.
    """
    file = _time_path(path)
    if not file.exists():
        return None
    try:
        return np.array(json.loads(file.read_text())["seconds"], dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, path, error) from error


def save_responses(path: Path, responses: Mapping[int, ResponseMap]) -> None:
    """Write response maps of a run to `NNN.responses.npz`; nothing if there are none.

    Values are float16 where its range holds them, else float32.

    Args:
        path: of the run, from `run_path`; its folder is made.
        responses: by frame of the sequence.
    """
    if not responses:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: Arrays = {"frames": np.array(sorted(responses), dtype=np.int64)}
    for frame, response in responses.items():
        values = response.values.float().numpy()
        fits = bool(np.abs(values).max() <= np.finfo(np.float16).max)
        arrays[f"values_{frame}"] = values.astype(np.float16) if fits else values
        arrays[f"crop_to_frame_{frame}"] = response.crop_to_frame.double().numpy()
        arrays[f"kind_{frame}"] = np.array(response.kind)
    with atomic_path(_responses_path(path)) as partial:
        np.savez_compressed(partial, **arrays)


def load_responses(out: Path, label: str, sequence: str, run: int = 1) -> Mapping[int, ResponseMap]:
    """Read the response maps that were kept of a run.

    Args:
        out: folder of the evaluation.
        label: of the tracker.
        sequence: its name.
        run: counts from 1.

    Returns:
        frame of the sequence -> map, ascending; empty where the tracker gives none.

    Raises:
        SourceError: the file is damaged.
    """
    path = _responses_path(run_path(out, label, sequence, run))
    if not path.exists():
        return {}
    with _opened(path) as arrays:
        return {
            frame: ResponseMap(
                torch.from_numpy(arrays[f"values_{frame}"]).float(),
                torch.from_numpy(arrays[f"crop_to_frame_{frame}"]),
                arrays[f"kind_{frame}"].item(),
            )
            for frame in arrays["frames"].tolist()
        }


def _load(out: Path, labels: Iterable[str], sequence_names: Iterable[str], kind: type) -> Any:
    names = tuple(sequence_names)
    return {
        label: {name: _runs_of_sequence(out, label, name, kind) for name in names}
        for label in labels
    }


def _runs_of_sequence(out: Path, label: str, sequence: str, kind: type) -> list[Any]:
    folder = run_path(out, label, sequence, 1).parent
    paths = sorted(path for path in folder.glob("*.npz") if path.stem.isdecimal())
    if not paths:
        raise SourceError(f"{folder}: holds no run of {label} on {sequence}; evaluate it first")
    runs = [load_run(path) for path in paths]
    if not all(isinstance(run, kind) for run in runs):
        raise InvalidArgument(f"{folder}: holds runs of another protocol than was asked for")
    return runs


def _trajectory_arrays(run: Trajectory) -> Arrays:
    arrays: Arrays = {"boxes_xywh": run.boxes_xywh, "start": np.int64(run.start)}
    optional = {"scores": run.scores, "lost": run.lost, "corners_xy": run.corners_xy}
    return arrays | {name: value for name, value in optional.items() if value is not None}


def _vot_arrays(run: VotRun) -> Arrays:
    """Codes (T,), -1 where there is a region, and regions (T, K) filled up with NaN."""
    sizes = [np.size(region) for region in run]
    regions = np.full((len(run), max(4, *sizes)), np.nan)
    for row, region, size in zip(regions, run, sizes, strict=True):
        if size > 1:
            row[:size] = region
    known = zip(run, sizes, strict=True)
    codes = [-1 if size > 1 else int(np.asarray(region).item()) for region, size in known]
    return {"codes": np.array(codes, dtype=np.int8), "regions": regions}


def _regions(codes: Any, regions: FloatArray) -> list[Region]:
    return [
        int(code) if code >= 0 else row[~np.isnan(row)]
        for code, row in zip(codes, regions, strict=True)
    ]


@contextmanager
def _opened(path: Path) -> Iterator[Arrays]:
    """Arrays of an npz file; whatever is wrong with it names the file and the cure."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        yield arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, path, error) from error


def _damaged(file: Path, run: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{file}: cannot be read as part of a run ({type(error).__name__}: {error}); "
        f"delete {run} and evaluate again"
    )


def _time_path(path: Path) -> Path:
    return path.with_suffix(".time.json")


def _responses_path(path: Path) -> Path:
    return path.with_suffix(".responses.npz")
