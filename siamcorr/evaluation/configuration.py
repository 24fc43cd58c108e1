"""`run.json`: what the runs of a folder were made of, so that no two configurations mix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from siamcorr.data.files import atomic_path
from siamcorr.data.sequences.sequence_set import SequenceSet
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["Configuration", "join_configuration", "record_of", "sequence_records"]

_FILE = "run.json"
_SCHEMA = 1


@dataclass(frozen=True)
class Configuration:
    """What decides the numbers of a folder of runs.

    Attributes:
        dataset: name of the data set.
        protocol: name of the protocol.
        threads: CPU threads of a process, which can change the last digits.
        sequences: name -> number of frames and a digest of the boxes.
        trackers: label -> what the tracker is.
    """

    dataset: str
    protocol: str
    threads: int
    sequences: Mapping[str, Mapping[str, Any]]
    trackers: Mapping[str, Mapping[str, Any]]


def join_configuration(out: Path, wanted: Configuration) -> None:
    """Check a folder against what shall be run into it, and remember what is new.

    Trackers and sequences may be added; what is known already must be the same.

    Args:
        out: folder of the evaluation; made if it is absent.
        wanted: of this call; several ranks may come with the same one at any time.

    Raises:
        InvalidArgument: the folder holds runs of another configuration; says what differs.
        SourceError: `run.json` is damaged.
    """
    has_runs = (out / "runs").exists()  # looked for first: a rank writes the record, then runs
    known = _read(out)
    if known is None:
        if has_runs:
            raise InvalidArgument(
                f"{out}: has runs but no {_FILE} that says what they are of; give another folder"
            )
        known = replace(wanted, sequences={}, trackers={})
    _compare(out, known, wanted)
    joined = replace(
        wanted,
        sequences={**known.sequences, **wanted.sequences},
        trackers={**known.trackers, **wanted.trackers},
    )
    out.mkdir(parents=True, exist_ok=True)
    record = {"schema": _SCHEMA, **asdict(joined)}
    with atomic_path(out / _FILE) as partial:
        partial.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def sequence_records(sequences: SequenceSet) -> dict[str, dict[str, Any]]:
    """Frames and a digest of the boxes of every sequence."""
    return {
        sequence.name: {
            "frames": len(sequence),
            "boxes_sha256": _digest(np.ascontiguousarray(sequence.boxes_xywh).tobytes()),
        }
        for sequence in sequences
    }


def record_of(factory: Any) -> dict[str, Any]:
    """What a tracker's factory says of itself by `record()`, else the name of the callable."""
    describe = getattr(factory, "record", None)
    if describe is not None:
        record: dict[str, Any] = describe()
        return record
    named = factory if hasattr(factory, "__qualname__") else type(factory)
    return {"factory": f"{named.__module__}.{named.__qualname__}"}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _read(out: Path) -> Configuration | None:
    file = out / _FILE
    if not file.exists():
        return None
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        schema = record.pop("schema")
        if schema == _SCHEMA:
            return Configuration(**record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{file}: cannot be read: {error}; give another folder") from error
    raise SourceError(f"{file}: is of schema {schema}, not {_SCHEMA}; give another folder")


def _compare(out: Path, known: Configuration, wanted: Configuration) -> None:
    for key in ("dataset", "protocol", "threads"):
        there, here = getattr(known, key), getattr(wanted, key)
        if there != here:
            raise InvalidArgument(
                f"{out}: holds runs of another configuration: {key} is {there!r} there and "
                f"{here!r} here; give another folder"
            )
    for kind, cure in (("sequence", ""), ("tracker", "another label, or ")):
        there, here = getattr(known, f"{kind}s"), getattr(wanted, f"{kind}s")
        for name in here:
            if name in there and there[name] != here[name]:
                raise InvalidArgument(
                    f"{out}: holds runs of another configuration: {kind} {name!r} is\n"
                    f"  there : {json.dumps(there[name], sort_keys=True)}\n"
                    f"  here  : {json.dumps(here[name], sort_keys=True)}\n"
                    f"  give {cure}another folder"
                )
