"""The log of a run: a line of JSON for every report, which a resumed run goes on with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from siamcorr.data.files import atomic_path
from siamcorr.errors import SourceError

__all__ = ["TrainLog", "read_log"]


class TrainLog:
    """Appends lines to `log.jsonl`; each is on disk when `write` returns.

    Args:
        path: of the file.
        steps_done: of the checkpoint that the run goes on from; later lines are dropped, as those
            steps are done again. 0 starts an empty log.
    """

    def __init__(self, path: Path, *, steps_done: int = 0) -> None:
        self.path = path
        kept = [line for line in read_log(path) if line["step"] <= steps_done] if steps_done else []
        with atomic_path(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one line; it has a key `step`."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Lines of a log; one that was cut off while it was written is left out.

    Raises:
        SourceError: no such file, or a line in the middle is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error
    try:
        return [json.loads(line) for line in lines[:-1]]  # what follows the last newline is cut off
    except json.JSONDecodeError as error:
        raise SourceError(f"{path}: a line is damaged: {error}") from error
