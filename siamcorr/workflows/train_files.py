"""The folder of a training run: its files, what may be in it at the start, and who writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from siamcorr.data.files import atomic_path
from siamcorr.errors import ConfigError, InvalidArgument
from siamcorr.models.record import WeightsRecord
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import save_safetensors
from siamcorr.tracking.crop_settings import CropSettings
from siamcorr.training.settings import TrainSettings

__all__ = ["TrainFiles", "check_same_run"]

_FREE = {"workers", "checkpoint_every", "log_every", "max_steps", "tensorboard"}
"""Settings that may change when a run goes on: they do not change what it learns."""


class TrainFiles:
    """Paths in the folder of a run.

    Args:
        out: the folder.

    Attributes:
        checkpoint: the whole state, to go on from.
        best: weights of the highest validation score.
        last: weights of the last epoch.
        config: the settings with all defaults, as YAML.
        log: a line of JSON for every report.
        tensorboard: folder of events.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.checkpoint = out / "checkpoint.pt"
        self.best = out / "best.safetensors"
        self.last = out / "last.safetensors"
        self.config = out / "config.yaml"
        self.log = out / "log.jsonl"
        self.tensorboard = out / "tensorboard"

    def check(self, *, resume: bool) -> None:
        """Refuse to write into a run that was not asked for.

        Raises:
            InvalidArgument: the folder holds a run and shall not be gone on with, holds none and
                shall, or is a file.
        """
        if self.out.exists() and not self.out.is_dir():
            raise InvalidArgument(f"{self.out}: is a file; a run needs a folder")
        if resume and not self.checkpoint.is_file():
            raise InvalidArgument(
                f"{self.out}: no checkpoint.pt to go on from; leave out --resume to begin"
            )
        if not resume and any(path.exists() for path in (self.checkpoint, self.log)):
            raise InvalidArgument(
                f"{self.out}: holds a run already; go on with --resume, or name another folder "
                "with --out"
            )

    def prepare(self, settings: TrainSettings) -> None:
        """Make the folder, remove what a killed process left half-written, write the config."""
        self.out.mkdir(parents=True, exist_ok=True)
        for leftover in self.out.glob(".*.partial.*"):
            leftover.unlink()
        with atomic_path(self.config) as temporary:
            content = settings.model_dump(mode="json")
            temporary.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def save_weights(
        self, path: Path, model: SiameseModel, tracker: CropSettings, settings: TrainSettings
    ) -> None:
        """Write weights with all that `load_tracker` needs, and the settings of the run."""
        record = WeightsRecord(
            variant=Path(settings.tracker).stem,
            config=tracker.model_dump(mode="json"),
            licence=settings.licence,
        )
        training = json.dumps(settings.model_dump(mode="json"))
        save_safetensors(model, path, metadata=record.to_metadata() | {"training": training})


def check_same_run(stored: Mapping[str, Any], settings: TrainSettings) -> None:
    """Compare a checkpoint's settings with those that a run shall go on with.

    Raises:
        ConfigError: they differ in more than what may; lists the keys with both values.
    """
    now = _flat(settings.model_dump(mode="json"))
    before = _flat(stored)
    different = [
        f"{key}: {before.get(key)!r} became {now.get(key)!r}"
        for key in sorted(before.keys() | now.keys())
        if key.split(".")[0] not in _FREE and before.get(key) != now.get(key)
    ]
    if different:
        raise ConfigError(
            "a run goes on with its own settings; these are others:\n  " + "\n  ".join(different)
        )


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted key to value."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
