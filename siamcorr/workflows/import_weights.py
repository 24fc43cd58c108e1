"""Published checkpoints into files of siamcorr's own format, with all that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from siamcorr.data.files import check_target
from siamcorr.errors import CheckpointError, InvalidArgument
from siamcorr.models.factory import build_model
from siamcorr.models.importers import find_layout, infer_variant
from siamcorr.models.record import WeightsRecord
from siamcorr.models.weights import WeightsPath, load_weights, read_state_dict, save_safetensors
from siamcorr.tracking.factory import settings_of_config

__all__ = ["ImportedWeights", "import_weights"]


@dataclass(frozen=True)
class ImportedWeights:
    """What was imported.

    Attributes:
        path: the new file.
        record: what it says of itself: config, licence, provenance.
        tensors: number of tensors in it.
        parameters: number of trained numbers among them.
        left_out: keys of the published file that its network never uses.
    """

    path: Path
    record: WeightsRecord
    tensors: int
    parameters: int
    left_out: tuple[str, ...]


def import_weights(
    source: WeightsPath,
    out: WeightsPath,
    *,
    tracker: str | None = None,
    overwrite: bool = False,
) -> ImportedWeights:
    """Read a published checkpoint strictly and write it as one safetensors file.

    The file holds the tensors under the names of the models here, the config with the constants
    that belong to them, the preprocessing, the licence of the project that they come from, and name
    and SHA-256 of the published file. `siamcorr.load_tracker` needs nothing else.

    Args:
        source: `.pth`, `.pt` or `.safetensors` in a layout of `siamcorr.models.layouts`.
        out: file to write, ends in `.safetensors`.
        tracker: name of a config; None is the one that the keys tell. Some published configs share
            a network and differ in their constants, such as `siamrpn_r50_8gpu`.
        overwrite: replace an existing file.

    Returns:
        What was imported.

    Raises:
        CheckpointError: the file cannot be read, is in no published layout, or does not fit.
        InvalidArgument: `out` exists, is no such file, or lies in an absent folder.
        UnknownName: no such tracker.
    """
    target = _checked_target(out, overwrite)
    state = read_state_dict(source)
    variant = infer_variant(state) if tracker is None else tracker
    layout = find_layout(state)
    if layout is None:
        raise CheckpointError(
            f"{source}: its keys are in no published layout, so there is nothing to import; "
            f"load it with siamcorr.load_tracker({variant!r}, weights=...)"
        )
    settings = cast(Any, settings_of_config(variant))
    model = build_model(settings.model, pretrained=False)
    load_weights(model, source)
    record = WeightsRecord.of_published(
        source, layout, variant=variant, config=settings.model_dump(mode="json")
    )
    save_safetensors(model, target, metadata=record.to_metadata())
    return ImportedWeights(
        path=target,
        record=record,
        tensors=len(model.state_dict()),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        left_out=tuple(key for key in state if key in layout.unused),
    )


def _checked_target(out: WeightsPath, overwrite: bool) -> Path:
    target = check_target(out, "import_weights")
    if target.suffix != ".safetensors":
        raise InvalidArgument(f"import_weights: {str(target)!r} must end in .safetensors")
    if target.exists() and not overwrite:
        raise InvalidArgument(
            f"import_weights: {str(target)!r} exists; name another file or overwrite it"
        )
    return target
