"""The record inside a weights file: its config, its licence, where the weights come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from siamcorr.config import Settings
from siamcorr.errors import CheckpointError
from siamcorr.models.layouts import Layout
from siamcorr.models.weights import WeightsPath, read_metadata

__all__ = ["Provenance", "WeightsRecord", "read_record"]

_FIELDS = ("variant", "config", "licence", "provenance")


class Provenance(Settings):
    """Where weights come from.

    Attributes:
        project: the code base that trained them, such as `owner/name`.
        file: name of the file they were read from.
        sha256: of that file, in hexadecimal digits.
    """

    project: str
    file: str
    sha256: str


class WeightsRecord(Settings):
    """What is known of a set of weights, apart from the preprocessing, which the model records.

    Attributes:
        variant: name of the tracker's config, such as `nanotrack_v3`.
        config: the whole config, as in its YAML file; it holds the constants for these weights.
        licence: of the weights.
        provenance: None for weights that were trained here.
    """

    variant: str
    config: dict[str, Any]
    licence: str
    provenance: Provenance | None = None

    @classmethod
    def of_published(
        cls, path: WeightsPath, layout: Layout, *, variant: str, config: dict[str, Any]
    ) -> Self:
        """The record of a published file.

        Args:
            path: the file, which is read for its hash.
            layout: what `siamcorr.models.importers.find_layout` says of its keys.
            variant: name of the config.
            config: the config.
        """
        file = Path(path)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        source = Provenance(project=layout.project, file=file.name, sha256=digest)
        return cls(variant=variant, config=config, licence=layout.licence, provenance=source)

    def to_metadata(self) -> dict[str, str]:
        """Strings for `save_safetensors(metadata=...)`; what is no string becomes JSON."""
        content = self.model_dump(mode="json")
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in content.items()
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Read strings as `to_metadata` writes them; further ones are left aside.

        Raises:
            CheckpointError: a field is absent or malformed.
        """
        try:
            content: dict[str, Any] = {name: metadata[name] for name in _FIELDS}
            for name in ("config", "provenance"):
                content[name] = json.loads(content[name])
            return cls.model_validate(content)
        except KeyError as error:
            raise CheckpointError(f"WeightsRecord: the record has no {error}") from error
        except (json.JSONDecodeError, ValidationError) as error:
            raise CheckpointError(f"WeightsRecord: malformed record: {error}") from error


def read_record(path: WeightsPath) -> WeightsRecord | None:
    """The record of a `.safetensors` file; None where the file has none.

    Raises:
        CheckpointError: the file cannot be read, or its record is malformed; names the file.
    """
    metadata = read_metadata(path)
    if not any(name in metadata for name in ("variant", "licence", "provenance")):
        return None
    try:
        return WeightsRecord.from_metadata(metadata)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
