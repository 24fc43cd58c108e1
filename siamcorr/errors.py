"""Every deliberate error of siamcorr; each is also the built-in that a caller would catch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BackendUnavailable",
    "CheckpointError",
    "ConfigError",
    "ExportError",
    "InvalidArgument",
    "MissingDependency",
    "ShapeError",
    "SiamcorrError",
    "SourceError",
    "TrackerError",
    "TrainingError",
    "UnknownName",
    "closest",
]


class SiamcorrError(Exception):
    """Base of all errors that siamcorr raises on purpose."""


class InvalidArgument(SiamcorrError, ValueError):  # noqa: N818 - reads better at the raise
    """An argument has a value, a type or a dtype that cannot be used."""


class ShapeError(InvalidArgument):
    """Tensor shapes do not fit together."""


class BackendUnavailable(SiamcorrError, RuntimeError):  # noqa: N818
    """A backend was named that cannot run these inputs; the message lists every reason."""


class UnknownName(SiamcorrError, KeyError):  # noqa: N818
    """A name is not registered; the message lists the closest ones."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class SourceError(SiamcorrError, OSError):
    """A video, an image or another input file cannot be read; names the file and the frame."""


class TrackerError(SiamcorrError, RuntimeError):
    """A tracker failed on a sequence; names the tracker, the sequence and the frame."""


class TrainingError(SiamcorrError, RuntimeError):
    """Training cannot go on; names the step and every part of the loss."""


class ExportError(SiamcorrError, RuntimeError):
    """A network cannot be written as graphs, or they answer otherwise; says which and why."""


class MissingDependency(SiamcorrError, ImportError):  # noqa: N818
    """A library is absent or does not load; the message names what to install."""


class ConfigError(SiamcorrError, ValueError):
    """A config file is malformed; names the file, the dotted key and the closest valid one."""


class CheckpointError(SiamcorrError, ValueError):
    """A weights file does not fit the model; lists missing, unexpected and mis-shaped keys."""


def closest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x' or 'y'?` for a misspelt name, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(m) for m in matches)}?" if matches else ""
