"""Models as folders and on the Hugging Face Hub, by the mixin of huggingface_hub (extra `hub`)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Self

from siamcorr.errors import CheckpointError, MissingDependency
from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.record import WeightsRecord, read_record
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import WeightsPath, load_weights, save_safetensors

__all__ = ["from_pretrained", "push_to_hub", "save_pretrained"]

_WEIGHTS = "model.safetensors"


def save_pretrained(model: SiameseModel, folder: WeightsPath, *, record: WeightsRecord) -> None:
    """Write a folder with `model.safetensors`, `config.json` and a model card.

    Args:
        model: as its config builds it.
        folder: made where it is absent.
        record: config, licence and provenance; they stand in the weights file too.

    Raises:
        MissingDependency: huggingface_hub is not installed.
    """
    hub_model = _hub_class(record.licence)(model, record)
    hub_model.save_pretrained(Path(folder), config=record.config)


def push_to_hub(model: SiameseModel, repo_id: str, *, record: WeightsRecord, **options: Any) -> str:
    """Upload what `save_pretrained` writes.

    Args:
        model: as its config builds it.
        repo_id: such as `owner/name`.
        record: as in `save_pretrained`.
        options: of huggingface_hub's `push_to_hub`, such as `private` or `commit_message`.

    Returns:
        The address of the commit.

    Raises:
        MissingDependency: huggingface_hub is not installed.
    """
    hub_model = _hub_class(record.licence)(model, record)
    return str(hub_model.push_to_hub(repo_id, config=record.config, **options))


def from_pretrained(name: WeightsPath, **options: Any) -> tuple[SiameseModel, WeightsRecord]:
    """Read a folder, or download a model.

    Args:
        name: a folder that `save_pretrained` wrote, or `owner/name` on the Hub.
        options: of huggingface_hub's `from_pretrained`, such as `revision` or `token`.

    Returns:
        The model in evaluation mode and its record.

    Raises:
        MissingDependency: huggingface_hub is not installed.
        CheckpointError: no weights or no record there, or they do not fit.
    """
    hub_model = _hub_class().from_pretrained(name, **options)
    return hub_model.network, hub_model.record


def _hub_class(licence: str | None = None) -> Any:
    """The mixin on a pair of model and record; made here, as its library is not always there."""
    try:
        hub: Any = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise MissingDependency(
            "siamcorr.models.hub needs huggingface_hub: pip install 'siamcorr[hub]'"
        ) from error
    about = {"library_name": "siamcorr", "tags": ["object-tracking", "siamese"]}
    if licence is not None:
        about["license"] = licence.lower()

    class HubModel(hub.ModelHubMixin, **about):  # type: ignore[misc]
        def __init__(self, network: SiameseModel, record: WeightsRecord) -> None:
            self.network = network
            self.record = record

        def _save_pretrained(self, save_directory: Path) -> None:
            metadata = self.record.to_metadata()
            save_safetensors(self.network, save_directory / _WEIGHTS, metadata=metadata)

        @classmethod
        def _from_pretrained(cls, *, model_id: str, **download: Any) -> Self:
            path = Path(model_id) / _WEIGHTS
            if not path.parent.is_dir():
                path = Path(hub.hf_hub_download(model_id, _WEIGHTS, **download))
            return cls(*_load(path))

    return HubModel


def _load(path: Path) -> tuple[SiameseModel, WeightsRecord]:
    """A model by the config of its record."""
    record = read_record(path)
    if record is None or "model" not in record.config:
        raise CheckpointError(f"{path}: the file has no record of its config")
    model = build_model(ModelSettings.model_validate(record.config["model"]), pretrained=False)
    load_weights(model, path)
    return model.eval(), record
