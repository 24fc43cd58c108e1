"""Annotation files as text or JSON: read whole, with an error that names the file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from siamcorr.errors import InvalidArgument, SiamcorrError, SourceError

__all__ = ["read_json", "read_text"]


def read_text(path: str | os.PathLike[str]) -> str:
    """The content of a UTF-8 file without its byte order mark; line ends stay.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: it is no text.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path}: is no text file in UTF-8: {error}") from error


def read_json(
    path: str | os.PathLike[str], *, of_object: Callable[[dict[str, Any]], Any] | None = None
) -> Any:
    """The content of a JSON file.

    Args:
        path: the file.
        of_object: what becomes of every object while the file is parsed, as in `json.loads`.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: it is no JSON.
    """
    try:
        return json.loads(Path(path).read_bytes(), object_hook=of_object)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    except SiamcorrError:  # of `of_object`
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{path}: is no JSON: {error}") from error
